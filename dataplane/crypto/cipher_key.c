// Creates and destroys what crypto/cipher.c uses per packet: session keys and each worker's scratch
// memory.
#include "crypto/cipher.h"
#include "crypto/cipher_state.h"

#include <assert.h>
#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

// Whatever is not GCM is AES-CM with HMAC-SHA1 here.
static_assert(SRTP_PROFILE_COUNT == 2);

#define SHA1_BLOCK_LEN 64

enum label { // RFC 3711 4.3.1 and 4.3.2
	LABEL_RTP = 0,
	LABEL_RTCP = 3,
	// added to either:
	LABEL_CIPHER = 0,
	LABEL_AUTH = 1,
	LABEL_SALT = 2,
};

// NULL and errno: ENOMEM, or EIO if ipsec-mb fails its own tests on this machine.
static IMB_MGR *manager_create(void (*init)(IMB_MGR *))
{
	IMB_MGR *m = alloc_mb_mgr(0);
	if (m == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	if (init != NULL)
		init(m);
	else
		init_mb_mgr_auto(m, NULL);
	if (imb_get_errno(m) != 0 || (m->features & IMB_FEATURE_SELF_TEST_PASS) == 0) {
		free_mb_mgr(m);
		errno = EIO;
		return NULL;
	}
	return m;
}

// Expands keys in the form that the workers use. Its functions keep no state.
static IMB_MGR *expander;
static pthread_once_t expander_once = PTHREAD_ONCE_INIT;

static void expander_create(void)
{
	expander = manager_create(NULL);
}

// One direction's master key, for deriving keys from it.
struct derivation {
	uint8_t profile; // enum srtp_profile_id
	const struct srtp_master *master;
	EVP_CIPHER_CTX *ctx; // wipes the master key's schedule when it is freed
};

static struct derivation derivation_begin(uint8_t profile, const struct srtp_master *master)
{
	return (struct derivation){profile, master, EVP_CIPHER_CTX_new()};
}

static void derivation_end(struct derivation *d)
{
	EVP_CIPHER_CTX_free(d->ctx);
}

// RFC 3711 4.3.3, key derivation rate 0: AES-CM key stream under the master key. GCM's 12 bytes of
// salt are padded with zeros (RFC 7714 11).
static bool derive(const struct derivation *d, int label, uint8_t *out, size_t len)
{
	uint8_t block[16] = {0};
	int n;

	memcpy(block, d->master->salt, srtp_salt_len(d->profile));
	block[7] ^= (uint8_t)label;
	memset(out, 0, len);
	return EVP_EncryptInit_ex2(d->ctx, EVP_aes_128_ctr(), d->master->key, block, NULL) == 1 &&
	       EVP_EncryptUpdate(d->ctx, out, &n, out, (int)len) == 1;
}

static bool derive_salt(const struct derivation *d, int first, struct cipher_salt *s)
{
	s->profile = d->profile;
	return derive(d, first + LABEL_SALT, s->bytes, srtp_salt_len(d->profile));
}

// The state after the first block of an inner or outer hash (RFC 2104 4).
static void hmac_state(const uint8_t *key, size_t len, uint8_t pad, uint8_t *state)
{
	uint8_t block[SHA1_BLOCK_LEN];

	memset(block, pad, sizeof(block));
	for (size_t i = 0; i < len; i++)
		block[i] ^= key[i];
	expander->sha1_one_block(block, state);
	explicit_bzero(block, sizeof(block));
}

static bool cm_derive(const struct derivation *d, int first, struct cipher_cm *cm)
{
	uint8_t cipher[SRTP_KEY_LEN], auth[CIPHER_SHA1_LEN];
	alignas(16) uint8_t inverse[CIPHER_ROUND_KEYS]; // for decryption; ipsec-mb makes both

	bool ok = derive(d, first + LABEL_CIPHER, cipher, sizeof(cipher)) &&
	          derive(d, first + LABEL_AUTH, auth, sizeof(auth));
	if (ok) {
		expander->keyexp_128(cipher, cm->round_keys, inverse);
		hmac_state(auth, sizeof(auth), 0x36, cm->inner);
		hmac_state(auth, sizeof(auth), 0x5c, cm->outer);
	}
	explicit_bzero(cipher, sizeof(cipher));
	explicit_bzero(auth, sizeof(auth));
	explicit_bzero(inverse, sizeof(inverse));
	return ok;
}

static bool key_fill_cm(const struct derivation *d, struct cipher_key_cm *k)
{
	return derive_salt(d, LABEL_RTP, &k->head.salt) &&
	       derive_salt(d, LABEL_RTCP, &k->rtcp_salt) && cm_derive(d, LABEL_RTP, &k->rtp) &&
	       cm_derive(d, LABEL_RTCP, &k->rtcp);
}

static bool key_fill_gcm(const struct derivation *d, struct cipher_key_gcm *k)
{
	uint8_t cipher[SRTP_KEY_LEN];

	bool ok = derive_salt(d, LABEL_RTP, &k->head.salt) &&
	          derive_salt(d, LABEL_RTCP, &k->rtcp_salt) &&
	          derive(d, LABEL_RTCP + LABEL_CIPHER, k->rtcp_key, SRTP_KEY_LEN) &&
	          derive(d, LABEL_RTP + LABEL_CIPHER, cipher, sizeof(cipher));
	if (ok)
		expander->gcm128_pre(cipher, &k->rtp);
	explicit_bzero(cipher, sizeof(cipher));
	return ok;
}

static size_t key_size(uint8_t profile)
{
	return profile == SRTP_PROFILE_AEAD_AES_128_GCM ? sizeof(struct cipher_key_gcm)
	                                                : sizeof(struct cipher_key_cm);
}

static bool key_fill(const struct srtp_keys *keys, struct cipher_key *k)
{
	struct derivation d = derivation_begin(keys->profile, &keys->server);
	bool ok = d.ctx != NULL;

	if (ok && keys->profile == SRTP_PROFILE_AEAD_AES_128_GCM)
		ok = key_fill_gcm(&d, (struct cipher_key_gcm *)k);
	else if (ok)
		ok = key_fill_cm(&d, (struct cipher_key_cm *)k);
	derivation_end(&d);
	return ok;
}

// 0, or -1 and errno: EINVAL, EIO.
static int expander_ready(uint8_t profile)
{
	if (srtp_salt_len(profile) == 0) {
		errno = EINVAL;
		return -1;
	}
	pthread_once(&expander_once, expander_create);
	if (expander == NULL) {
		errno = EIO;
		return -1;
	}
	return 0;
}

struct cipher_key *cipher_key_create(const struct srtp_keys *keys)
{
	if (expander_ready(keys->profile) < 0)
		return NULL;
	size_t size = key_size(keys->profile);
	struct cipher_key *k = aligned_alloc(CIPHER_LINE, size);
	if (k == NULL)
		return NULL;

	memset(k, 0, size);
	k->salt.profile = keys->profile;
	if (!key_fill(keys, k)) {
		cipher_key_destroy(k);
		errno = EIO;
		return NULL;
	}
	return k;
}

void cipher_key_destroy(struct cipher_key *k)
{
	if (k == NULL)
		return;
	explicit_bzero(k, key_size(k->salt.profile));
	free(k);
}

static bool receiver_fill(const struct srtp_keys *keys, struct srtcp_receiver *r)
{
	struct derivation d = derivation_begin(keys->profile, &keys->client);
	bool ok = d.ctx != NULL && derive_salt(&d, LABEL_RTCP, &r->salt);

	if (ok && keys->profile == SRTP_PROFILE_AEAD_AES_128_GCM)
		ok = derive(&d, LABEL_RTCP + LABEL_CIPHER, r->gcm_key, SRTP_KEY_LEN);
	else if (ok)
		ok = cm_derive(&d, LABEL_RTCP, &r->cm);
	derivation_end(&d);
	return ok;
}

struct srtcp_receiver *srtcp_receiver_create(const struct srtp_keys *keys)
{
	if (expander_ready(keys->profile) < 0)
		return NULL;
	struct srtcp_receiver *r = calloc(1, sizeof(*r));
	if (r == NULL)
		return NULL;
	if (!receiver_fill(keys, r)) {
		srtcp_receiver_destroy(r);
		errno = EIO;
		return NULL;
	}
	return r;
}

void srtcp_receiver_destroy(struct srtcp_receiver *r)
{
	if (r == NULL)
		return;
	explicit_bzero(r, offsetof(struct srtcp_receiver, replay));
	free(r);
}

static void jobs_init(struct cipher *c)
{
	c->ctr_job = (IMB_JOB){
	        .cipher_mode = IMB_CIPHER_CNTR,
	        .cipher_direction = IMB_DIR_ENCRYPT,
	        .hash_alg = IMB_AUTH_NULL,
	        .key_len_in_bytes = SRTP_KEY_LEN,
	        .iv_len_in_bytes = 16,
	};
	for (int i = 0; i < CIPHER_BURST; i++) {
		c->hmac_jobs[i] = (IMB_JOB){
		        .cipher_mode = IMB_CIPHER_NULL,
		        .hash_alg = IMB_AUTH_HMAC_SHA_1,
		        .auth_tag_output = c->tags[i],
		        .auth_tag_output_len_in_bytes = sizeof(c->tags[i]),
		};
	}
}

struct cipher *cipher_create(void)
{
	size_t size = (sizeof(struct cipher) + CIPHER_LINE - 1) / CIPHER_LINE * CIPHER_LINE;
	struct cipher *c = aligned_alloc(CIPHER_LINE, size);
	if (c == NULL)
		return NULL;

	memset(c, 0, size);
	c->ctr = manager_create(NULL);
	c->hmac = manager_create(NULL);
	if (c->ctr == NULL || c->hmac == NULL)
		goto destroy;
	c->hmac_few = c->hmac;
	if (c->hmac->features & IMB_FEATURE_SHANI) {
		c->hmac_few = manager_create(init_mb_mgr_sse);
		if (c->hmac_few == NULL)
			goto destroy;
	}
	c->gcm_encrypt = c->ctr->gcm128_enc;
	c->gcm_decrypt = c->ctr->gcm128_dec;
	c->gcm_prepare = c->ctr->gcm128_pre;
	jobs_init(c);
	return c;

destroy:
	cipher_destroy(c);
	return NULL;
}

void cipher_destroy(struct cipher *c)
{
	if (c == NULL)
		return;
	int saved = errno; // set by the constructor that failed
	if (c->hmac_few != NULL && c->hmac_few != c->hmac)
		free_mb_mgr(c->hmac_few);
	if (c->hmac != NULL)
		free_mb_mgr(c->hmac);
	if (c->ctr != NULL)
		free_mb_mgr(c->ctr);
	explicit_bzero(c, sizeof(*c));
	free(c);
	errno = saved;
}

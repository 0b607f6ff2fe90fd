#include "floor.h"

#include "crypto/cipher.h"
#include "record.h"

#include <errno.h>
#include <intel-ipsec-mb.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS      60
#define SLOT        2048 // bytes of a transmit buffer
#define PAYLOAD_MAX 1200
#define BURST       64
#define PREFIX_LEN  6 // a VP8 descriptor with picture id and TL0PICIDX
#define TAG_LEN     16
#define HMAC_LEN    20

// ipsec-mb's own layout of keys, each on cache lines of its own.
struct raw_gcm {
	alignas(64) struct gcm_key_data key;
};

struct raw_cm {
	alignas(64) uint8_t round_keys[176];
	uint8_t inner[HMAC_LEN];
	uint8_t outer[HMAC_LEN];
};

// The data of all cases: 2000 viewers, each with keys and a buffer.
struct bench {
	uint8_t payload[PAYLOAD_MAX];
	uint8_t *out; // FLOOR_VIEWERS slots
	IMB_MGR *cipher_manager;
	IMB_MGR *hash_manager;
	struct raw_gcm *raw_gcm;
	struct raw_cm *raw_cm;
	IMB_JOB ctr[BURST];
	IMB_JOB hmac[BURST];
	uint8_t tags[BURST][HMAC_LEN];
	struct cipher *cipher;
	struct cipher_key *keys[2][FLOOR_VIEWERS]; // GCM, CM
	uint32_t roc; // each round has its own, so no index is repeated
};

static const uint8_t header[FLOOR_HEADER_LEN] = {0x90, 96, 0, 1, 0, 0,    0,
                                                 0,    1,  2, 3, 4, 0xbe, 0xde};

static void run_memcpy(struct bench *b, uint16_t len, int)
{
	for (size_t i = 0; i < FLOOR_VIEWERS; i++) {
		uint8_t *packet = b->out + i * SLOT;
		memcpy(packet, header, FLOOR_HEADER_LEN);
		memcpy(packet + FLOOR_HEADER_LEN, b->payload, len);
	}
}

static void run_raw_gcm(struct bench *b, uint16_t len, int)
{
	struct gcm_context_data context;
	uint8_t nonce[12] = {0};

	for (size_t i = 0; i < FLOOR_VIEWERS; i++) {
		uint8_t *packet = b->out + i * SLOT, *body = packet + FLOOR_HEADER_LEN;
		memcpy(packet, header, FLOOR_HEADER_LEN);
		memcpy(nonce, &b->roc, sizeof(b->roc));
		IMB_AES128_GCM_ENC(
		        b->cipher_manager, &b->raw_gcm[i].key, &context, body, b->payload, len,
		        nonce, packet, FLOOR_HEADER_LEN, body + len, TAG_LEN
		);
	}
}

static void run_raw_cm(struct bench *b, uint16_t len, int)
{
	uint8_t nonces[BURST][16] = {{0}};

	for (size_t first = 0; first < FLOOR_VIEWERS; first += BURST) {
		size_t n = FLOOR_VIEWERS - first < BURST ? FLOOR_VIEWERS - first : BURST;
		for (size_t i = 0; i < n; i++) {
			uint8_t *packet = b->out + (first + i) * SLOT;
			const struct raw_cm *k = &b->raw_cm[first + i];
			memcpy(packet, header, FLOOR_HEADER_LEN);
			memcpy(nonces[i], &b->roc, sizeof(b->roc));
			b->ctr[i].enc_keys = k->round_keys;
			b->ctr[i].iv = nonces[i];
			b->ctr[i].src = b->payload;
			b->ctr[i].dst = packet + FLOOR_HEADER_LEN;
			b->ctr[i].msg_len_to_cipher_in_bytes = len;
			b->hmac[i].src = packet;
			b->hmac[i].msg_len_to_hash_in_bytes = FLOOR_HEADER_LEN + len + 4u;
			b->hmac[i].u.HMAC._hashed_auth_key_xor_ipad = k->inner;
			b->hmac[i].u.HMAC._hashed_auth_key_xor_opad = k->outer;
		}
		IMB_SUBMIT_CIPHER_BURST_NOCHECK(
		        b->cipher_manager, b->ctr, (uint32_t)n, IMB_CIPHER_CNTR, IMB_DIR_ENCRYPT,
		        IMB_KEY_128_BYTES
		);
		IMB_SUBMIT_HASH_BURST_NOCHECK(
		        b->hash_manager, b->hmac, (uint32_t)n, IMB_AUTH_HMAC_SHA_1
		);
	}
}

// The profiles of b->keys.
static const uint8_t srtp_profiles[] = {
        SRTP_PROFILE_AEAD_AES_128_GCM, SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80};

// The same calls as in the data plane.
static void run_cipher(struct bench *b, uint16_t len, uint8_t prefix_len, unsigned profile)
{
	struct cipher_job jobs[BURST];

	for (size_t first = 0; first < FLOOR_VIEWERS; first += BURST) {
		size_t n = FLOOR_VIEWERS - first < BURST ? FLOOR_VIEWERS - first : BURST;
		for (size_t i = 0; i < n; i++) {
			uint8_t *packet = b->out + (first + i) * SLOT;
			cipher_key_prefetch(
			        b->keys[profile][first + i], srtp_profiles[profile],
			        FLOOR_HEADER_LEN + len
			);
			memcpy(packet, header, FLOOR_HEADER_LEN);
			memcpy(packet + FLOOR_HEADER_LEN, b->payload, prefix_len);
			jobs[i] = (struct cipher_job){
			        .key = b->keys[profile][first + i],
			        .packet = packet,
			        .payload = b->payload + prefix_len,
			        .roc = b->roc,
			        .payload_len = (uint16_t)(len - prefix_len),
			        .header_len = FLOOR_HEADER_LEN,
			        .prefix_len = prefix_len,
			};
		}
		cipher_protect_burst(b->cipher, jobs, (unsigned)n);
	}
}

static void run_cipher_plain(struct bench *b, uint16_t len, int profile)
{
	run_cipher(b, len, 0, (unsigned)profile);
}

static void run_cipher_prefix(struct bench *b, uint16_t len, int profile)
{
	run_cipher(b, len, PREFIX_LEN, (unsigned)profile);
}

// floor: index of the case that is the floor for the same payload; -1: none.
static const struct bench_case {
	const char *name;
	const char *profile;
	void (*run)(struct bench *, uint16_t len, int profile);
	int index; // into b->keys
	int floor;
} cases[] = {
        {"memcpy", NULL, run_memcpy, 0, -1},
        {"ipsec-mb GCM direct", "gcm", run_raw_gcm, 0, -1},
        {"ipsec-mb CTR and HMAC bursts", "cm", run_raw_cm, 1, -1},
        {"cipher_protect_burst", "gcm", run_cipher_plain, 0, 1},
        {"cipher_protect_burst", "cm", run_cipher_plain, 1, 2},
        {"cipher_protect_burst, prefix", "gcm", run_cipher_prefix, 0, 1},
        {"cipher_protect_burst, prefix", "cm", run_cipher_prefix, 1, 2},
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

static const uint16_t payloads[] = {1200, 100};
#define PAYLOADS (sizeof(payloads) / sizeof(payloads[0]))

static void fill(void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)bytes)[i] = (uint8_t)rand();
}

static int raw_keys_make(struct bench *b)
{
	alignas(16) uint8_t key[16], inverse[176];

	b->raw_gcm = aligned_alloc(64, FLOOR_VIEWERS * sizeof(b->raw_gcm[0]));
	b->raw_cm = aligned_alloc(64, FLOOR_VIEWERS * sizeof(b->raw_cm[0]));
	if (b->raw_gcm == NULL || b->raw_cm == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < FLOOR_VIEWERS; i++) {
		struct raw_cm *cm = &b->raw_cm[i];
		fill(key, sizeof(key));
		IMB_AES128_GCM_PRE(b->cipher_manager, key, &b->raw_gcm[i].key);
		IMB_AES_KEYEXP_128(b->cipher_manager, key, cm->round_keys, inverse);
		fill(cm->inner, sizeof(cm->inner));
		fill(cm->outer, sizeof(cm->outer));
	}
	return 0;
}

static int keys_make(struct bench *b)
{
	for (size_t p = 0; p < sizeof(srtp_profiles); p++) {
		for (size_t i = 0; i < FLOOR_VIEWERS; i++) {
			struct srtp_keys keys;
			fill(&keys, sizeof(keys));
			keys.profile = srtp_profiles[p];
			b->keys[p][i] = cipher_key_create(&keys);
			if (b->keys[p][i] == NULL)
				return -errno;
		}
	}
	b->cipher = cipher_create();
	return b->cipher != NULL ? 0 : -errno;
}

static void jobs_make(struct bench *b)
{
	for (size_t i = 0; i < BURST; i++) {
		b->ctr[i] = (IMB_JOB){
		        .cipher_mode = IMB_CIPHER_CNTR,
		        .cipher_direction = IMB_DIR_ENCRYPT,
		        .key_len_in_bytes = 16,
		        .iv_len_in_bytes = 16,
		        .hash_alg = IMB_AUTH_NULL,
		};
		b->hmac[i] = (IMB_JOB){
		        .cipher_mode = IMB_CIPHER_NULL,
		        .hash_alg = IMB_AUTH_HMAC_SHA_1,
		        .auth_tag_output = b->tags[i],
		        .auth_tag_output_len_in_bytes = HMAC_LEN,
		};
	}
}

static int bench_init(struct bench *b)
{
	int ret;

	b->out = aligned_alloc(64, (size_t)FLOOR_VIEWERS * SLOT);
	b->cipher_manager = alloc_mb_mgr(0);
	b->hash_manager = alloc_mb_mgr(0);
	if (b->out == NULL || b->cipher_manager == NULL || b->hash_manager == NULL)
		return -ENOMEM;
	memset(b->out, 0, (size_t)FLOOR_VIEWERS * SLOT);
	fill(b->payload, sizeof(b->payload));
	init_mb_mgr_auto(b->cipher_manager, NULL);
	init_mb_mgr_auto(b->hash_manager, NULL);
	jobs_make(b);
	ret = raw_keys_make(b);
	return ret < 0 ? ret : keys_make(b);
}

static void bench_fini(struct bench *b)
{
	cipher_destroy(b->cipher);
	for (size_t i = 0; i < 2 * FLOOR_VIEWERS; i++)
		cipher_key_destroy(b->keys[i / FLOOR_VIEWERS][i % FLOOR_VIEWERS]);
	free(b->raw_gcm);
	free(b->raw_cm);
	if (b->cipher_manager != NULL)
		free_mb_mgr(b->cipher_manager);
	if (b->hash_manager != NULL)
		free_mb_mgr(b->hash_manager);
	free(b->out);
}

// Every round runs every case, so that noise affects all of them alike.
static void measure(struct bench *b, struct series series[CASES][PAYLOADS])
{
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t c = 0; c < CASES; c++) {
			for (size_t p = 0; p < PAYLOADS; p++) {
				b->roc++;
				uint64_t start = thread_time_ns();
				cases[c].run(b, payloads[p], cases[c].index);
				double ns = (double)(thread_time_ns() - start);
				if (round > 0) // the first warms up
					series_add(&series[c][p], ns / FLOOR_VIEWERS);
			}
		}
	}
}

int floor_crypto(FILE *json)
{
	static struct bench b;
	static struct series series[CASES][PAYLOADS];
	int ret = bench_init(&b);

	if (ret == 0)
		measure(&b, series);
	for (size_t p = 0; p < PAYLOADS && ret == 0; p++) {
		for (size_t c = 0; c < CASES; c++) {
			const struct bench_case *k = &cases[c];
			record(json,
			       &(struct figure){
			               .name = k->name,
			               .unit = "ns/packet",
			               .profile = k->profile,
			               .payload = payloads[p],
			               .viewers = FLOOR_VIEWERS,
			               .workers = 1,
			               .value = series_min(&series[c][p]),
			               .median = series_median(&series[c][p]),
			               .floor = k->floor < 0 ? 0 : series_min(&series[k->floor][p]),
			       });
		}
	}
	if (ret < 0)
		fprintf(stderr, "bench: %s\n", strerror(-ret));
	bench_fini(&b);
	return ret;
}

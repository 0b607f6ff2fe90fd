// Creates and destroys SRTP sessions, which crypto/srtp.c uses per packet.
#include "crypto/srtp.h"
#include "crypto/srtp_state.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

// Whatever is not GCM is AES-CM with HMAC-SHA1 here.
static_assert(SRTP_PROFILE_COUNT == 2);

// libsrtp's "rtp default" is RFC 3711 8.2 with the 80-bit tag.
static void policy_set(const struct srtp_profile *p, srtp_crypto_policy_t *policy)
{
	if (p->id == SRTP_PROFILE_AEAD_AES_128_GCM)
		srtp_crypto_policy_set_aes_gcm_128_16_auth(policy);
	else
		srtp_crypto_policy_set_rtp_default(policy);
}

void srtp_keys_wipe(struct srtp_keys *keys)
{
	explicit_bzero(keys, sizeof(*keys));
}

int srtp_init_library(void)
{
	if (srtp_init() != srtp_err_status_ok)
		return -EIO;

	// The default handler prints, and events come from the hot path.
	srtp_install_event_handler(NULL);
	return 0;
}

// A session that takes any SSRC in one direction. 0 or -errno.
static int session_create(
        srtp_t *session, const struct srtp_profile *p, const struct srtp_master *master,
        srtp_ssrc_type_t direction
)
{
	uint8_t key[SRTP_KEY_LEN + SRTP_SALT_LEN_MAX]; // libsrtp requires both in a row
	memcpy(key, master->key, SRTP_KEY_LEN);
	memcpy(key + SRTP_KEY_LEN, master->salt, p->salt_len);

	srtp_policy_t policy = {
	        .ssrc = {.type = direction},
	        .key = key,
	        .window_size = SRTP_WINDOW,
	        .allow_repeat_tx = 0,
	};
	policy_set(p, &policy.rtp);
	policy_set(p, &policy.rtcp);
	int ret = srtp_to_errno(srtp_create(session, &policy));
	explicit_bzero(key, sizeof(key));
	return ret;
}

struct srtp_receiver *srtp_receiver_create(const struct srtp_keys *keys)
{
	const struct srtp_profile *p = srtp_profile_find(keys->profile);
	if (p == NULL) {
		errno = EINVAL;
		return NULL;
	}
	struct srtp_receiver *r = calloc(1, sizeof(*r));
	if (r == NULL)
		return NULL;

	int ret = session_create(&r->session, p, &keys->client, ssrc_any_inbound);
	if (ret < 0) {
		free(r);
		errno = -ret;
		return NULL;
	}
	r->tag_len = p->tag_len;
	return r;
}

void srtp_receiver_destroy(struct srtp_receiver *r)
{
	if (r == NULL)
		return;
	srtp_dealloc(r->session); // wipes the session keys
	free(r);
}

#include "path/srtp.h"

#include "am_reader.h"

#include <arpa/inet.h>
#include <errno.h>
#include <srtp2/srtp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PACKET_LEN_MAX  65535
#define RTP_HEADER_LEN  12
#define RTCP_HEADER_LEN 8
#define SRTCP_INDEX_LEN 4

struct profile {
	uint8_t id; // enum srtp_profile
	uint8_t salt_len;
	uint8_t tag_len; // the same for SRTP and SRTCP
	void (*set_policy)(srtp_crypto_policy_t *);
};

// RFC 7714 12 and 14.2; RFC 3711 8.2 with the 80-bit tag. libsrtp's "rtp default" is the latter.
static const struct profile profiles[] = {
        {SRTP_PROFILE_AEAD_AES_128_GCM, 12, 16, srtp_crypto_policy_set_aes_gcm_128_16_auth},
        {SRTP_PROFILE_AES128_CM_SHA1_80, 14, 10, srtp_crypto_policy_set_rtp_default},
};

struct srtp_receiver {
	srtp_t session;
	uint8_t tag_len;
	uint8_t ssrc_count;
	uint32_t ssrcs[SRTP_SSRC_MAX]; // those that libsrtp keeps a stream for
};

struct srtp_sender {
	srtp_t session;
	uint8_t tag_len;
};

typedef srtp_err_status_t transform(srtp_t, void *packet, int *len);

static const struct profile *profile_find(uint8_t id)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		if (profiles[i].id == id)
			return &profiles[i];
	}
	return NULL;
}

uint8_t srtp_salt_len(uint8_t profile)
{
	const struct profile *p = profile_find(profile);
	return p != NULL ? p->salt_len : 0;
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

static int to_errno(srtp_err_status_t status)
{
	switch (status) {
	case srtp_err_status_ok: return 0;
	case srtp_err_status_auth_fail: return -EBADMSG;
	case srtp_err_status_replay_fail:
	case srtp_err_status_replay_old: return -EALREADY;
	case srtp_err_status_key_expired: return -EKEYEXPIRED;
	case srtp_err_status_alloc_fail: return -ENOMEM;
	default: return -EINVAL;
	}
}

// A session that takes any SSRC in one direction. 0 or -errno.
static int session_create(
        srtp_t *session, const struct profile *p, const struct srtp_master *master,
        srtp_ssrc_type_t direction
)
{
	uint8_t key[SRTP_KEY_LEN + SRTP_SALT_LEN_MAX]; // libsrtp wants the salt right after the key
	memcpy(key, master->key, SRTP_KEY_LEN);
	memcpy(key + SRTP_KEY_LEN, master->salt, p->salt_len);

	srtp_policy_t policy = {
	        .ssrc = {.type = direction},
	        .key = key,
	        .window_size = SRTP_WINDOW,
	        .allow_repeat_tx = 0,
	};
	p->set_policy(&policy.rtp);
	p->set_policy(&policy.rtcp);
	int ret = to_errno(srtp_create(session, &policy));
	explicit_bzero(key, sizeof(key));
	return ret;
}

struct srtp_receiver *srtp_receiver_create(const struct srtp_keys *keys)
{
	const struct profile *p = profile_find(keys->profile);
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

// Index of an SSRC, or ssrc_count.
static uint8_t receiver_find(const struct srtp_receiver *r, uint32_t ssrc)
{
	uint8_t i = 0;
	while (i < r->ssrc_count && r->ssrcs[i] != ssrc)
		i++;
	return i;
}

// libsrtp looks at the shared template for an unknown SSRC and clones it into a stream only after
// the tag has verified (srtp.c, srtp_unprotect and its AEAD and RTCP siblings: "the authentication
// passed"), so counting the SSRCs of verified packets counts the streams.
static int
receive(struct srtp_receiver *r, transform *unprotect, uint32_t ssrc, uint8_t *packet, size_t *len)
{
	bool is_new = receiver_find(r, ssrc) == r->ssrc_count;
	if (is_new && r->ssrc_count == SRTP_SSRC_MAX)
		return -ENOSPC;

	int n = (int)*len;
	int ret = to_errno(unprotect(r->session, packet, &n));
	if (ret < 0)
		return ret;

	if (is_new)
		r->ssrcs[r->ssrc_count++] = ssrc;
	*len = (size_t)n;
	return 0;
}

int srtp_receive_rtp(struct srtp_receiver *r, uint8_t *packet, size_t *len)
{
	if (*len < (size_t)RTP_HEADER_LEN + r->tag_len || *len > PACKET_LEN_MAX)
		return -EINVAL;

	struct am_reader reader = am_reader_init(packet + 8, 4);
	return receive(r, srtp_unprotect, am_read_u32(&reader), packet, len);
}

int srtp_receive_rtcp(struct srtp_receiver *r, uint8_t *packet, size_t *len)
{
	if (*len < (size_t)RTCP_HEADER_LEN + r->tag_len + SRTCP_INDEX_LEN || *len > PACKET_LEN_MAX)
		return -EINVAL;

	struct am_reader reader = am_reader_init(packet + 4, 4);
	return receive(r, srtp_unprotect_rtcp, am_read_u32(&reader), packet, len);
}

void srtp_receiver_forget(struct srtp_receiver *r, uint32_t ssrc)
{
	uint8_t i = receiver_find(r, ssrc);
	if (i == r->ssrc_count)
		return;
	srtp_remove_stream(r->session, htonl(ssrc)); // network byte order, unlike its neighbours
	r->ssrcs[i] = r->ssrcs[--r->ssrc_count];
}

struct srtp_sender *srtp_sender_create(const struct srtp_keys *keys)
{
	const struct profile *p = profile_find(keys->profile);
	if (p == NULL) {
		errno = EINVAL;
		return NULL;
	}
	struct srtp_sender *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;

	int ret = session_create(&s->session, p, &keys->server, ssrc_any_outbound);
	if (ret < 0) {
		free(s);
		errno = -ret;
		return NULL;
	}
	s->tag_len = p->tag_len;
	return s;
}

void srtp_sender_destroy(struct srtp_sender *s)
{
	if (s == NULL)
		return;
	srtp_dealloc(s->session);
	free(s);
}

static int send_packet(
        struct srtp_sender *s, transform *protect, uint8_t *packet, size_t *len, size_t trailer_len,
        size_t capacity
)
{
	if (*len > PACKET_LEN_MAX - trailer_len)
		return -EINVAL;
	if (*len + trailer_len > capacity)
		return -ENOSPC;

	int n = (int)*len;
	int ret = to_errno(protect(s->session, packet, &n));
	if (ret == 0)
		*len = (size_t)n;
	return ret;
}

int srtp_send_rtp(struct srtp_sender *s, uint8_t *packet, size_t *len, size_t capacity)
{
	if (*len < RTP_HEADER_LEN)
		return -EINVAL;
	return send_packet(s, srtp_protect, packet, len, s->tag_len, capacity);
}

int srtp_send_rtcp(struct srtp_sender *s, uint8_t *packet, size_t *len, size_t capacity)
{
	if (*len < RTCP_HEADER_LEN)
		return -EINVAL;
	size_t trailer_len = (size_t)s->tag_len + SRTCP_INDEX_LEN;
	return send_packet(s, srtp_protect_rtcp, packet, len, trailer_len, capacity);
}

void srtp_sender_forget(struct srtp_sender *s, uint32_t ssrc)
{
	srtp_remove_stream(s->session, htonl(ssrc));
}

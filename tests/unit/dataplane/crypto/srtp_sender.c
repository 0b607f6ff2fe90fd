#include "srtp_sender.h"

#include "crypto/srtp_session.c" // its session_create

#define PACKET_LEN_MAX  65535
#define RTP_HEADER_LEN  12
#define RTCP_HEADER_LEN 8
#define SRTCP_INDEX_LEN 4

struct srtp_sender {
	srtp_t session;
	uint8_t tag_len;
};

typedef srtp_err_status_t protect_function(srtp_t, void *packet, int *len);

struct srtp_sender *srtp_sender_create(const struct srtp_keys *keys)
{
	const struct srtp_profile *p = srtp_profile_find(keys->profile);
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
        struct srtp_sender *s, protect_function *protect, uint8_t *packet, size_t *len,
        size_t trailer_len, size_t capacity
)
{
	if (*len > PACKET_LEN_MAX - trailer_len)
		return -EINVAL;
	if (*len + trailer_len > capacity)
		return -ENOSPC;

	int n = (int)*len;
	int ret = srtp_to_errno(protect(s->session, packet, &n));
	if (ret == 0)
		*len = (size_t)n;
	return ret;
}

int srtp_send_rtp(struct srtp_sender *s, uint8_t *packet, size_t *len, size_t capacity)
{
	return send_packet(s, srtp_protect, packet, len, s->tag_len, capacity);
}

int srtp_send_rtcp(struct srtp_sender *s, uint8_t *packet, size_t *len, size_t capacity)
{
	size_t trailer_len = (size_t)s->tag_len + SRTCP_INDEX_LEN;
	return send_packet(s, srtp_protect_rtcp, packet, len, trailer_len, capacity);
}

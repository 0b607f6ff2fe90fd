#include "path/srtp.h"

#include "am_reader.h"
#include "path/srtp_state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>

#define PACKET_LEN_MAX  65535
#define RTP_HEADER_LEN  12
#define RTCP_HEADER_LEN 8
#define SRTCP_INDEX_LEN 4

typedef srtp_err_status_t transform(srtp_t, void *packet, int *len);

int srtp_to_errno(srtp_err_status_t status)
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
	int ret = srtp_to_errno(unprotect(r->session, packet, &n));
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
	int ret = srtp_to_errno(protect(s->session, packet, &n));
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

#include "crypto/srtp.h"

#include "am_reader.h"
#include "crypto/srtp_state.h"

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

// Index of an SSRC's stream, or stream_count.
static uint8_t stream_find(const struct srtp_receiver *r, uint32_t ssrc)
{
	uint8_t i = 0;
	while (i < r->stream_count && r->streams[i].ssrc != ssrc)
		i++;
	return i;
}

static void stream_remove(struct srtp_receiver *r, uint8_t i)
{
	srtp_remove_stream(r->session, htonl(r->streams[i].ssrc)); // network order, only here
	r->streams[i] = r->streams[--r->stream_count];
}

// The stream that has been silent longest and is not held; or stream_count.
static uint8_t stream_to_evict(const struct srtp_receiver *r)
{
	uint8_t oldest = r->stream_count;
	for (uint8_t i = 0; i < r->stream_count; i++) {
		if (r->streams[i].held)
			continue;
		if (oldest == r->stream_count ||
		    r->packets - r->streams[i].heard > r->packets - r->streams[oldest].heard)
			oldest = i;
	}
	return oldest;
}

// libsrtp looks at the shared template for an unknown SSRC and clones it into a stream only after
// the tag has verified (srtp.c, srtp_unprotect and its AEAD and RTCP siblings: "the authentication
// passed"), so counting the SSRCs of verified packets counts the streams.
static int
receive(struct srtp_receiver *r, transform *unprotect, uint32_t ssrc, uint8_t *packet, size_t *len)
{
	uint8_t i = stream_find(r, ssrc);
	uint8_t evicted = SRTP_SSRC_MAX;
	if (i == SRTP_SSRC_MAX) {
		evicted = stream_to_evict(r);
		if (evicted == SRTP_SSRC_MAX)
			return -ENOSPC;
	}

	int n = (int)*len;
	int ret = srtp_to_errno(unprotect(r->session, packet, &n));
	if (ret < 0)
		return ret;

	if (i == SRTP_SSRC_MAX) {
		stream_remove(r, evicted);
		i = r->stream_count;
	}
	if (i == r->stream_count)
		r->streams[r->stream_count++] = (struct stream){.ssrc = ssrc};
	r->streams[i].heard = ++r->packets;
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

void srtp_receiver_hold(struct srtp_receiver *r, uint32_t ssrc)
{
	uint8_t i = stream_find(r, ssrc);
	if (i < r->stream_count)
		r->streams[i].held = true;
}

void srtp_receiver_forget(struct srtp_receiver *r, uint32_t ssrc)
{
	uint8_t i = stream_find(r, ssrc);
	if (i < r->stream_count)
		stream_remove(r, i);
}

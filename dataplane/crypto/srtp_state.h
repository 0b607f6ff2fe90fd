// The layout of a transport's SRTP state, for the two files that touch libsrtp2: crypto/srtp.c, per
// packet, and crypto/srtp_session.c, which creates and destroys sessions.
#pragma once

#include <srtp2/srtp.h>
#include <stdbool.h>
#include <stdint.h>

#define SRTP_SSRC_MAX 128 // streams that one receiver keeps

// A stream that libsrtp keeps for an SSRC.
struct stream {
	uint32_t ssrc;
	uint32_t heard; // srtp_receiver.packets at the stream's last packet
	bool held; // by srtp_receiver_hold
};

struct srtp_receiver {
	srtp_t session;
	uint32_t packets; // verified, modulo 2^32
	uint8_t tag_len;
	uint8_t stream_count;
	struct stream streams[SRTP_SSRC_MAX];
};

// 0, or libsrtp's status as -errno.
int srtp_to_errno(srtp_err_status_t);

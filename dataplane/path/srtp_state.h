// What a transport's SRTP state is made of, for the two files that touch libsrtp2: path/srtp.c, per
// packet, and service/srtp_session.c, which makes and ends sessions.
#pragma once

#include <srtp2/srtp.h>
#include <stdint.h>

#include "path/srtp.h"

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

// 0, or libsrtp's status as -errno.
int srtp_to_errno(srtp_err_status_t);

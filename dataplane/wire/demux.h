// Which protocol a datagram on the media port speaks, judged by its first bytes (RFC 7983, RFC
// 5761).
#pragma once

#include <stddef.h>
#include <stdint.h>

#define DEMUX_STUN_LEN_MIN 20 // RFC 8489 5: the header
#define DEMUX_DTLS_LEN_MIN 13 // RFC 6347 4.1: the record header
#define DEMUX_RTP_LEN_MIN  12 // RFC 3550 5.1: the fixed header
#define DEMUX_RTCP_LEN_MIN 8 // RFC 3550 6.4: header and sender SSRC, never encrypted

enum demux_class {
	DEMUX_STUN,
	DEMUX_DTLS,
	DEMUX_RTP,
	DEMUX_RTCP,
	DEMUX_UNKNOWN,
};

// The class of a datagram's bytes; DEMUX_UNKNOWN also for one too short for its class.
static inline enum demux_class demux_class(const uint8_t *bytes, size_t len)
{
	if (len < DEMUX_RTCP_LEN_MIN)
		return DEMUX_UNKNOWN;

	uint8_t first = bytes[0];
	// RFC 5761 4: with the marker bit, RTCP types 192 to 223 would be payload types 64 to 95.
	if (first >= 128 && first <= 191) {
		if (bytes[1] >= 192 && bytes[1] <= 223)
			return DEMUX_RTCP;
		return len >= DEMUX_RTP_LEN_MIN ? DEMUX_RTP : DEMUX_UNKNOWN;
	}
	if (first <= 3)
		return len >= DEMUX_STUN_LEN_MIN ? DEMUX_STUN : DEMUX_UNKNOWN;
	if (first >= 20 && first <= 63)
		return len >= DEMUX_DTLS_LEN_MIN ? DEMUX_DTLS : DEMUX_UNKNOWN;
	return DEMUX_UNKNOWN;
}

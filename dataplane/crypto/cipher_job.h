// One copy of a packet that is to be encrypted, before and after cipher_protect_burst:
//
//	packet ─▶ | RTP header | prefix     | (payload_len bytes) | (trailer) |
//	            header_len   prefix_len    ▲                     room for CIPHER_TRAILER_MAX
//	                         by the caller └ from payload, shared and only read
#pragma once

#include <assert.h>
#include <stdint.h>

#define CIPHER_BURST       64 // jobs that one call hashes together
#define CIPHER_PREFIX_MAX  UINT8_MAX // bytes of a payload that differ between viewers
#define CIPHER_TRAILER_MAX 16 // GCM's tag; the 80-bit HMAC has 10

struct cipher_key;

// SSRC and sequence number are taken from the header, so they cannot differ from it.
struct cipher_job {
	const struct cipher_key *key;
	uint8_t *packet; // header and prefix are written
	const uint8_t *payload; // plaintext after the prefix; must not overlap `packet`
	uint32_t roc; // from cipher_index_take
	uint16_t payload_len;
	uint8_t header_len; // with CSRCs and extension
	uint8_t prefix_len; // RTX's original number, patched codec bytes, redundant audio; 0 = none
	uint16_t len; // out: of the whole SRTP packet
};
static_assert(sizeof(struct cipher_job) <= 40);

// A second implementation of SRTP, written from the RFCs on OpenSSL's primitives: slow, plain, and
// checked against the published vectors. What libsrtp and crypto/cipher.c make must equal it bit by
// bit.
#pragma once

#include "crypto/srtp.h"

#include <stddef.h>
#include <stdint.h>

#define REFERENCE_AUTH_KEY_LEN 20

enum reference_label { // RFC 3711 4.3.1 and 4.3.2
	REFERENCE_RTP_CIPHER = 0,
	REFERENCE_RTP_AUTH = 1,
	REFERENCE_RTP_SALT = 2,
	REFERENCE_RTCP_CIPHER = 3,
	REFERENCE_RTCP_AUTH = 4,
	REFERENCE_RTCP_SALT = 5,
};

// Session keys of one direction, for RTP or for RTCP.
struct reference_keys {
	uint8_t profile; // enum srtp_profile_id
	uint8_t cipher[SRTP_KEY_LEN];
	uint8_t salt[SRTP_SALT_LEN_MAX];
	uint8_t auth[REFERENCE_AUTH_KEY_LEN];
};

// Bytes of text into `out`; returns their number.
size_t reference_hex(const char *text, uint8_t *out, size_t size);

void reference_derive(const struct srtp_master *, uint8_t label, uint8_t *out, size_t len);

// `first` is REFERENCE_RTP_CIPHER or REFERENCE_RTCP_CIPHER.
void reference_derive_all(
        struct reference_keys *, uint8_t profile, const struct srtp_master *, uint8_t first
);

// AES-CM: `bytes` xor key stream. `block` is the first counter block.
void reference_ctr(const uint8_t *key, const uint8_t *block, uint8_t *bytes, size_t len);

// Protect in place; there is room for the trailer. Returns the new length.
size_t reference_protect_rtp(
        const struct reference_keys *, uint8_t *packet, size_t header_len, size_t len, uint32_t roc
);
size_t
reference_protect_rtcp(const struct reference_keys *, uint8_t *packet, size_t len, uint32_t index);

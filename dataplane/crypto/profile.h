// The SRTP protection profiles that DTLS may choose.
#pragma once

#include <stdint.h>

#define SRTP_KEY_LEN      16 // AES-128 in all of them
#define SRTP_SALT_LEN_MAX 14

// IANA's name and number (whose first byte is 0), OpenSSL's name, bytes of master salt, bytes of
// tag, in SRTP and SRTCP. Most preferred first. A row that is neither GCM nor AES-CM with HMAC-SHA1
// requires work where the number of rows is asserted.
#define SRTP_PROFILES(X)                                                                           \
	/* RFC 7714 12 and 14.2 */                                                                 \
	X(AEAD_AES_128_GCM, 7, "SRTP_AEAD_AES_128_GCM", 12, 16)                                    \
	/* RFC 5764 4.1.2, RFC 3711 8.2 with the 80-bit tag */                                     \
	X(AES_CM_128_HMAC_SHA1_80, 1, "SRTP_AES128_CM_SHA1_80", 14, 10)

enum srtp_profile_id {
#define SRTP_PROFILE_ID(name, id, openssl, salt, tag) SRTP_PROFILE_##name = id,
	SRTP_PROFILES(SRTP_PROFILE_ID)
#undef SRTP_PROFILE_ID
};

enum {
#define SRTP_PROFILE_ONE(name, id, openssl, salt, tag) +1
	SRTP_PROFILE_COUNT = SRTP_PROFILES(SRTP_PROFILE_ONE)
#undef SRTP_PROFILE_ONE
};

struct srtp_profile {
	uint8_t id; // enum srtp_profile_id
	uint8_t salt_len;
	uint8_t tag_len;
	const char *name; // IANA's, as in the configuration
	const char *openssl_name;
};

// NULL: there is none with this number or name.
const struct srtp_profile *srtp_profile_find(uint8_t id);
const struct srtp_profile *srtp_profile_named(const char *name);

// Bytes of master salt in this profile: 12 or 14, or 0 for an unknown profile.
uint8_t srtp_salt_len(uint8_t profile);

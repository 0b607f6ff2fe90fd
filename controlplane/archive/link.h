// Links to files of recordings, which admit whoever has them until they expire: plain functions.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LINK_SECONDS_MAX    604800 // a week
#define LINK_SIGNATURE_SIZE 44 // base64url of 32 bytes

// What a link admits to.
struct link {
	uint64_t account_id;
	uint64_t recording_id;
	const char *name; // of the file
	int64_t expires_s; // CLOCK_REALTIME
};

// The signature is the HMAC-SHA256 of all members. The key has HISTORY_LINK_KEY_SIZE bytes.
void link_sign(char out[LINK_SIGNATURE_SIZE], const uint8_t *key, const struct link *);

// True if the signature is the link's. Whether it has expired is for the caller to see.
[[nodiscard]] bool link_is_signed(const struct link *, const uint8_t *key, const char *signature);

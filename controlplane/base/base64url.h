// base64url without padding (RFC 4648 5, RFC 7515 2), as tokens use it.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// The number of bytes that len characters encode.
#define BASE64URL_BYTES(len)  ((len) / 4 * 3 + (len) % 4 * 3 / 4)
#define BASE64URL_SIZE(bytes) (((bytes)*4 + 2) / 3 + 1) // with the terminator

// Strict: each sequence of bytes has one encoding only, so padding, blanks and non-zero bits left
// over at the end are errors. out has BASE64URL_BYTES(len) bytes. Returns the number of bytes, or
// -EINVAL.
[[nodiscard]] ssize_t base64url_decode(uint8_t *out, const char *text, size_t len);

// out has BASE64URL_SIZE(len) bytes.
void base64url_encode(char *out, const void *bytes, size_t len);

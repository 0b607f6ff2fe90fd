// base64url without padding (RFC 4648 5, RFC 7515 2), as tokens use it.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Bytes that len characters hold.
#define BASE64URL_BYTES(len)  ((len) / 4 * 3 + (len) % 4 * 3 / 4)
#define BASE64URL_SIZE(bytes) (((bytes)*4 + 2) / 3 + 1) // with the terminator

// Strict: one text for each sequence of bytes, so no padding, no blanks, and no bits left over at
// the end. out has BASE64URL_BYTES(len). Returns the bytes, or -EINVAL.
[[nodiscard]] ssize_t base64url_decode(uint8_t *out, const char *text, size_t len);

// out has BASE64URL_SIZE(len).
void base64url_encode(char *out, const void *bytes, size_t len);

#include "base/base64url.h"

#include <errno.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

ssize_t base64url_decode(uint8_t *out, const char *text, size_t len)
{
	uint32_t bits = 0, count = 0;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int v = value_of(text[i]);
		if (v < 0)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)v;
		count += 6;
		if (count >= 8) {
			count -= 8;
			out[n++] = (uint8_t)(bits >> count);
			bits &= (1u << count) - 1;
		}
	}
	return count == 6 || bits != 0 ? -EINVAL : (ssize_t)n;
}

void base64url_encode(char *out, const void *bytes, size_t len)
{
	const uint8_t *in = bytes;
	uint32_t bits = 0, count = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | in[i];
		for (count += 8; count >= 6; count -= 6)
			*out++ = alphabet[bits >> (count - 6) & 63];
	}
	if (count > 0)
		*out++ = alphabet[bits << (6 - count) & 63];
	*out = '\0';
}

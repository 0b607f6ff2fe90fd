#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

// Length of the UTF-8 sequence at s with its code point, or 0 if it is malformed (RFC 3629 4).
static size_t decode(const unsigned char *s, uint32_t *code)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (n == 0 || s[0] > 0xf4)
		return 0;

	static const uint8_t lead[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	*code = s[0] & lead[n];
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80) // also the terminator
			return 0;
		*code = *code << 6 | (s[i] & 0x3f);
	}
	if (*code < least[n] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
		return 0;
	return n;
}

bool text_is_printable(const char *s, size_t min, size_t max)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t count = 0;

	while (*p) {
		uint32_t code;
		size_t n = decode(p, &code);
		if (n == 0 || code < 0x20 || (code >= 0x7f && code < 0xa0))
			return false;
		p += n;
		if (++count > max)
			return false;
	}
	return count >= min;
}

bool text_is_token(const char *s, size_t max)
{
	size_t len = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
	return len >= 1 && len <= max && s[len] == '\0';
}

bool text_trim(char *out, size_t size, const char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	size_t len = strlen(s);
	while (len > 0 && isspace((unsigned char)s[len - 1]))
		len--;
	if (len >= size)
		return false;
	memcpy(out, s, len);
	out[len] = '\0';
	return true;
}

bool text_is_true(const char *s)
{
	return s && (strcmp(s, "true") == 0 || strcmp(s, "1") == 0);
}

bool text_equals_secret(const char *given, const char *secret)
{
	size_t given_len = strlen(given), secret_len = strlen(secret);
	volatile uint8_t differs = given_len != secret_len;

	for (size_t i = 0; i < given_len; i++)
		differs |= (uint8_t)(given[i] ^ secret[secret_len ? i % secret_len : 0]);
	return !differs;
}

bool text_number(const char *s, int64_t min, int64_t max, int64_t *out)
{
	char *end;

	if (!isdigit((unsigned char)*s)) // no blanks, no sign
		return false;
	errno = 0;
	*out = strtoll(s, &end, 10);
	return errno == 0 && !*end && *out >= min && *out <= max;
}

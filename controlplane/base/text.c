#include "base/text.h"

#include "am_text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool text_is_printable(const char *s, size_t min, size_t max)
{
	size_t count = 0;

	while (*s) {
		uint32_t code;
		size_t n = am_text_decode(s, AM_TEXT_BYTES_MAX, &code);
		if (n == 0 || code < 0x20 || (code >= 0x7f && code < 0xa0))
			return false;
		s += n;
		if (++count > max)
			return false;
	}
	return count >= min;
}

struct name {
	char *out;
	size_t len, count, max; // bytes; code points
	bool gap; // a space comes before the next character
};

static bool name_add(struct name *n, const unsigned char *code, size_t bytes)
{
	if (n->count + n->gap >= n->max)
		return false;
	if (n->gap)
		n->out[n->len++] = ' ';
	memcpy(n->out + n->len, code, bytes);
	n->len += bytes;
	n->count += 1 + n->gap;
	n->gap = false;
	return true;
}

// At the end of a name, joiners have nothing to join.
static void name_drop_joiners(struct name *n)
{
	while (n->len >= 3 && (memcmp(n->out + n->len - 3, "\u200c", 3) == 0 ||
	                       memcmp(n->out + n->len - 3, "\u200d", 3) == 0)) {
		n->len -= 3;
		n->count--;
	}
}

int text_clean_name(char *out, size_t max, const char *s)
{
	const unsigned char *p = (const unsigned char *)s, *end = p + strlen(s);
	struct name n = {.out = out, .max = max};
	uint32_t code;

	while (p < end && isspace(*p))
		p++;
	while (end > p && isspace(end[-1]))
		end--;
	for (size_t bytes; p < end; p += bytes) {
		bytes = am_text_decode(p, (size_t)(end - p), &code);
		enum am_text_class class = bytes ? am_text_class_of(code) : AM_TEXT_CONTROL;
		if (class == AM_TEXT_CONTROL)
			return -EINVAL;
		if (class == AM_TEXT_UNSEEN || (class == AM_TEXT_JOINER && (n.count == 0 || n.gap)))
			continue;
		if (class == AM_TEXT_BLANK)
			n.gap = n.count > 0;
		else if (!name_add(&n, p, bytes))
			return -EINVAL;
	}
	name_drop_joiners(&n);
	out[n.len] = '\0';
	return (int)n.count;
}

bool text_is_token(const char *s, size_t max)
{
	size_t len = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
	return len >= 1 && len <= max && s[len] == '\0';
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

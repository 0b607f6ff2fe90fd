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

struct range {
	uint32_t first, last;
};

// Line and paragraph separators among the control characters: they break lines as well.
static const struct range controls[] = {
        {0x00, 0x1f},
        {0x7f, 0x9f},
        {0x2028, 0x2029},
};

// The braille cell without a dot looks like one.
static const struct range blanks[] = {
        {0x20, 0x20},     {0xa0, 0xa0},     {0x1680, 0x1680}, {0x2000, 0x200a},
        {0x202f, 0x202f}, {0x205f, 0x205f}, {0x2800, 0x2800}, {0x3000, 0x3000},
};

// Unicode's Default_Ignorable_Code_Point and Bidi_Control, and interlinear annotation, but for
// joiners.
static const struct range unseen[] = {
        {0xad, 0xad},       {0x34f, 0x34f},     {0x61c, 0x61c},     {0x115f, 0x1160},
        {0x17b4, 0x17b5},   {0x180e, 0x180e},   {0x200b, 0x200b},   {0x200e, 0x200f},
        {0x202a, 0x202e},   {0x2060, 0x206f},   {0x3164, 0x3164},   {0xfeff, 0xfeff},
        {0xffa0, 0xffa0},   {0xfff0, 0xfffb},   {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
        {0xe0000, 0xe001f}, {0xe0080, 0xe00ff}, {0xe01f0, 0xe0fff},
};

// They say how the character before them looks, in Persian, Mongolian, and emoji.
static const struct range joiners[] = {
        {0x180b, 0x180d}, {0x180f, 0x180f},   {0x200c, 0x200d},
        {0xfe00, 0xfe0f}, {0xe0020, 0xe007f}, {0xe0100, 0xe01ef},
};

#define IN(list, code) is_in(list, sizeof(list) / sizeof((list)[0]), code)

static bool is_in(const struct range *list, size_t count, uint32_t code)
{
	for (size_t i = 0; i < count; i++) {
		if (code >= list[i].first && code <= list[i].last)
			return true;
	}
	return false;
}

struct name {
	char *out;
	size_t len, count, max; // bytes; code points
	bool gap; // a blank comes before the next character
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

// Nothing follows for it to join.
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
		bytes = decode(p, &code);
		if (bytes == 0 || IN(controls, code))
			return -EINVAL;
		if (IN(unseen, code) || (IN(joiners, code) && (n.count == 0 || n.gap)))
			continue;
		if (IN(blanks, code))
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

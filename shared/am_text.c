#include "am_text.h"

#include <stdbool.h>

size_t am_text_decode(const void *bytes, size_t len, uint32_t *code)
{
	static const uint8_t lead[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const uint8_t *s = bytes;

	if (len == 0)
		return 0;
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (n > len)
		return 0;
	*code = s[0] & lead[n];
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80) // also at a string's end
			return 0;
		*code = *code << 6 | (s[i] & 0x3f);
	}
	bool surrogate = *code >= 0xd800 && *code < 0xe000;
	return s[0] > 0xf4 || *code < least[n] || *code > 0x10ffff || surrogate ? 0 : n;
}

struct range {
	uint32_t first, last;
};

// Includes the line and paragraph separators, which break lines as well.
static const struct range controls[] = {
        {0x00, 0x1f},
        {0x7f, 0x9f},
        {0x2028, 0x2029},
};

// Includes the braille cell without dots, which looks blank.
static const struct range blanks[] = {
        {0x20, 0x20},     {0xa0, 0xa0},     {0x1680, 0x1680}, {0x2000, 0x200a},
        {0x202f, 0x202f}, {0x205f, 0x205f}, {0x2800, 0x2800}, {0x3000, 0x3000},
};

// Unicode's Default_Ignorable_Code_Point and Bidi_Control, and interlinear annotation, except
// joiners.
static const struct range unseen[] = {
        {0xad, 0xad},       {0x34f, 0x34f},     {0x61c, 0x61c},     {0x115f, 0x1160},
        {0x17b4, 0x17b5},   {0x180e, 0x180e},   {0x200b, 0x200b},   {0x200e, 0x200f},
        {0x202a, 0x202e},   {0x2060, 0x206f},   {0x3164, 0x3164},   {0xfeff, 0xfeff},
        {0xffa0, 0xffa0},   {0xfff0, 0xfffb},   {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
        {0xe0000, 0xe001f}, {0xe0080, 0xe00ff}, {0xe01f0, 0xe0fff},
};

// They change how the character before them looks, in Persian, Mongolian and emoji.
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

enum am_text_class am_text_class_of(uint32_t code)
{
	if (IN(controls, code))
		return AM_TEXT_CONTROL;
	if (IN(blanks, code))
		return AM_TEXT_BLANK;
	if (IN(unseen, code))
		return AM_TEXT_UNSEEN;
	return IN(joiners, code) ? AM_TEXT_JOINER : AM_TEXT_SEEN;
}

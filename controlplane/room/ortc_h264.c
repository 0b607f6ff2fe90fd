#include "room/ortc.h"

#include <stddef.h>
#include <string.h>

enum profile {
	PROFILE_INVALID,
	PROFILE_CONSTRAINED_BASELINE,
	PROFILE_BASELINE,
	PROFILE_MAIN,
	PROFILE_EXTENDED,
	PROFILE_CONSTRAINED_HIGH,
	PROFILE_HIGH,
	PROFILE_HIGH_444,
};

// RFC 6184 table 5: profile_idc, then profile_iop as mask and value. First match wins.
static const struct {
	uint8_t idc, mask, value;
	enum profile profile;
} patterns[] = {
        {0x42, 0x4f, 0x40, PROFILE_CONSTRAINED_BASELINE}, // x1xx0000
        {0x4d, 0x8f, 0x80, PROFILE_CONSTRAINED_BASELINE}, // 1xxx0000
        {0x58, 0xcf, 0xc0, PROFILE_CONSTRAINED_BASELINE}, // 11xx0000
        {0x42, 0x4f, 0x00, PROFILE_BASELINE}, // x0xx0000
        {0x58, 0xcf, 0x80, PROFILE_BASELINE}, // 10xx0000
        {0x4d, 0xaf, 0x00, PROFILE_MAIN}, // 0x0x0000
        {0x58, 0xcf, 0x00, PROFILE_EXTENDED}, // 00xx0000
        {0x64, 0xff, 0x0c, PROFILE_CONSTRAINED_HIGH}, // 00001100 (H.264 A.2.4.2)
        {0x64, 0xff, 0x00, PROFILE_HIGH}, // 00000000
        {0xf4, 0xff, 0x00, PROFILE_HIGH_444}, // 00000000
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum profile profile_of(const char *id)
{
	uint8_t bytes[3];

	if (!id)
		return PROFILE_CONSTRAINED_BASELINE;
	if (strnlen(id, 7) != 6)
		return PROFILE_INVALID;
	for (int i = 0; i < 3; i++) {
		int high = hex_digit(id[i * 2]), low = hex_digit(id[i * 2 + 1]);
		if (high < 0 || low < 0)
			return PROFILE_INVALID;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		if (patterns[i].idc == bytes[0] &&
		    (bytes[1] & patterns[i].mask) == patterns[i].value)
			return patterns[i].profile;
	}
	return PROFILE_INVALID;
}

bool ortc_h264_same_profile(const char *a, const char *b)
{
	enum profile pa = profile_of(a);
	return pa != PROFILE_INVALID && pa == profile_of(b);
}

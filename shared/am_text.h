// What strangers write, a character at a time: UTF-8, and how each character looks. The one place
// that knows which ones nobody sees.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define AM_TEXT_BYTES_MAX 4 // of a character

enum am_text_class {
	AM_TEXT_SEEN,
	AM_TEXT_CONTROL, // breaks lines, or steers a terminal: NEL, CSI and U+2028 among them
	AM_TEXT_BLANK, // spaces of all kinds, the braille cell without a dot among them
	AM_TEXT_UNSEEN, // fillers and marks, and what turns letters around
	AM_TEXT_JOINER, // says how the character before it looks, in Persian, Mongolian and emoji
};

// Bytes of the UTF-8 sequence at s, of which len bytes are there, and its code point; 0: it is
// malformed or cut off (RFC 3629 3, 4). A string's end is no part of a sequence, so of a string len
// may be AM_TEXT_BYTES_MAX anywhere.
size_t am_text_decode(const void *s, size_t len, uint32_t *code);

enum am_text_class am_text_class_of(uint32_t code);

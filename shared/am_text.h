// Text from strangers, one character at a time: UTF-8, and how each character looks. The only place
// that knows which characters are invisible.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define AM_TEXT_BYTES_MAX 4 // of a character

enum am_text_class {
	AM_TEXT_SEEN,
	AM_TEXT_CONTROL, // breaks lines or controls a terminal, such as NEL, CSI and U+2028
	AM_TEXT_BLANK, // spaces of all kinds, and the braille cell without dots
	AM_TEXT_UNSEEN, // invisible: fillers, marks, and characters that reverse text
	AM_TEXT_JOINER, // changes the character before it, in Persian, Mongolian and emoji
};

// Length in bytes of the UTF-8 sequence at s, where len bytes are readable, and its code point; 0
// if it is malformed or cut off (RFC 3629 3, 4). A string's terminator is never part of a sequence,
// so for a string, len may always be AM_TEXT_BYTES_MAX.
size_t am_text_decode(const void *s, size_t len, uint32_t *code);

enum am_text_class am_text_class_of(uint32_t code);

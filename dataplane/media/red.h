// Redundant sound (RFC 2198): a packet brings the sound before it once more, so a receiver that has
// lost one packet hears it with the next. It goes to viewers who lose much, and costs half as much
// again.
//
//	+-+---------+------------------+----------+-+---------+-----------+-------+
//	|1| type    | timestamp offset | length   |0| type    | sound     | sound |
//	| |         | 14 bits          | 10 bits  | |         | before    |       |
//	+-+---------+------------------+----------+-+---------+-----------+-------+
//	 `------------ RED_HEADER_LEN before the payload ----'
#pragma once

#include <stdint.h>

#define RED_HEADER_LEN 5
#define RED_SOUND_MAX  250 // bytes: 100 kbit/s in 20 ms
#define RED_LEN_MAX    (RED_HEADER_LEN + RED_SOUND_MAX)

// The sound of one packet. Bytes are the caller's.
struct red_sound {
	const uint8_t *payload;
	uint32_t timestamp;
	uint16_t len; // 0: there is none
	uint8_t source; // of its encoding: another one's timestamps have nothing in common
};

// Bytes that come before the payload of the packet with `now`'s sound. 0: the sound before cannot
// be brought with it.
uint8_t red_len(const struct red_sound *before, const struct red_sound *now);

// Writes them where that is not 0. type: payload type of both sounds.
void red_write(
        const struct red_sound *before, const struct red_sound *now, uint8_t type,
        uint8_t to[static RED_HEADER_LEN]
);

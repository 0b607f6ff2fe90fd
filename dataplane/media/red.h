// Redundant audio (RFC 2198): a packet repeats the audio of the previous one, so a receiver that
// has lost one packet gets it with the next. Viewers that lose much are sent it; it costs half as
// much again.
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

// The audio of one packet. The bytes stay the caller's.
struct red_sound {
	const uint8_t *payload;
	uint32_t timestamp;
	uint16_t len; // 0: there is none
	uint8_t source; // of its encoding: timestamps of two sources have nothing in common
};

// Number of bytes to put before the payload of the packet with `now`. 0: it cannot carry `before`.
uint8_t red_len(const struct red_sound *before, const struct red_sound *now);

// Writes those bytes, if red_len is not 0. type: payload type of both blocks.
void red_write(
        const struct red_sound *before, const struct red_sound *now, uint8_t type,
        uint8_t to[static RED_HEADER_LEN]
);

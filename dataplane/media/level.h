// How loud a publisher is, from the audio level of each packet (RFC 6464): up at once, down slowly,
// like the needle of a meter. It falls with time, not with packets, because with DTX a pause has
// few packets. Time is passed in. Written by the stream's worker.
#pragma once

#include <stdint.h>

#define LEVEL_MAX        127 // 0 dBov; each step below is one dB, and 0 is silence
#define LEVEL_GAP_US     120000 // the longest packet that Opus makes; a longer gap is a pause
#define LEVEL_SILENCE_US 500000 // without a packet for this long, a publisher is silent or gone

struct level {
	int64_t at_us; // of the last packet
	int64_t fell_us; // the time up to which the needle has fallen
	uint16_t loudness; // in 1/256
};

// 0 to LEVEL_MAX, from the extension's byte, where 0 is the loudest and 127 is silence, and the top
// bit is the sender's own guess at speech (RFC 6464 3).
static inline uint8_t level_loudness(uint8_t value)
{
	return LEVEL_MAX - (value & 0x7F);
}

// value: the extension's byte.
void level_packet(struct level *, uint8_t value, int64_t now_us);

// 0 to LEVEL_MAX.
uint8_t level_read(const struct level *, int64_t now_us);

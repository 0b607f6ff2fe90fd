// How loud a publisher is, from the audio level of each packet (RFC 6464): up at once, down slowly,
// as the needle of a meter. It falls with time, not with packets: with DTX there are few of those
// in a pause. Time is passed in. Written by the stream's worker.
#pragma once

#include <stdint.h>

#define LEVEL_MAX        127 // 0 dBov; each step below is one dB, and 0 is silence
#define LEVEL_GAP_US     120000 // the longest packet that Opus makes; without one it is a pause
#define LEVEL_SILENCE_US 500000 // without a packet for so long a publisher is silent, or gone

struct level {
	int64_t at_us; // of the last packet
	int64_t fell_us; // until when the needle has fallen
	uint16_t loudness; // in 1/256
};

// 0 to LEVEL_MAX, from the byte of the extension, whose top bit is the sender's own guess at speech
// (RFC 6464 3: 0 is the loudest, 127 is silence).
static inline uint8_t level_loudness(uint8_t value)
{
	return LEVEL_MAX - (value & 0x7F);
}

// value: that byte.
void level_packet(struct level *, uint8_t value, int64_t now_us);

// 0 to LEVEL_MAX.
uint8_t level_read(const struct level *, int64_t now_us);

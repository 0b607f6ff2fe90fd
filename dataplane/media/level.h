// How loud a publisher is, from the audio level of each packet (RFC 6464): up at once, down slowly,
// as the needle of a meter. Time is passed in. Written by the stream's worker.
#pragma once

#include <stdint.h>

#define LEVEL_MAX        127 // 0 dBov; each step below is one dB, and 0 is silence
#define LEVEL_SILENCE_US 500000 // without a packet for so long a publisher is silent: DTX, or gone

struct level {
	int64_t at_us; // of the last packet
	uint16_t loudness; // in 1/256
};

// value: the byte of the extension, whose top bit is the sender's own guess at speech.
void level_packet(struct level *, uint8_t value, int64_t now_us);

// 0 to LEVEL_MAX.
uint8_t level_read(const struct level *, int64_t now_us);

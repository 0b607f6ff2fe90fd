// Which packets one viewer was recently sent again. None is repeated twice within a round trip,
// since the first is still on its way, nor a fourth time: either the path loses it, or the viewer
// lies. Bounded: if there are very many, older ones are forgotten. Time is passed in. Written by
// the viewer's worker.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#define REPEATS_COUNT 64 // numbers that are remembered; a power of two
#define REPEATS_MAX   3 // repeats of one packet
#define REPEATS_MS    5000 // after which it is forgotten: no history holds packets for so long

// The repeats of one number. All zero: none.
struct repeat {
	uint32_t ms; // of the last one
	uint16_t seq;
	uint8_t stream; // low bits of its SSRC
	uint8_t times;
};

struct repeats {
	struct repeat of[REPEATS_COUNT];
};
static_assert(sizeof(struct repeats) == 512); // one for each viewer

// The viewer requests a number of this SSRC again. True: send it now; the repeat is noted.
[[nodiscard]] bool
repeats_take(struct repeats *, uint32_t ssrc, uint16_t seq, int64_t now_us, uint32_t rtt_us);

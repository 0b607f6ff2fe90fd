// What one viewer was sent again of late. None goes twice within a round trip, since the first is
// still on its way, nor a fourth time: the way loses it, or its viewer lies. Bounded: of very many
// the older ones are forgotten. Time is passed in. Written by the viewer's worker.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#define REPEATS_COUNT 64 // numbers that are remembered; a power of two
#define REPEATS_MAX   3 // times that one goes
#define REPEATS_MS    5000 // after which it is forgotten: no history holds anything for so long

// Of one number. All zero: none.
struct repeat {
	uint32_t ms; // of the last one
	uint16_t seq;
	uint8_t stream; // low bits of its SSRC
	uint8_t times;
};

struct repeats {
	struct repeat of[REPEATS_COUNT];
};
static_assert(sizeof(struct repeats) == 512); // of each viewer

// The viewer of this SSRC asks for a number again. True: it goes out now, and is noted.
[[nodiscard]] bool
repeats_take(struct repeats *, uint32_t ssrc, uint16_t seq, int64_t now_us, uint32_t rtt_us);

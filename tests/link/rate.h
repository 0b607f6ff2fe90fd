// How much a link may send by a given time: a constant rate, steps, or a trace of delivery
// opportunities. Tokens are millionths of a bit, which 1 bit/s earns in a microsecond, so all sums
// are exact.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define RATE_MTU        1500 // bytes that one line of a trace carries
#define RATE_UNLIMITED  INT64_C(0) // bit/s
#define RATE_STALLED    INT64_C(-1) // bit/s: nothing passes
#define RATE_MAX        INT64_C(100000000000) // bit/s
#define RATE_TOKENS_MAX (INT64_C(1) << 60)

struct rate_step {
	int64_t at_us; // from the beginning
	int64_t bit_s; // from then on; also RATE_UNLIMITED or RATE_STALLED
};

// The trace applies if there is one, otherwise the steps, otherwise the constant.
struct rate {
	int64_t bit_s;
	const struct rate_step *steps; // ascending, the first at 0
	uint32_t steps_n;
	// Mahimahi's format: milliseconds from the beginning, not descending, at each of which
	// RATE_MTU bytes may be sent. The last is the period, after which everything repeats.
	const uint32_t *trace;
	uint32_t trace_n;
};

bool rate_is_valid(const struct rate *);
bool rate_is_same(const struct rate *, const struct rate *);

static inline int64_t rate_tokens_of(uint32_t bytes)
{
	return (int64_t)bytes * 8 * 1000000;
}

// Tokens earned after from_us until to_us, both since the beginning; at most RATE_TOKENS_MAX.
int64_t rate_earned(const struct rate *, int64_t from_us, int64_t to_us);

// When this many tokens will have been earned after from_us; INT64_MAX: never.
int64_t rate_due(const struct rate *, int64_t from_us, int64_t tokens);

// bit/s at a given time (for a trace: its average), RATE_UNLIMITED or RATE_STALLED.
int64_t rate_at(const struct rate *, int64_t at_us);

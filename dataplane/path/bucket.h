// A token bucket: a budget that fills with time and is drawn from.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BUCKET_FULL_US 60000000 // after this long without a look, any bucket is full

// All zero: empty since the machine started.
struct bucket {
	int64_t filled_us;
	uint32_t tokens;
};

// Adds the tokens earned since the last time, up to `burst` in all; fractions of a token add up.
static inline void bucket_fill(struct bucket *b, int64_t now_us, int64_t per_s, int64_t burst)
{
	int64_t since_us = now_us - b->filled_us;
	int64_t earned = (since_us < BUCKET_FULL_US ? since_us : BUCKET_FULL_US) * per_s;
	int64_t filled = earned / 1000000;

	if (filled <= 0)
		return;
	int64_t tokens = b->tokens + filled;
	b->tokens = (uint32_t)(tokens < burst ? tokens : burst);
	b->filled_us = now_us - earned % 1000000 / per_s; // keeps the fraction of a token
}

// Fills the bucket and takes one token. False: there is none.
[[nodiscard]] static inline bool
bucket_draw(struct bucket *b, int64_t now_us, int64_t per_s, int64_t burst)
{
	bucket_fill(b, now_us, per_s, burst);
	if (b->tokens == 0)
		return false;
	b->tokens--;
	return true;
}

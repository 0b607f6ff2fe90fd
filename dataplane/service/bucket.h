// A budget that fills with time and is drawn from, exact to the nanosecond.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// All zero: empty since the machine started.
struct bucket {
	uint64_t filled_ns;
	uint64_t drops; // a billionth of a token each
};

// Begins full.
void bucket_init(struct bucket *, uint64_t burst, uint64_t now_ns);

// Adds the tokens earned since the last time, up to `burst` in all.
void bucket_fill(struct bucket *, uint64_t per_s, uint64_t burst, uint64_t now_ns);

bool bucket_has(const struct bucket *, uint64_t tokens);
void bucket_take(struct bucket *, uint64_t tokens); // the bucket must have them

// Fills the bucket and takes a token. False: there is none.
[[nodiscard]] bool bucket_draw(struct bucket *, uint64_t per_s, uint64_t burst, uint64_t now_ns);

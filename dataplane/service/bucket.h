// A budget that fills with time and is drawn from, exact to the nanosecond.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// All zero it is empty since the machine's start.
struct bucket {
	uint64_t filled_ns;
	uint64_t drops; // a billionth of a token each
};

// Full.
void bucket_init(struct bucket *, uint64_t burst, uint64_t now_ns);

// What has come since the last time, `burst` tokens in all at most.
void bucket_fill(struct bucket *, uint64_t per_s, uint64_t burst, uint64_t now_ns);

bool bucket_has(const struct bucket *, uint64_t tokens);
void bucket_take(struct bucket *, uint64_t tokens); // that it has

// Fills it and takes one. False: there is none.
[[nodiscard]] bool bucket_draw(struct bucket *, uint64_t per_s, uint64_t burst, uint64_t now_ns);

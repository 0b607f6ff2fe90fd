// Keeps a sum of voices below full scale without distorting it: the gain is down before the peak
// comes, since the samples behind are known, and rises slowly.
#pragma once

#define LIMITER_STEP 120 // samples at 48 kHz: 2.5 ms
#define LIMITER_PEAK 0.8f // of full scale: encoding adds a little

struct limiter {
	float gain;
};

void limiter_init(struct limiter *);

// Limits LIMITER_STEP samples of two channels. next: as many behind them, not yet limited.
void limiter_step(struct limiter *, float *samples, const float *next);

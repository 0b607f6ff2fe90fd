#include "recorder/limiter.h"

#include <math.h>

#define RISE 0.01f // of what is missing, each step: a quarter of a second

void limiter_init(struct limiter *l)
{
	l->gain = 1;
}

// The gain with which these samples fit.
static float gain_for(const float *samples)
{
	float peak = 0;

	for (int i = 0; i < 2 * LIMITER_STEP; i++)
		peak = fmaxf(peak, fabsf(samples[i]));
	return peak > LIMITER_PEAK ? LIMITER_PEAK / peak : 1;
}

// The gain is a line whose both ends fit, so everything between them fits, too.
void limiter_step(struct limiter *l, float *samples, const float *next)
{
	float begin = fminf(l->gain, gain_for(samples));
	float end = fminf(begin + RISE * (1 - begin), fminf(gain_for(samples), gain_for(next)));
	if (begin == 1 && end == 1)
		return;

	for (int i = 0; i < LIMITER_STEP; i++) {
		float gain = begin + (end - begin) * (float)(i + 1) / LIMITER_STEP;
		samples[2 * i] *= gain;
		samples[2 * i + 1] *= gain;
	}
	l->gain = end;
}

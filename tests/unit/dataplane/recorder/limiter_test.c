#include "recorder/limiter.h"

#include "hostile.h"
#include "test.h"

#include <math.h>

#define STEPS  400
#define FLOATS (2 * LIMITER_STEP)

static float samples[(STEPS + 1) * FLOATS], limited[STEPS * FLOATS];

// Returns the greatest change of the gain from one sample to the next.
static float run(void)
{
	struct limiter l;
	float last = 1, change = 0;
	int last_at = 0; // sample of the last gain: those that are too quiet tell none

	limiter_init(&l);
	memcpy(limited, samples, sizeof(limited));
	for (int i = 0; i < STEPS; i++) {
		limiter_step(&l, limited + i * FLOATS, samples + (i + 1) * FLOATS);
		for (int j = i * FLOATS; j < (i + 1) * FLOATS; j += 2) {
			assert_true(fabsf(limited[j]) <= LIMITER_PEAK + 1e-5f);
			assert_true(fabsf(limited[j + 1]) <= LIMITER_PEAK + 1e-5f);
			if (fabsf(samples[j]) < 1e-3f)
				continue;
			float gain = limited[j] / samples[j];
			change = fmaxf(change, fabsf(gain - last) / (float)(j / 2 + 1 - last_at));
			last = gain;
			last_at = j / 2 + 1;
		}
	}
	return change;
}

static void what_fits_is_left_alone(void **)
{
	for (size_t i = 0; i < COUNT(samples); i++)
		samples[i] = LIMITER_PEAK * sinf((float)i * 0.01f);
	run();
	assert_memory_equal(samples, limited, sizeof(limited));
}

// Sudden peaks of any height never get through, and the gain never jumps.
static void peaks_are_lowered_smoothly(void **)
{
	uint64_t seed = hostile_seed();
	for (int round = 0; round < 50; round++) {
		float loud = 0.1f;
		for (size_t i = 0; i < COUNT(samples); i++) {
			if (i > 2 * FLOATS && hostile_random(&seed) % 5000 == 0)
				loud = (float)(hostile_random(&seed) % 400 + 5) / 100;
			samples[i] = loud * (float)(hostile_random(&seed) % 1000 + 1) / 1000;
		}
		assert_true(run() < 2.0f / LIMITER_STEP);
	}
}

static void the_gain_comes_back(void **)
{
	for (size_t i = 0; i < COUNT(samples); i++)
		samples[i] = i < 20 * FLOATS ? 4 : 0.5f;
	run();
	assert_true(limited[25 * FLOATS] < 0.2f);
	assert_true(limited[(STEPS - 1) * FLOATS] > 0.48f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_fits_is_left_alone),
	        cmocka_unit_test(peaks_are_lowered_smoothly),
	        cmocka_unit_test(the_gain_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

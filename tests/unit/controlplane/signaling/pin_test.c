#include "test.h"

#include "signaling/pin.h"

#include <stdio.h>

// proves G14
static void a_pin_cannot_be_guessed(void **)
{
	struct pins *p = pins_create();
	uint64_t now = 1000000;

	assert_int_equal(pins_check(p, "1/r", "192.0.2.1", "", "", now), REFUSAL_NONE);
	assert_int_equal(pins_check(p, "1/r", "192.0.2.1", "4711", "4711", now), REFUSAL_NONE);
	for (int i = 0; i < PIN_TRIES; i++) {
		assert_int_equal(
		        pins_check(p, "1/r", "192.0.2.1", "4711", "471", now), REFUSAL_PIN_WRONG
		);
		assert_int_equal( // does not count as a try
		        pins_check(p, "1/r", "192.0.2.1", "4711", "", now), REFUSAL_PIN_REQUIRED
		);
	}
	assert_int_equal(
	        pins_check(p, "1/r", "192.0.2.1", "4711", "4711", now), REFUSAL_PIN_LOCKED
	);
	now += PIN_TRIES_MS - 1;
	assert_int_equal(
	        pins_check(p, "1/r", "192.0.2.1", "4711", "4711", now), REFUSAL_PIN_LOCKED
	);
	now++;
	assert_int_equal(pins_check(p, "1/r", "192.0.2.1", "4711", "4711", now), REFUSAL_NONE);
	pins_destroy(p);
}

// proves G14
static void a_guesser_locks_nobody_else_out(void **)
{
	struct pins *p = pins_create();

	for (int i = 0; i <= PIN_TRIES; i++)
		(void)pins_check(p, "1/r", "192.0.2.1", "4711", "0000", 1000);
	assert_int_equal(
	        pins_check(p, "1/r", "192.0.2.1", "4711", "4711", 1000), REFUSAL_PIN_LOCKED
	);
	assert_int_equal(pins_check(p, "1/r", "192.0.2.2", "4711", "4711", 1000), REFUSAL_NONE);
	assert_int_equal(pins_check(p, "1/other", "192.0.2.1", "4711", "4711", 1000), REFUSAL_NONE);
	pins_destroy(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_pin_cannot_be_guessed),
	        cmocka_unit_test(a_guesser_locks_nobody_else_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "wire/sequence.h"

#include "test.h"

static void comparisons_follow_serial_arithmetic(void **)
{
	static const struct {
		uint16_t a, b;
		bool newer;
	} cases[] = {
	        {1, 0, true},      {0, 0, false},     {0, 1, false},
	        {0, 65535, true},  {65535, 0, false}, {32767, 0, true},
	        {32769, 0, false}, {5, 32773, false}, {5, 32774, true},
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(sequence_is_newer(cases[i].a, cases[i].b), cases[i].newer);
	assert_true(timestamp_is_newer(3, 0xFFFFFFFE));
	assert_false(timestamp_is_newer(0xFFFFFFFE, 3));
	assert_false(timestamp_is_newer(3, 3));
}

static void extension_follows_many_wraps_both_ways(void **)
{
	uint64_t top = sequence_start(65000);
	uint64_t truth = top;
	for (int i = 0; i < 100000; i++) {
		truth += 7;
		top = sequence_extend(top, (uint16_t)truth);
		assert_true(top == truth);
		assert_true(sequence_extend(top, (uint16_t)(truth - 30000)) == truth - 30000);
	}
}

static void packets_from_before_the_first_fit_below_it(void **)
{
	uint64_t top = sequence_start(3);
	assert_true(sequence_extend(top, 65534) == top - 5);
	assert_true(sequence_extend(top, 65534) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(comparisons_follow_serial_arithmetic),
	        cmocka_unit_test(extension_follows_many_wraps_both_ways),
	        cmocka_unit_test(packets_from_before_the_first_fit_below_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

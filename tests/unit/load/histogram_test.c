#include "histogram.h"

#include "test.h"

static void each_value_is_in_its_bucket(void **)
{
	static const uint64_t values[] = {0,         1,  31,   32,      33,         63,
	                                  64,        65, 1000, 1 << 20, 0xffffffff, UINT64_MAX / 3,
	                                  UINT64_MAX};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		uint32_t bucket = histogram_bucket(values[i]);
		assert_true(bucket < HISTOGRAM_BUCKETS);
		assert_true(values[i] <= histogram_bucket_end(bucket));
		if (bucket > 0)
			assert_true(values[i] > histogram_bucket_end(bucket - 1));
	}
}

static void buckets_are_3_percent_wide(void **)
{
	for (uint32_t i = 64; i < HISTOGRAM_BUCKETS - 1; i++) {
		uint64_t low = histogram_bucket_end(i - 1) + 1, high = histogram_bucket_end(i);
		assert_true(high >= low);
		assert_true((double)(high - low) <= 0.032 * (double)low);
	}
}

static void percentiles_are_what_a_sorted_list_says(void **)
{
	static struct histogram h;

	for (uint64_t i = 1; i <= 10000; i++)
		histogram_add(&h, i);
	assert_in_range(histogram_percentile(&h, 0.5), 5000, 5160);
	assert_in_range(histogram_percentile(&h, 0.99), 9900, 10000);
	assert_int_equal(histogram_percentile(&h, 1), 10000);
	assert_int_equal(h.max, 10000);
}

static void an_empty_one_has_no_percentiles(void **)
{
	static struct histogram h;
	assert_int_equal(histogram_percentile(&h, 0.5), 0);
}

static void one_value_is_every_percentile(void **)
{
	static struct histogram h;

	histogram_add(&h, 777);
	assert_int_equal(histogram_percentile(&h, 0.001), 777);
	assert_int_equal(histogram_percentile(&h, 0.999), 777);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_value_is_in_its_bucket),
	        cmocka_unit_test(buckets_are_3_percent_wide),
	        cmocka_unit_test(percentiles_are_what_a_sorted_list_says),
	        cmocka_unit_test(an_empty_one_has_no_percentiles),
	        cmocka_unit_test(one_value_is_every_percentile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

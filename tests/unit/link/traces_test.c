#include "traces.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

#define MINUTE_MS 60000

// Bits that a trace carries from one millisecond, not included, to another, within its first
// period.
static double bits_between(const struct trace *t, uint32_t from_ms, uint32_t to_ms)
{
	double bits = 0;

	for (uint32_t i = 0; i < t->n; i++)
		if (t->ms[i] > from_ms && t->ms[i] <= to_ms)
			bits += RATE_MTU * 8;
	return bits;
}

// The longest time without a line.
static uint32_t longest_gap(const struct trace *t)
{
	uint32_t longest = t->ms[0];

	for (uint32_t i = 1; i < t->n; i++)
		if (t->ms[i] - t->ms[i - 1] > longest)
			longest = t->ms[i] - t->ms[i - 1];
	return longest;
}

// Share of the windows of 100 ms that carry less than this part of the mean.
static double share_below(const struct trace *t, double mean_bit_s, double part)
{
	uint32_t n = t->ms[t->n - 1] / 100, below = 0;
	double *bits = calloc(n + 1, sizeof(*bits));

	assert_non_null(bits);
	for (uint32_t i = 0; i < t->n; i++)
		bits[(t->ms[i] - 1) / 100] += RATE_MTU * 8;
	for (uint32_t i = 0; i < n; i++)
		below += bits[i] < part * mean_bit_s / 10;
	free(bits);
	return (double)below / n;
}

static void assert_usable(const struct trace *t, uint32_t period_ms)
{
	struct rate rate = {.trace = t->ms, .trace_n = t->n};

	assert_true(rate_is_valid(&rate));
	assert_int_equal(t->ms[t->n - 1], period_ms);
}

static void steps_have_their_rates(void **)
{
	static const struct rate_step steps[] = {
	        {0, 2000000}, {20000000, 600000}, {30000000, RATE_STALLED}, {40000000, 1000000}};
	struct trace t;

	assert_int_equal(trace_steps(&t, steps, 4, MINUTE_MS), 0);
	assert_usable(&t, MINUTE_MS);
	assert_true(abs((int)(bits_between(&t, 0, 20000) - 40e6)) <= 12000);
	assert_true(abs((int)(bits_between(&t, 20000, 30000) - 6e6)) <= 12000);
	assert_true(bits_between(&t, 30001, 40000) == 0);
	assert_true(abs((int)(bits_between(&t, 40000, 60000) - 20e6)) <= 12000);
	trace_fini(&t);
}

static void lte_has_its_mean_and_fades(void **)
{
	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct trace t;
		assert_int_equal(trace_lte(&t, 3000000, 5 * MINUTE_MS, seed), 0);
		assert_usable(&t, 5 * MINUTE_MS);
		double mean = bits_between(&t, 0, 5 * MINUTE_MS) / 300;
		assert_true(mean > 2.99e6 && mean < 3.01e6);
		double faded = share_below(&t, 3e6, 0.15);
		assert_true(faded > 0.03 && faded < 0.3);
		assert_true(
		        share_below(&t, 3e6, 1.3) < 0.95
		); // and it is better than its mean at times
		trace_fini(&t);
	}
}

static void wifi_has_its_mean_bursts_and_stalls(void **)
{
	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct trace t;
		uint32_t together = 0;
		assert_int_equal(trace_wifi(&t, 10000000, MINUTE_MS, seed), 0);
		assert_usable(&t, MINUTE_MS);
		double mean = bits_between(&t, 0, MINUTE_MS) / 60;
		assert_true(mean > 9.95e6 && mean < 10.05e6);
		assert_in_range(longest_gap(&t), 100, 500);
		for (uint32_t i = 1; i < t.n; i++)
			together += t.ms[i] == t.ms[i - 1];
		assert_in_range(together, t.n / 2, t.n); // evenly there would be none
		trace_fini(&t);
	}
}

static void assert_seeded(int (*make)(struct trace *, int64_t, uint32_t, uint64_t))
{
	struct trace a, b, c;

	assert_int_equal(make(&a, 2000000, MINUTE_MS, 1), 0);
	assert_int_equal(make(&b, 2000000, MINUTE_MS, 1), 0);
	assert_int_equal(make(&c, 2000000, MINUTE_MS, 2), 0);
	assert_int_equal(a.n, b.n);
	assert_memory_equal(a.ms, b.ms, a.n * sizeof(*a.ms));
	assert_true(a.n != c.n || memcmp(a.ms, c.ms, a.n * sizeof(*a.ms)) != 0);
	trace_fini(&a);
	trace_fini(&b);
	trace_fini(&c);
}

static void a_seed_gives_the_same_trace_and_another_one_another(void **)
{
	assert_seeded(trace_lte);
	assert_seeded(trace_wifi);
}

static void what_is_written_is_read(void **)
{
	struct trace a, b;
	uint32_t line;
	FILE *file = tmpfile();

	assert_non_null(file);
	assert_int_equal(trace_lte(&a, 2000000, MINUTE_MS, 1), 0);
	assert_int_equal(trace_write(&a, file), 0);
	rewind(file);
	assert_int_equal(trace_read(&b, file, &line), 0);
	assert_int_equal(a.n, b.n);
	assert_memory_equal(a.ms, b.ms, a.n * sizeof(*a.ms));
	trace_fini(&a);
	trace_fini(&b);
	fclose(file);
}

static int read_text(const char *text, struct trace *t, uint32_t *line)
{
	FILE *file = tmpfile();

	assert_non_null(file);
	fputs(text, file);
	rewind(file);
	int ret = trace_read(t, file, line);
	fclose(file);
	return ret;
}

static void a_file_of_two_lines_is_a_trace(void **)
{
	struct trace t;
	uint32_t line;

	assert_int_equal(read_text("3\r\n10", &t, &line), 0);
	assert_int_equal(t.n, 2);
	assert_int_equal(t.ms[0], 3);
	assert_int_equal(t.ms[1], 10);
	trace_fini(&t);
}

static void a_bad_file_is_refused_with_its_line(void **)
{
	static const struct {
		const char *text;
		uint32_t line;
	} cases[] = {
	        {"", 0},
	        {"0\n0\n", 0},
	        {"\n", 1},
	        {"1\n-2\n", 2},
	        {"1\n5\n4\n", 3},
	        {"1\n2 3\n", 2},
	        {"1\n2\nthree", 3},
	        {"1\n4294967296\n", 2},
	        {"1.5\n", 1},
	        {"1\n\n2\n", 2},
	        {"+1\n", 1},
	        {"99999999999999999999999\n", 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct trace t;
		uint32_t line;
		assert_int_equal(read_text(cases[i].text, &t, &line), -EINVAL);
		assert_int_equal(line, cases[i].line);
		assert_null(t.ms);
	}
}

static void what_cannot_be_made_is_refused(void **)
{
	static const struct rate_step late[] = {{5, 1000}}, unlimited[] = {{0, RATE_UNLIMITED}};
	struct trace t;

	assert_int_equal(trace_lte(&t, 0, 1000, 1), -EINVAL);
	assert_int_equal(trace_lte(&t, RATE_MAX, TRACE_MS_MAX, 1), -EINVAL);
	assert_int_equal(trace_wifi(&t, 1000, 0, 1), -EINVAL);
	assert_int_equal(trace_wifi(&t, 1000, TRACE_MS_MAX + 1, 1), -EINVAL);
	assert_int_equal(trace_steps(&t, late, 1, 1000), -EINVAL);
	assert_int_equal(trace_steps(&t, late, 0, 1000), -EINVAL);
	assert_int_equal(trace_steps(&t, unlimited, 1, 1000), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(steps_have_their_rates),
	        cmocka_unit_test(lte_has_its_mean_and_fades),
	        cmocka_unit_test(wifi_has_its_mean_bursts_and_stalls),
	        cmocka_unit_test(a_seed_gives_the_same_trace_and_another_one_another),
	        cmocka_unit_test(what_is_written_is_read),
	        cmocka_unit_test(a_file_of_two_lines_is_a_trace),
	        cmocka_unit_test(a_bad_file_is_refused_with_its_line),
	        cmocka_unit_test(what_cannot_be_made_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

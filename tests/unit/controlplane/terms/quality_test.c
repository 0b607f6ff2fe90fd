#include "terms/quality.h"

#include "am_lifecycle.h"
#include "am_schema.h"

#include "test.h"

#define MOMENT_MS 500

static void each_fault_alone_is_enough(void **)
{
	static const struct {
		uint8_t lost, jitter_ms;
		uint16_t rtt_ms;
		enum quality want;
	} rows[] = {
	        {0, 0, 0, QUALITY_GOOD},   {7, 39, 349, QUALITY_GOOD},
	        {8, 0, 0, QUALITY_FAIR},   {0, 40, 0, QUALITY_FAIR},
	        {0, 0, 350, QUALITY_FAIR}, {25, 99, 799, QUALITY_FAIR},
	        {26, 0, 0, QUALITY_BAD},   {0, 100, 0, QUALITY_BAD},
	        {0, 0, 800, QUALITY_BAD},  {255, 255, 65535, QUALITY_BAD},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t g = am_gauge_link(rows[i].lost, rows[i].jitter_ms, rows[i].rtt_ms);
		assert_int_equal(quality_of(g, MOMENT_MS), rows[i].want);
	}
}

static void a_browser_that_is_not_heard_of_is_badly_connected(void **)
{
	assert_int_equal(quality_of(0, QUALITY_CHECK_MS - 1), QUALITY_GOOD);
	assert_int_equal(quality_of(0, QUALITY_CHECK_MS), QUALITY_BAD);
}

static void worse_is_told_at_once_and_better_when_it_is_sure(void **)
{
	struct connection_quality c = {0};

	assert_false(quality_look(&c, QUALITY_GOOD)); // no news
	assert_true(quality_look(&c, QUALITY_BAD));
	assert_false(quality_look(&c, QUALITY_GOOD));
	assert_int_equal(c.now, QUALITY_BAD);
	assert_false(quality_look(&c, QUALITY_BAD));
	assert_false(quality_look(&c, QUALITY_GOOD));
	assert_true(quality_look(&c, QUALITY_FAIR));
	assert_int_equal(c.now, QUALITY_FAIR);
	assert_false(quality_look(&c, QUALITY_GOOD));
	assert_true(quality_look(&c, QUALITY_GOOD));
	assert_false(quality_look(&c, QUALITY_GOOD));
}

static void a_bad_beginning_is_told(void **)
{
	struct connection_quality c = {0};

	assert_true(quality_look(&c, QUALITY_FAIR));
}

static void a_pages_report_is_weighed(void **)
{
	static const struct {
		struct page_report report;
		enum quality want;
	} rows[] = {
	        {{10000, 0, 0}, QUALITY_GOOD},    {{10000, 199, 19}, QUALITY_GOOD},
	        {{10000, 200, 0}, QUALITY_FAIR},  {{10000, 0, 20}, QUALITY_FAIR},
	        {{10000, 999, 99}, QUALITY_FAIR}, {{10000, 1000, 0}, QUALITY_BAD},
	        {{10000, 0, 100}, QUALITY_BAD},   {{5000, 500, 0}, QUALITY_BAD},
	        {{0, 0, 0}, QUALITY_GOOD},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(quality_of_page(&rows[i].report), rows[i].want);
}

static void a_worker_that_is_late_is_bad_for_its_viewers(void **)
{
	assert_int_equal(quality_of_worker(0, 0, 0), QUALITY_GOOD);
	assert_int_equal(quality_of_worker(1000, 4, 0), QUALITY_GOOD);
	assert_int_equal(quality_of_worker(1000, 5, 0), QUALITY_FAIR);
	assert_int_equal(quality_of_worker(1000, 50, 0), QUALITY_BAD);
	assert_int_equal(quality_of_worker(1000, 0, AM_SHED_PICTURES - 1), QUALITY_GOOD);
	assert_int_equal(quality_of_worker(1000, 0, AM_SHED_PICTURES), QUALITY_FAIR);
	assert_int_equal(quality_of_worker(1000, 50, AM_SHED_PICTURES), QUALITY_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_fault_alone_is_enough),
	        cmocka_unit_test(a_browser_that_is_not_heard_of_is_badly_connected),
	        cmocka_unit_test(worse_is_told_at_once_and_better_when_it_is_sure),
	        cmocka_unit_test(a_bad_beginning_is_told),
	        cmocka_unit_test(a_pages_report_is_weighed),
	        cmocka_unit_test(a_worker_that_is_late_is_bad_for_its_viewers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "terms/stretch.h"

#include "test.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_MS 2000
#define BEGIN   INT64_C(1700000000000)

static struct stretches stretches;
static int64_t now_ms;
static struct stretch told[STRETCH_COUNT_MAX + 1];
static char told_speaker[64]; // of the last stretch reported
static int told_count;

static void take(void *, const struct stretch *s)
{
	told[told_count++] = *s;
	told_speaker[0] = '\0';
	if (s->speaker)
		strcpy(told_speaker, s->speaker);
}

static int begin(void **)
{
	now_ms = BEGIN;
	told_count = 0;
	return 0;
}

static int end(void **)
{
	stretches_end(&stretches, take, NULL);
	return 0;
}

static void look(struct stretch s, int times)
{
	for (; times > 0; times--) {
		s.from_ms = now_ms;
		s.to_ms = now_ms += LOOK_MS;
		stretches_look(&stretches, &s, take, NULL);
	}
}

static void good(int times)
{
	look((struct stretch){.quality = QUALITY_GOOD}, times);
}

static struct stretch bad_link(uint8_t lost)
{
	return (struct stretch
	){.quality = QUALITY_BAD, .cause = STRETCH_OWN_LINK, .lost = lost, .rtt_ms = 100};
}

static void good_stretches_are_not_reported(void **)
{
	good(1000);
	stretches_end(&stretches, take, NULL);
	assert_int_equal(told_count, 0);
}

static void a_bad_stretch_has_its_times_and_worst_measures(void **)
{
	struct stretch s = bad_link(40);

	good(5);
	s.frozen_ms = 700;
	s.estimate_kbps = 300;
	look(s, 2);
	s.lost = 90;
	s.estimate_kbps = 200;
	look(s, 1);
	s.lost = 50;
	s.estimate_kbps = 0;
	look(s, 1);
	good(STRETCH_SETTLE - 1);
	assert_int_equal(told_count, 0);
	good(1);
	assert_int_equal(told_count, 1);
	assert_int_equal(told[0].from_ms, BEGIN + 5 * LOOK_MS);
	assert_int_equal(told[0].to_ms, BEGIN + 9 * LOOK_MS);
	assert_int_equal(told[0].cause, STRETCH_OWN_LINK);
	assert_int_equal(told[0].lost, 90);
	assert_int_equal(told[0].frozen_ms, 2800);
	assert_int_equal(told[0].estimate_kbps, 200);
}

static void a_good_moment_is_no_end(void **)
{
	look(bad_link(40), 2);
	good(STRETCH_SETTLE - 1);
	look(bad_link(40), 2);
	good(STRETCH_SETTLE);
	assert_int_equal(told_count, 1);
	assert_int_equal(told[0].to_ms - told[0].from_ms, (3 + STRETCH_SETTLE) * LOOK_MS);
}

static void worse_begins_at_once(void **)
{
	look((struct stretch){.quality = QUALITY_FAIR, .cause = STRETCH_OWN_LINK}, 3);
	look(bad_link(40), 1);
	assert_int_equal(told_count, 1);
	assert_int_equal(told[0].quality, QUALITY_FAIR);
	assert_int_equal(told[0].to_ms, BEGIN + 3 * LOOK_MS);
}

static void another_cause_begins_another_stretch(void **)
{
	struct stretch s = {.quality = QUALITY_BAD, .cause = STRETCH_SPEAKER, .speaker = "ada"};

	look(s, 5);
	s.speaker = "bob";
	look(s, STRETCH_SETTLE);
	assert_int_equal(told_count, 1);
	assert_string_equal(told_speaker, "ada");
	stretches_end(&stretches, take, NULL);
	assert_int_equal(told_count, 2);
	assert_string_equal(told_speaker, "bob");
	assert_int_equal(told[1].from_ms, told[0].to_ms);
}

static void a_long_stretch_is_reported_in_parts(void **)
{
	look(bad_link(40), 2 * STRETCH_MS_MAX / LOOK_MS);
	assert_int_equal(told_count, 2);
	assert_int_equal(told[0].to_ms - told[0].from_ms, STRETCH_MS_MAX);
	assert_int_equal(told[1].from_ms, told[0].to_ms);
	good(STRETCH_SETTLE);
	assert_int_equal(told_count, 2); // nothing is left
}

static void the_number_of_stretches_is_bounded(void **)
{
	for (int i = 0; i < STRETCH_COUNT_MAX + 10; i++) {
		look(bad_link(40), 1);
		good(STRETCH_SETTLE);
	}
	assert_int_equal(told_count, STRETCH_COUNT_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(good_stretches_are_not_reported),
	        TEST(a_bad_stretch_has_its_times_and_worst_measures),
	        TEST(a_good_moment_is_no_end),
	        TEST(worse_begins_at_once),
	        TEST(another_cause_begins_another_stretch),
	        TEST(a_long_stretch_is_reported_in_parts),
	        TEST(the_number_of_stretches_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

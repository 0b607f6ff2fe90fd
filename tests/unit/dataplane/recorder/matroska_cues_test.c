// The CuePoints of a file last for its twelve hours, and for longer ones.
#include "test.h"

#include "recorder/matroska_cues.h"
#include "recorder/matroska_layout.h"

#define HOUR_MS (3600 * 1000ll)

// With a key frame at each multiple of this. The widest gap between two CuePoints.
static int64_t gap_ms(struct matroska_cues *c, int64_t key_ms, int64_t from_ms, int64_t end_ms)
{
	int64_t widest_ms = 0;

	for (int64_t ms = from_ms; ms < end_ms; ms += key_ms) {
		if (!matroska_cues_due(c, ms))
			continue;
		if (c->used > 0 && ms - c->last_ms > widest_ms)
			widest_ms = ms - c->last_ms;
		matroska_cues_add(c, ms, true);
	}
	return widest_ms;
}

static void cue_points_last_for_twelve_hours(void **)
{
	static const int64_t keys_ms[] = {250, 1000, 2000, 3000, 10000, 30000};

	for (size_t i = 0; i < COUNT(keys_ms); i++) {
		struct matroska_cues c = {0};
		int64_t widest_ms = gap_ms(&c, keys_ms[i], 0, 12 * HOUR_MS);
		assert_true(c.used <= MATROSKA_SLOTS);
		assert_true(12 * HOUR_MS - c.last_ms < 60000);
		assert_true(widest_ms <= 18000 + keys_ms[i]);
	}
}

static void a_short_file_has_one_every_two_seconds(void **)
{
	struct matroska_cues c = {0};

	assert_int_equal(gap_ms(&c, 500, 0, HOUR_MS / 3), 2000);
	assert_int_equal(c.used, 600);
}

static void a_full_table_takes_no_more(void **)
{
	struct matroska_cues c = {0};

	gap_ms(&c, 1000, 0, 40 * HOUR_MS);
	assert_true(c.used <= MATROSKA_SLOTS);
	c = (struct matroska_cues){.used = MATROSKA_SLOTS, .last_ms = 0};
	assert_false(matroska_cues_due(&c, 1000 * HOUR_MS));
}

static void a_key_frame_follows_at_once_after_another_beginning(void **)
{
	struct matroska_cues c = {0};

	matroska_cues_add(&c, 0, false);
	assert_true(matroska_cues_due(&c, 1));
	matroska_cues_add(&c, 1, true);
	assert_false(matroska_cues_due(&c, 2000));
	assert_true(matroska_cues_due(&c, 2001));
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(cue_points_last_for_twelve_hours),
        cmocka_unit_test(a_short_file_has_one_every_two_seconds),
        cmocka_unit_test(a_full_table_takes_no_more),
        cmocka_unit_test(a_key_frame_follows_at_once_after_another_beginning),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}

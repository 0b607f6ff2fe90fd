#include "am_record.h"

#include <errno.h>
#include <stdbool.h>

#include "hostile.h"

static struct am_record_msg message(uint16_t type)
{
	struct am_record_msg m = {.type = type};

	switch (type) {
	case AM_RECORD_HELLO:
		m.hello.magic = AM_RECORD_MAGIC;
		m.hello.version = AM_RECORD_VERSION;
		break;
	case AM_RECORD_SET:
	case AM_RECORD_FORGET:
		m.set = (struct am_record_set
		){.recording_id = 7, .since_us = 1, .dir = "a/b_c/D-9"};
		break;
	case AM_RECORD_TRACK:
	case AM_RECORD_TRACK_END:
	case AM_RECORD_KEY_FRAME:
		m.track = (struct am_record_track){
		        .recording_id = 7,
		        .track_id = am_id_make(AM_TRACK_MAX - 1, 1),
		        .publisher = 1,
		        .clock_rate = 48000,
		        .kind = AM_RECORD_VOICE,
		        .codec = AM_CODEC_OPUS,
		        .encoding_count = 1,
		};
		break;
	case AM_RECORD_LEADER: m.leader.recording_id = 7; break;
	case AM_RECORD_STATE: m.state.recording_id = 7; break;
	case AM_RECORD_FILE:
		m.file = (struct am_record_file){
		        .recording_id = 7,
		        .kind = AM_RECORD_PROGRAMME,
		        .codec = AM_CODEC_VP8,
		        .name = "programme.webm",
		};
		break;
	default: break;
	}
	return m;
}

static int check(const struct am_record_msg *m)
{
	return am_record_check(m, sizeof(*m));
}

static void good_messages_pass(void **)
{
	for (uint16_t type = AM_RECORD_HELLO; type < AM_RECORD_TYPE_COUNT; type++) {
		struct am_record_msg m = message(type);
		assert_int_equal(check(&m), 0);
	}
}

static void other_types_and_lengths_are_refused(void **)
{
	for (uint32_t type = 0; type <= UINT16_MAX; type++) {
		struct am_record_msg m = {.type = (uint16_t)type};
		if (type != AM_RECORD_SYNC)
			assert_int_equal(check(&m), -EINVAL);
	}
	struct am_record_msg m = message(AM_RECORD_SYNC);
	assert_int_equal(am_record_check(&m, 0), -EINVAL);
	assert_int_equal(am_record_check(&m, sizeof(m) - 1), -EINVAL);
	assert_int_equal(am_record_check(&m, sizeof(m) + 1), -EINVAL);
}

static void other_versions_are_refused(void **)
{
	struct am_record_msg m = message(AM_RECORD_HELLO);

	m.hello.version++;
	assert_int_equal(check(&m), -EINVAL);
	m = message(AM_RECORD_HELLO);
	m.hello.magic++;
	assert_int_equal(check(&m), -EINVAL);
}

static bool dir_passes(const char *dir)
{
	struct am_record_msg m = message(AM_RECORD_SET);

	memset(m.set.dir, 0, sizeof(m.set.dir));
	memcpy(m.set.dir, dir,
	       strnlen(dir, sizeof(m.set.dir))); // without a terminator, if it is too long
	return check(&m) == 0;
}

static void directories_stay_below_the_recorders(void **)
{
	static const char *const bad[] = {"",     "/",        "/a",  "a/",   "a//b",  "..",
	                                  "a/..", "../a",     "a.b", "a/.b", "a b",   "a\n",
	                                  "a\\b", "\xc3\xa9", "a:b", "a%2f", "a/../b"};
	char longest[AM_RECORD_DIR_MAX + 2];

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(dir_passes(bad[i]));
	assert_true(dir_passes("a"));
	memset(longest, 'x', sizeof(longest));
	longest[AM_RECORD_DIR_MAX + 1] = '\0';
	assert_false(dir_passes(longest)); // without a terminator
	longest[AM_RECORD_DIR_MAX] = '\0';
	assert_true(dir_passes(longest));
}

static bool name_passes(const char *name)
{
	struct am_record_msg m = message(AM_RECORD_FILE);

	memset(m.file.name, 0, sizeof(m.file.name));
	memcpy(m.file.name, name, strnlen(name, sizeof(m.file.name)));
	return check(&m) == 0;
}

static void names_have_one_slash_and_are_not_hidden(void **)
{
	static const char *const bad[] = {"",     "/a",    "a/",   "..",  "../a", "a/../b", ".a",
	                                  "a/.b", "a/b/c", "a//b", "a b", "a/..", "a\tb.c"};

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(name_passes(bad[i]));
	assert_true(name_passes("tracks/1-voice.webm"));
	assert_true(name_passes("a.."));
}

static void sets_are_bounded(void **)
{
	struct am_record_msg m = message(AM_RECORD_SET);

	m.set.run = AM_RECORD_RUN_COUNT;
	assert_int_equal(check(&m), -EINVAL);
	m = message(AM_RECORD_SET);
	m.set.track_files = 2;
	assert_int_equal(check(&m), -EINVAL);
	m = message(AM_RECORD_SET);
	m.set.recording_id = 0;
	assert_int_equal(check(&m), -EINVAL);
	m = message(AM_RECORD_SET);
	m.set.since_us = 0;
	assert_int_equal(check(&m), -EINVAL);
	m.set.since_us = INT64_MAX;
	assert_int_equal(check(&m), -EINVAL);
	m.set.since_us = INT64_MIN;
	assert_int_equal(check(&m), -EINVAL);
}

static void tracks_are_bounded(void **)
{
	static const struct am_record_track changes[] = {
	        {.track_id = AM_TRACK_MAX | 1ull << 32}, // no such slot
	        {.track_id = 1}, // no epoch
	        {.clock_rate = 7999},
	        {.clock_rate = 192001},
	        {.encoding_count = AM_ENCODING_MAX + 1},
	        {.kind = AM_RECORD_PROGRAMME},
	        {.kind = AM_RECORD_CAMERA}, // with Opus
	        {.codec = AM_CODEC_VP8}, // a voice
	        {.codec = AM_CODEC_COUNT},
	        {.paused = 2},
	};

	for (size_t i = 0; i < COUNT(changes); i++) {
		const struct am_record_track *c = &changes[i];
		struct am_record_msg m = message(AM_RECORD_TRACK);
		m.track.track_id = c->track_id ? c->track_id : m.track.track_id;
		m.track.clock_rate = c->clock_rate ? c->clock_rate : m.track.clock_rate;
		m.track.encoding_count = c->encoding_count ? c->encoding_count : 1;
		m.track.kind = c->kind;
		m.track.codec = c->codec;
		m.track.paused = c->paused;
		assert_int_equal(check(&m), -EINVAL);
	}
	struct am_record_msg m = message(AM_RECORD_TRACK);
	m.track.publisher = 0;
	assert_int_equal(check(&m), -EINVAL);
	m = message(AM_RECORD_TRACK);
	m.track.encoding_count = 0;
	assert_int_equal(check(&m), -EINVAL);
	m.type = AM_RECORD_TRACK_END; // only the ids count
	assert_int_equal(check(&m), 0);
	m.track.recording_id = 0;
	assert_int_equal(check(&m), -EINVAL);
}

static void reports_are_bounded(void **)
{
	struct am_record_msg m = message(AM_RECORD_STATE);

	m.state.state = AM_RECORD_STATE_COUNT;
	assert_int_equal(check(&m), -EINVAL);
	m = message(AM_RECORD_STATE);
	m.state.error = AM_RECORD_ERROR_COUNT;
	assert_int_equal(check(&m), -EINVAL);
	m = message(AM_RECORD_STATE);
	m.state.began_us = -1;
	assert_int_equal(check(&m), -EINVAL);

	m = message(AM_RECORD_FILE);
	m.file.kind = AM_RECORD_KIND_COUNT;
	assert_int_equal(check(&m), -EINVAL);
	m = message(AM_RECORD_FILE);
	m.file.kind = AM_RECORD_VOICE; // without a track
	assert_int_equal(check(&m), -EINVAL);
	m.file.track_id = am_id_make(3, 1);
	assert_int_equal(check(&m), -EINVAL);
	m.file.publisher = 1;
	assert_int_equal(check(&m), 0);
	m.file.complete = 2;
	assert_int_equal(check(&m), -EINVAL);
}

static void every_number_has_a_name(void **)
{
	for (uint32_t i = 0; i < AM_RECORD_TYPE_COUNT; i++)
		assert_non_null(am_record_name((uint16_t)i));
	for (uint32_t i = 0; i < AM_RECORD_ERROR_COUNT; i++)
		assert_non_null(am_record_error_name((uint8_t)i));
	assert_string_equal(am_record_name(AM_RECORD_TYPE_COUNT), "unknown");
	assert_string_equal(am_record_error_name(AM_RECORD_ERROR_COUNT), "unknown");
}

// What passes has strings that end, and that stay below the directory.
static void check_hostile(const uint8_t *bytes, size_t len)
{
	struct am_record_msg m = {0};

	memcpy(&m, bytes, len < sizeof(m) ? len : sizeof(m));
	if (am_record_check(&m, len) < 0)
		return;
	const char *path = m.type == AM_RECORD_SET    ? m.set.dir
	                   : m.type == AM_RECORD_FILE ? m.file.name
	                                              : "a";
	assert_true(strlen(path) <= AM_RECORD_DIR_MAX);
	assert_true(path[0] != '\0' && path[0] != '/' && path[0] != '.');
	assert_null(strstr(path, "/."));
	assert_null(strstr(path, "//"));
}

static void hostile_messages_are_refused(void **)
{
	for (uint16_t type = AM_RECORD_HELLO; type < AM_RECORD_TYPE_COUNT; type++) {
		struct am_record_msg m = message(type);
		hostile_bytes(check_hostile, (const uint8_t *)&m, sizeof(m));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(good_messages_pass),
	        cmocka_unit_test(other_types_and_lengths_are_refused),
	        cmocka_unit_test(other_versions_are_refused),
	        cmocka_unit_test(directories_stay_below_the_recorders),
	        cmocka_unit_test(names_have_one_slash_and_are_not_hidden),
	        cmocka_unit_test(sets_are_bounded),
	        cmocka_unit_test(tracks_are_bounded),
	        cmocka_unit_test(reports_are_bounded),
	        cmocka_unit_test(every_number_has_a_name),
	        cmocka_unit_test(hostile_messages_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

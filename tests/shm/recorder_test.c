// A real recorder: what it makes of a stream, on which orders. The program's argument is its
// binary.
#include "test.h"

#include "film.h"
#include "player.h"
#include "scratch.h"
#include "studio.h"
#include "walk.h"

#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECOND 1000000

static const char *binary;
static struct film *film;

static void begin(struct studio *s, uint64_t id, bool track_files)
{
	studio_start(s);
	studio_connect(s);
	studio_talker(s, film, 0);
	studio_set(s, id, AM_RECORD_RUN, track_files, studio_now_us());
	studio_tracks(s, id, &s->talkers[0]);
	studio_sync(s);
}

static void stop(struct studio *s, uint64_t id)
{
	studio_set(s, id, AM_RECORD_STOP, true, studio_now_us());
	studio_until(s, id, AM_RECORD_STOPPED);
}

static void pictures_and_sound_are_recorded(void **)
{
	static struct studio s; // its thread outlives a failure

	studio_open(&s, binary, NULL, 1);
	begin(&s, 7, true);
	int64_t begin_us = studio_now_us();
	studio_run(&s, begin_us + 4 * SECOND);
	assert_true(s.recording_us > 0 && s.recording_us - begin_us < 3 * SECOND / 2);
	stop(&s, 7);

	const struct am_record_file *programme = studio_file(&s, 7, AM_RECORD_PROGRAMME, 0);
	const struct am_record_file *camera = studio_file(&s, 7, AM_RECORD_CAMERA, 0);
	const struct am_record_file *voice = studio_file(&s, 7, AM_RECORD_VOICE, 0);
	assert_int_equal(s.file_count, 3);
	for (int i = 0; i < s.file_count; i++) {
		const char *path = studio_path(&s, &s.files[i]);
		struct stat st;
		assert_true(s.files[i].complete);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_size, s.files[i].bytes);
		assert_int_equal(st.st_mode & 0777, 0600);
		player_decodes(path, false);
		assert_true(
		        llabs(player_duration_ms(path) - (int64_t)s.files[i].duration_ms) <= 10
		);
	}
	struct studio_range pictures = studio_shows(film, studio_path(&s, camera), 0, 0);
	struct studio_range sound = studio_shows(film, studio_path(&s, voice), 0, 1);
	assert_true(pictures.first == 0 && pictures.count >= 4 * FILM_FPS - 3);
	assert_true(sound.first == 0 && sound.count >= 4 * 50 - 3);
	assert_int_equal(studio_state(&s, 7)->missed, 0);
	assert_int_equal(studio_state(&s, 7)->gaps, 0);
	assert_true(programme->duration_ms >= 3990 && programme->duration_ms <= 4100);
	assert_true(llabs((int64_t)(voice->offset_ms - camera->offset_ms)) <= STUDIO_JITTER_MS);
	studio_close(&s);
}

static void pauses_are_left_out(void **)
{
	static struct studio s; // its thread outlives a failure

	studio_open(&s, binary, NULL, 1);
	begin(&s, 7, true);
	int64_t begin_us = studio_now_us();
	studio_run(&s, begin_us + 2 * SECOND);
	studio_set(&s, 7, AM_RECORD_PAUSE, true, studio_now_us());
	studio_until(&s, 7, AM_RECORD_PAUSED);
	studio_run(&s, begin_us + 4 * SECOND);
	uint64_t duration_ms = studio_state(&s, 7)->duration_ms;
	assert_true(duration_ms >= 1990 && duration_ms <= 2100);
	studio_set(&s, 7, AM_RECORD_RUN, true, studio_now_us());
	studio_until(&s, 7, AM_RECORD_RECORDING);
	studio_run(&s, begin_us + 6 * SECOND);
	stop(&s, 7);
	for (int i = 0; i < s.file_count; i++) {
		const char *path = studio_path(&s, &s.files[i]);
		player_decodes(path, false);
		assert_true(llabs(player_duration_ms(path) - 4000) < 200);
	}
	studio_close(&s);
}

static void an_empty_room_is_recorded(void **)
{
	static struct studio s; // its thread outlives a failure

	studio_open(&s, binary, NULL, 1);
	studio_start(&s);
	studio_connect(&s);
	int64_t begin_us = studio_now_us();
	studio_set(&s, 7, AM_RECORD_RUN, true, begin_us);
	studio_sync(&s);
	studio_until(&s, 7, AM_RECORD_RECORDING);
	assert_true(studio_now_us() - begin_us < 2 * SECOND);
	studio_chat(&s, 7, "1 envelope\nhello \\ there");
	studio_chat(&s, 8, "another room");
	studio_run(&s, begin_us + 3 * SECOND);
	stop(&s, 7);
	const struct am_record_file *programme = studio_file(&s, 7, AM_RECORD_PROGRAMME, 0);
	player_decodes(studio_path(&s, programme), false);
	assert_true(llabs(player_duration_ms(studio_path(&s, programme)) - 3000) < 200);

	char line[128] = "";
	long long ms;
	FILE *f = fopen(studio_path(&s, studio_file(&s, 7, AM_RECORD_CHAT, 0)), "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lld %127[^\n]", &ms, line), 2);
	assert_string_equal(line, "1 envelope\\nhello \\\\ there");
	assert_true(ms > 0 && ms < 3000);
	assert_int_equal(fgetc(f), '\n');
	assert_int_equal(fgetc(f), EOF);
	fclose(f);
	studio_close(&s);
}

// As long as the time line, however long nothing comes.
static void a_mute_is_silence(void **)
{
	static struct studio s; // its thread outlives a failure

	studio_open(&s, binary, NULL, 1);
	begin(&s, 7, true);
	int64_t begin_us = studio_now_us();
	studio_run(&s, begin_us + SECOND);
	s.talkers[0].quiet = true;
	studio_run(&s, begin_us + 3 * SECOND);
	s.talkers[0].quiet = false;
	studio_run(&s, begin_us + 4 * SECOND);
	s.talkers[0].quiet = true;
	studio_run(&s, begin_us + 6 * SECOND);
	stop(&s, 7);
	const struct am_record_file *voice = studio_file(&s, 7, AM_RECORD_VOICE, 0);
	const char *path = studio_path(&s, voice);
	player_decodes(path, false);
	struct walk *w = walk_file(path);
	walk_assert_whole(w, false);
	for (size_t i = 0; i < w->block_count; i++)
		assert_int_equal(w->blocks[i].time_ms, i * 20); // no gap
	int64_t end_ms = (int64_t)(voice->offset_ms + w->block_count * 20);
	assert_true(llabs(end_ms - (int64_t)studio_state(&s, 7)->duration_ms) <= 20);
	walk_free(w);
	assert_int_equal(studio_state(&s, 7)->gaps, 0);
	studio_close(&s);
}

static void two_recordings_go_on_side_by_side(void **)
{
	static struct studio s; // its thread outlives a failure

	studio_open(&s, binary, NULL, 1);
	begin(&s, 7, true);
	int64_t begin_us = studio_now_us();
	studio_run(&s, begin_us + SECOND);
	studio_set(&s, 8, AM_RECORD_RUN, false, studio_now_us());
	studio_talker(&s, film, 1);
	studio_tracks(&s, 8, &s.talkers[1]);
	studio_run(&s, begin_us + 3 * SECOND);
	stop(&s, 7);
	studio_run(&s, begin_us + 4 * SECOND);
	assert_int_equal(studio_state(&s, 8)->state, AM_RECORD_RECORDING);
	stop(&s, 8);
	studio_shows(film, studio_path(&s, studio_file(&s, 7, AM_RECORD_CAMERA, 0)), 0, 0);
	assert_null(studio_file(&s, 8, AM_RECORD_CAMERA, 0)); // without files of its tracks
	const char *path = studio_path(&s, studio_file(&s, 8, AM_RECORD_PROGRAMME, 0));
	player_decodes(path, false);
	assert_true(llabs(player_duration_ms(path) - 3000) < 200);
	studio_close(&s);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(pictures_and_sound_are_recorded),
	        cmocka_unit_test(pauses_are_left_out),
	        cmocka_unit_test(an_empty_room_is_recorded),
	        cmocka_unit_test(a_mute_is_silence),
	        cmocka_unit_test(two_recordings_go_on_side_by_side),
	};

	if (argc != 2 || !freopen("/dev/null", "r", stdin)) // ffmpeg would take commands
		return 2;
	binary = argv[1];
	film = film_create(CODEC_VP8, true, 20);
	int ret = cmocka_run_group_tests(tests, NULL, NULL);
	film_free(film);
	return ret;
}

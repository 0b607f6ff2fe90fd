// A recorder that is killed, stopped or flooded at any moment: what lies on the disk plays, and the
// next one goes on so that nothing is missing. The program's argument is its binary.
#include "test.h"

#include "film.h"
#include "hostile.h"
#include "player.h"
#include "scratch.h"
#include "studio.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define SECOND   1000000
#define KILLS    8
#define LOST_MS  1000
#define KEY_SEEN 3 * SECOND // key frames of the film are closer

static const char *binary;
static struct film *film;

static void state_all(struct studio *s, uint64_t id, uint8_t run, int64_t since_us)
{
	studio_set(s, id, run, true, since_us);
	for (int i = 0; i < s->talker_count; i++)
		studio_tracks(s, id, &s->talkers[i]);
	studio_sync(s);
}

static int64_t begin(struct studio *s, int free_min_mib, const char *directory)
{
	studio_open(s, binary, directory, free_min_mib);
	studio_start(s);
	studio_connect(s);
	studio_talker(s, film, 0);
	int64_t begin_us = studio_now_us();
	state_all(s, 7, AM_RECORD_RUN, begin_us);
	return begin_us;
}

static void stop(struct studio *s, uint64_t id)
{
	studio_set(s, id, AM_RECORD_STOP, true, studio_now_us());
	studio_until(s, id, AM_RECORD_STOPPED);
}

// The copy as it lies.
static void check_left(const struct studio *s, int64_t lived_us)
{
	char said[4096];
	const char *copy = scratch_path("left.webm");

	for (int i = 0; i < s->file_count; i++) {
		const struct am_record_file *f = &s->files[i];
		assert_int_equal(
		        scratch_run(said, sizeof(said), "cp %s %s", studio_path(s, f), copy), 0
		);
		player_decodes(copy, true);
		int64_t end_ms = (int64_t)f->offset_ms + player_duration_ms(copy);
		assert_true(end_ms >= lived_us / 1000 - LOST_MS);
	}
}

// Every frame is there, in the track's files and in the programme.
static void check_whole(struct studio *s, int64_t length_us)
{
	size_t seconds = (size_t)(length_us / SECOND - 1);

	for (int i = 0; i < s->file_count; i++)
		player_decodes(studio_path(s, &s->files[i]), false);
	struct studio_range camera =
	        studio_shows(film, studio_path(s, studio_file(s, 7, AM_RECORD_CAMERA, 0)), 0, 0);
	struct studio_range voice =
	        studio_shows(film, studio_path(s, studio_file(s, 7, AM_RECORD_VOICE, 0)), 0, 1);
	const struct am_record_file *programme = studio_file(s, 7, AM_RECORD_PROGRAMME, 0);
	struct studio_range shown = studio_shows(film, studio_path(s, programme), 0, 0);
	assert_int_equal(camera.first, 0);
	assert_true(camera.count >= seconds * FILM_FPS);
	assert_int_equal(voice.first, 0);
	assert_true(voice.count >= seconds * 50);
	assert_true(shown.count >= camera.count - 2);
	assert_true(llabs((int64_t)programme->duration_ms - length_us / 1000) < 900);
	assert_null(studio_file(s, 7, AM_RECORD_PROGRAMME, 1)); // one part
}

static void a_kill_loses_nothing(void **)
{
	uint64_t random = hostile_seed();
	static struct studio s; // its thread outlives a failure
	int64_t begin_us = begin(&s, 1, NULL);

	studio_run(&s, begin_us + 3 * SECOND / 2);
	for (int i = 0; i < KILLS; i++) {
		studio_run(&s, studio_now_us() + 300000 + hostile_random(&random) % SECOND);
		int64_t killed_us = studio_now_us();
		studio_kill(&s, SIGKILL);
		check_left(&s, killed_us - begin_us);
		studio_start(&s);
		studio_connect(&s);
		studio_run(&s, studio_now_us() + hostile_random(&random) % 300000);
		state_all(&s, 7, AM_RECORD_RUN, studio_now_us());
	}
	studio_run(&s, studio_now_us() + SECOND);
	stop(&s, 7);
	check_whole(&s, studio_now_us() - begin_us);
	assert_int_equal(studio_state(&s, 7)->missed, 0);
	studio_close(&s);
}

// The key frame is no longer in the ring, but what has come since is.
static void a_kill_requires_no_key_frame(void **)
{
	static struct studio s; // its thread outlives a failure
	int64_t begin_us = begin(&s, 1, NULL);

	studio_run(&s, begin_us + 2 * SECOND + TALKER_DELAY_US + STUDIO_JITTER_MS * 1000);
	for (uint32_t i = 0; i < AM_TAP_SLOTS - 60; i++) {
		struct am_tap_entry *e = studio_entry_begin(&s, 0);
		e->kind = AM_TAP_PACKET;
		e->id = am_id_make(99, 1);
		studio_entry_end(&s, 0);
		if (i % 1000 == 0)
			studio_run(&s, studio_now_us() + 1000);
	}
	studio_run(&s, begin_us + 29 * SECOND / 10);
	studio_kill(&s, SIGKILL);
	studio_start(&s);
	studio_connect(&s);
	state_all(&s, 7, AM_RECORD_RUN, begin_us);
	studio_run(&s, begin_us + 5 * SECOND);
	stop(&s, 7);
	check_whole(&s, 5 * SECOND);
	studio_close(&s);
}

static void a_killed_recording_can_be_stopped(void **)
{
	static struct studio s; // its thread outlives a failure
	int64_t begin_us = begin(&s, 1, NULL);

	studio_run(&s, begin_us + 2 * SECOND);
	studio_kill(&s, SIGKILL);
	int64_t end_us = studio_now_us();
	studio_run(&s, end_us + SECOND / 2); // said after the end
	studio_start(&s);
	studio_connect(&s);
	state_all(&s, 7, AM_RECORD_STOP, end_us);
	studio_until(&s, 7, AM_RECORD_STOPPED);
	const struct am_record_file *camera = studio_file(&s, 7, AM_RECORD_CAMERA, 0);
	struct studio_range r = studio_shows(film, studio_path(&s, camera), 0, 0);
	assert_true(r.count >= 2 * FILM_FPS - 3 && r.count <= 2 * FILM_FPS + 3);
	studio_close(&s);
}

static void an_orderly_end_can_be_continued(void **)
{
	static struct studio s; // its thread outlives a failure
	int64_t begin_us = begin(&s, 1, NULL);

	studio_run(&s, begin_us + 2 * SECOND);
	studio_kill(&s, SIGTERM);
	check_left(&s, 2 * SECOND);
	studio_run(&s, begin_us + 3 * SECOND);
	studio_start(&s);
	studio_connect(&s);
	state_all(&s, 7, AM_RECORD_RUN, begin_us);
	studio_run(&s, begin_us + 4 * SECOND);
	stop(&s, 7);
	check_whole(&s, 4 * SECOND);
	studio_close(&s);
}

static void a_stall_of_2_s_loses_nothing(void **)
{
	static struct studio s; // its thread outlives a failure
	int64_t begin_us = begin(&s, 1, NULL);

	studio_run(&s, begin_us + SECOND);
	kill(s.pid, SIGSTOP);
	studio_run(&s, begin_us + 3 * SECOND);
	kill(s.pid, SIGCONT);
	studio_run(&s, begin_us + 4 * SECOND);
	stop(&s, 7);
	check_whole(&s, 4 * SECOND);
	assert_int_equal(studio_state(&s, 7)->missed, 0);
	studio_close(&s);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_kill_loses_nothing),
	        cmocka_unit_test(a_kill_requires_no_key_frame),
	        cmocka_unit_test(a_killed_recording_can_be_stopped),
	        cmocka_unit_test(an_orderly_end_can_be_continued),
	        cmocka_unit_test(a_stall_of_2_s_loses_nothing),
	};

	if (argc != 2 || !freopen("/dev/null", "r", stdin)) // ffmpeg would take commands
		return 2;
	binary = argv[1];
	film = film_create(CODEC_VP8, true, 20);
	int ret = cmocka_run_group_tests(tests, NULL, NULL);
	film_free(film);
	return ret;
}

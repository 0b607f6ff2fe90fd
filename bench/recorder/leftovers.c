// Recordings that go on side by side when the recorder is killed. The next one is told to stop
// them.
#include "recorder_bench.h"

#include "test.h"
#include "walk.h"

#include <signal.h>

#define LEFTOVERS 20
#define PHASE_MS  604
#define AGE_US    10000000

static void state_all(struct studio *s, uint8_t run, int64_t since_us)
{
	for (int i = 0; i < LEFTOVERS; i++) {
		studio_set(s, (uint64_t)i + 1, run, true, since_us);
		if (run == AM_RECORD_RUN)
			studio_tracks(s, (uint64_t)i + 1, &s->talkers[i]);
	}
	studio_sync(s);
}

static void assert_usable(const struct studio *s)
{
	assert_int_equal(s->file_count, 3 * LEFTOVERS);
	for (int i = 0; i < s->file_count; i++) {
		struct walk *w = walk_file(studio_path(s, &s->files[i]));
		walk_assert_whole(w, false);
		walk_free(w);
		assert_true(s->files[i].complete);
		assert_true(s->files[i].duration_ms + 1500 >= AGE_US / 1000);
	}
}

void measure_leftovers(const struct recorder_bench *b)
{
	struct studio s;

	studio_open(&s, b->recorder, NULL, 1);
	for (int i = 0; i < LEFTOVERS; i++)
		studio_talker_at(&s, b->demo, i, i * PHASE_MS);
	studio_start(&s);
	studio_connect(&s);
	state_all(&s, AM_RECORD_RUN, studio_now_us());
	studio_run(&s, studio_now_us() + AGE_US);
	int64_t killed_us = studio_now_us();
	studio_kill(&s, SIGKILL);
	s.talker_count = 0; // everybody has left
	int64_t started_us = studio_now_us();
	studio_start(&s);
	studio_connect(&s);
	state_all(&s, AM_RECORD_STOP, killed_us);
	for (uint64_t id = 1; id <= LEFTOVERS; id++)
		studio_until(&s, id, AM_RECORD_STOPPED);
	const struct figure f = {
	        .name = "leftovers_ready_s",
	        .unit = "s",
	        .load = "20 recordings cut by a kill",
	        .value = (double)(studio_now_us() - started_us) / 1e6,
	        .goal = 5,
	};
	assert_usable(&s);
	record_value(b->json, &f);
	studio_close(&s);
}

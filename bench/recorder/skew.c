// One talker who shows the clip of marks, over a link that loses, delays and drifts, and mutes the
// microphone twice. The programme says how far apart sound and picture are.
#include "recorder_bench.h"

#include "scratch.h"
#include "test.h"

#define RECORDING 1
#define MUTES     2
#define MUTE_S    3

static void mute(struct studio *s, bool muted)
{
	s->talkers[0].muted = muted;
	studio_tracks(s, RECORDING, &s->talkers[0]);
}

// Between two beeps, since half of one would be taken for a late one.
static int64_t between_beeps(const struct studio *s, int64_t after_us)
{
	return s->talkers[0].begin_us + after_us / 1000000 * 1000000 + 500000;
}

static void talk(struct studio *s, int64_t length_us)
{
	for (int i = 1; i <= MUTES; i++) {
		int64_t begin_us = between_beeps(s, i * length_us / (MUTES + 1));
		studio_run(s, begin_us);
		mute(s, true);
		studio_run(s, begin_us + MUTE_S * 1000000);
		mute(s, false);
	}
	studio_run(s, s->talkers[0].begin_us + length_us);
}

static void report(const struct recorder_bench *b, const char *path)
{
	char said[512], load[128];
	double p99_ms, median_ms;
	int beeps, errors;

	int ret = scratch_run(said, sizeof(said), "python3 %s %s 2>&1", b->skew, path);
	if (ret != 0 || sscanf(said, "%lf %lf %d %d", &p99_ms, &median_ms, &beeps, &errors) != 4)
		fail_msg("%s: %s", b->skew, said);
	assert_true(beeps >= (b->seconds - MUTES * MUTE_S) / 2);
	snprintf(
	        load, sizeof(load), "%d beeps: 5 %% loss, 25 %% out of turn, 100 ppm, %d mutes",
	        beeps, MUTES
	);
	struct figure f = {
	        .name = "skew_p99_ms",
	        .unit = "ms",
	        .load = load,
	        .value = p99_ms,
	        .goal = 40,
	};
	record_value(b->json, &f);
	f.goal = 0;
	f.name = "skew_median_ms";
	f.value = median_ms;
	record_value(b->json, &f);
	f.name = "decode_errors";
	f.unit = "lines";
	f.value = errors;
	record_value(b->json, &f);
}

void measure_skew(const struct recorder_bench *b)
{
	struct studio s;

	studio_open(&s, b->recorder, NULL, 1);
	studio_start(&s);
	studio_connect(&s);
	studio_set(&s, RECORDING, AM_RECORD_RUN, false, studio_now_us());
	struct talker *t = studio_talker(&s, b->marks, 0);
	t->link = (struct talker_link){
	        .lost_permille = 50,
	        .late_permille = 250,
	        .late_us = 40000,
	        .repair_us = 80000,
	        .drift_ppm = 100,
	};
	studio_tracks(&s, RECORDING, t);
	studio_sync(&s);
	talk(&s, (int64_t)b->seconds * 1000000);
	studio_set(&s, RECORDING, AM_RECORD_STOP, true, studio_now_us());
	studio_until(&s, RECORDING, AM_RECORD_STOPPED);
	report(b, studio_path(&s, studio_file(&s, RECORDING, AM_RECORD_PROGRAMME, 0)));
	studio_close(&s);
}

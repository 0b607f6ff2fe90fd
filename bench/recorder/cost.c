// Ten cameras at 720p and ten microphones, with a file of each, and the programme.
#include "recorder_bench.h"

#include "test.h"
#include "walk.h"

#include <signal.h>
#include <time.h>

#define TALKERS    10
#define FILES      (2 * TALKERS + 1)
#define RECORDING  1
#define PHASE_MS   1204 // from one talker's place in the clip to the next one's, in steps of a frame
#define WARM_UP_US 3000000

struct usage {
	int64_t at_us;
	double cpu_s; // of all threads, in user space and in the kernel
	double written; // bytes that it has given the kernel
};

static struct usage usage_of(pid_t pid)
{
	struct usage u = {.at_us = studio_now_us()};
	struct timespec cpu;
	clockid_t clock;
	char path[64], line[64];

	assert_int_equal(clock_getcpuclockid(pid, &clock), 0);
	assert_int_equal(clock_gettime(clock, &cpu), 0);
	u.cpu_s = (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9;
	snprintf(path, sizeof(path), "/proc/%d/io", (int)pid);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		sscanf(line, "wchar: %lf", &u.written);
	fclose(f);
	return u;
}

static void begin(struct studio *s, const struct film *film)
{
	studio_start(s);
	studio_connect(s);
	studio_set(s, RECORDING, AM_RECORD_RUN, true, studio_now_us());
	for (int i = 0; i < TALKERS; i++)
		studio_tracks(s, RECORDING, studio_talker_at(s, film, i, i * PHASE_MS));
	studio_leader(s, RECORDING, &s->talkers[0]);
	studio_sync(s);
	studio_until(s, RECORDING, AM_RECORD_RECORDING);
	studio_run(s, studio_now_us() + WARM_UP_US);
}

// From the order until everything is told, in seconds.
static double stop(struct studio *s)
{
	int64_t asked_us = studio_now_us();

	studio_set(s, RECORDING, AM_RECORD_STOP, true, asked_us);
	studio_until(s, RECORDING, AM_RECORD_STOPPED);
	int64_t told_us = studio_now_us();
	assert_int_equal(studio_state(s, RECORDING)->missed, 0);
	assert_int_equal(studio_state(s, RECORDING)->gaps, 0);
	assert_int_equal(s->file_count, FILES);
	for (int i = 0; i < FILES; i++) {
		assert_true(s->files[i].complete);
		struct walk *w = walk_file(studio_path(s, &s->files[i]));
		walk_assert_whole(w, false);
		walk_free(w);
	}
	return (double)(told_us - asked_us) / 1e6;
}

void measure_cost(const struct recorder_bench *b)
{
	struct studio s;
	struct figure f = {.load = "10 cameras at 720p, 10 microphones", .tracks = 2 * TALKERS};

	studio_open(&s, b->recorder, NULL, 1);
	begin(&s, b->demo);
	struct usage from = usage_of(s.pid);
	studio_run(&s, from.at_us + (int64_t)b->seconds * 1000000);
	struct usage to = usage_of(s.pid);
	double elapsed_s = (double)(to.at_us - from.at_us) / 1e6;
	double ready_s = stop(&s);
	studio_close(&s);

	f.name = "core_percent";
	f.unit = "% of a core";
	f.value = 100 * (to.cpu_s - from.cpu_s) / elapsed_s;
	f.goal = 5;
	record_value(b->json, &f);
	f.name = "write_mb_per_s";
	f.unit = "MB/s";
	f.value = (to.written - from.written) / 1e6 / elapsed_s;
	f.goal = 0;
	record_value(b->json, &f);
	f.name = "ready_after_stop_s";
	f.unit = "s";
	f.value = ready_s;
	f.goal = 5;
	record_value(b->json, &f);
}

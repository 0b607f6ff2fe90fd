// What a viewer gets over links that change, in virtual time: the real estimate and allocator in a
// small model of their surroundings (tests/unit/dataplane/media/viewing.h). bench-viewing [SEEDS
// [CASE]] prints a table; with one seed, also a line for each event.
#include "traces.h"
#include "viewing.h"

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND    INT64_C(1000000)
#define MS        INT64_C(1000)
#define TRACE_MS  120000
#define MEAN_BPS  2000000
#define JITTER_MS 500 // a step is shifted at random by up to this
#define OPEN_MS   5000 // the same for an opening, so that it comes anywhere between two probes
#define SEEDS_MAX 10000

enum kind { STEPS, SHARE, LTE, WIFI, TCP };

static const struct viewing_case {
	const char *name;
	enum kind kind;
	int warm_s, end_s;
	uint32_t depth;
	struct rate_step steps[4];
} cases[] = {
        {"steps",
         STEPS,
         20,
         80,
         0,
         {{0, 3000000}, {20 * SECOND, 600000}, {35 * SECOND, 150000}, {50 * SECOND, 3000000}}},
        {"600k opens", STEPS, 20, 80, 0, {{0, 600000}, {50 * SECOND, 3000000}}},
        {"250k opens", STEPS, 20, 80, 0, {{0, 250000}, {50 * SECOND, 3000000}}},
        {"share opens", SHARE, 20, 80, 0, {{0, 500000}, {50 * SECOND, 3000000}}},
        {"600k", STEPS, 20, 80, 0, {{0, 0}, {20 * SECOND, 600000}}},
        {"bucket6k", STEPS, 20, 80, 6000, {{0, 0}, {20 * SECOND, 600000}}},
        {"bucket1600", STEPS, 20, 80, 1600, {{0, 0}, {20 * SECOND, 600000}}},
        {"250k", STEPS, 20, 80, 0, {{0, 0}, {20 * SECOND, 250000}}},
        {"95k", STEPS, 20, 80, 0, {{0, 0}, {20 * SECOND, 95000}}},
        {"2m", STEPS, 5, 65, 0, {{0, 2000000}}},
        {"lte", LTE, 5, 65, 0, {{0, 0}}},
        {"wifi", WIFI, 5, 65, 0, {{0, 0}}},
        {"tcp 1m", TCP, 20, 80, 0, {{0, 1000000}}},
        {"tcp 2m", TCP, 20, 80, 0, {{0, 2000000}}},
};

struct sum {
	double frames, frozen, queue, changes, goodput, share, height[VIEWING_ENCODINGS];
	double frozen_max, queue_max, changes_max;
	double up[SEEDS_MAX]; // s
	unsigned ups;
};

static struct viewing viewing;

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double percentile(double *values, unsigned n, unsigned percent)
{
	qsort(values, n, sizeof(*values), compare);
	return n > 0 ? values[(n - 1) * percent / 100] : 0;
}

// When the link opens for good, or 0.
static int64_t opens_us(const struct rate_step *steps, uint32_t n)
{
	return n > 1 && steps[n - 2].bit_s > 0 && steps[n - 1].bit_s > steps[n - 2].bit_s
	               ? steps[n - 1].at_us
	               : 0;
}

static double larger(double a, double b)
{
	return a > b ? a : b;
}

// Seconds from `from` until a second of video in this encoding begins.
static double until_encoding(int encoding, int64_t from_us, int64_t to_us)
{
	uint32_t before = viewing.result.pictures[encoding];
	int64_t since_us = from_us;
	for (int64_t us = from_us; us < to_us; us += 100 * MS) {
		viewing_run(&viewing, us + 100 * MS);
		if (viewing.encoding != encoding) {
			since_us = us + 100 * MS;
			before = viewing.result.pictures[encoding];
		} else if (viewing.result.pictures[encoding] - before >= 15) {
			return (double)(since_us - from_us) / SECOND;
		}
	}
	return (double)(to_us - from_us) / SECOND;
}

static void run(const struct viewing_case *c, uint64_t seed, bool log, struct sum *sum)
{
	struct rate_step steps[4];
	struct trace trace = {0};
	struct viewing_config config = {
	        .seed = seed,
	        .log = log,
	        .tcp = c->kind == TCP,
	        .down = {.queue_us = 200 * MS, .depth_bytes = c->depth, .seed = seed},
	        .up = {.delay_us = MS},
	};
	uint32_t n = 0;
	for (; n < 4 && (n == 0 || c->steps[n].at_us > 0); n++) {
		steps[n] = c->steps[n];
		steps[n].at_us += n > 0 ? (int64_t)(seed * 37 % JITTER_MS) * MS : 0;
	}
	if (opens_us(steps, n) > 0)
		steps[n - 1].at_us = c->steps[n - 1].at_us + (int64_t)(seed * 37 % OPEN_MS) * MS;
	int ret = 0;
	if (c->kind == LTE)
		ret = trace_lte(&trace, MEAN_BPS, TRACE_MS, seed);
	else if (c->kind == WIFI)
		ret = trace_wifi(&trace, MEAN_BPS, TRACE_MS, seed);
	assert_int_equal(ret, 0);
	if (trace.n > 0)
		config.down.rate = (struct rate){.trace = trace.ms, .trace_n = trace.n};
	else
		config.down.rate = (struct rate){.steps = steps, .steps_n = n};
	int64_t open_us = opens_us(steps, n);
	config.moves_us = c->kind == SHARE ? open_us : 0;
	viewing_start(&viewing, &config);
	viewing_run(&viewing, c->warm_s * SECOND);
	viewing_measure(&viewing);
	if (open_us > 0) {
		viewing_run(&viewing, open_us);
		sum->up[sum->ups++] =
		        until_encoding(viewing_top(&viewing), open_us, c->end_s * SECOND);
	}
	viewing_run(&viewing, c->end_s * SECOND);
	viewing_stop(&viewing);
	if (trace.n > 0)
		trace_fini(&trace);

	const struct viewing_result *r = &viewing.result;
	double s = (double)r->us / SECOND, pictures = 0;
	double still = larger((double)r->frozen_us, (double)r->dark_us) / SECOND;
	for (int e = 0; e < VIEWING_ENCODINGS; e++) {
		pictures += r->pictures[e];
		sum->height[e] += r->pictures[e];
	}
	double changes = r->changes * 60 / s, queue = viewing_queue_ms(&viewing, 95);
	sum->frames += pictures / s;
	sum->frozen += still;
	sum->frozen_max = larger(sum->frozen_max, still);
	sum->queue += queue;
	sum->queue_max = larger(sum->queue_max, queue);
	sum->changes += changes;
	sum->changes_max = larger(sum->changes_max, changes);
	sum->goodput += (double)r->media_bytes * 8 / 1000 / s;
	uint64_t all = r->wire_bytes + r->tcp_bytes;
	sum->share += c->kind == TCP && all > 0 ? (double)r->wire_bytes / (double)all : 0;
}

int main(int argc, char **argv)
{
	static struct sum s;
	unsigned seeds = argc > 1 ? (unsigned)atoi(argv[1]) : 100;
	uint64_t first = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;
	seeds = seeds < SEEDS_MAX ? seeds : SEEDS_MAX;
	printf("%-12s%10s%16s%14s%14s%10s%16s%8s  %s\n", "link", "frames/s", "frozen s, max",
	       "queue, max", "changes, max", "kbit/s", "top s, p50 p95", "share", "encodings %");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct viewing_case *c = &cases[i];
		if (argc > 2 && strcmp(argv[2], "all") != 0 && strcmp(argv[2], c->name) != 0)
			continue;
		memset(&s, 0, sizeof(s));
		for (uint64_t seed = first; seed < first + seeds; seed++)
			run(c, seed, seeds == 1, &s);
		double n = seeds, h = s.height[0] + s.height[1] + s.height[2];
		printf("%-12s%10.1f%9.1f %6.1f%8.0f %5.0f%8.1f %5.0f%10.0f%9.1f %6.1f%8.2f  %.0f "
		       "%.0f %.0f\n",
		       c->name, s.frames / n, s.frozen / n, s.frozen_max, s.queue / n, s.queue_max,
		       s.changes / n, s.changes_max, s.goodput / n, percentile(s.up, s.ups, 50),
		       percentile(s.up, s.ups, 95), s.share / n, 100 * s.height[0] / h,
		       100 * s.height[1] / h, 100 * s.height[2] / h);
		fflush(stdout);
	}
	return 0;
}

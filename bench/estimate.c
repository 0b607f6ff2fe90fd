// How close the estimate of a viewer's link comes to the link model, in virtual time, and what it
// costs: a table on stdout. tests/unit/dataplane/media/simulation.h says what is simulated.
#include "record.h"
#include "simulation.h"

#include <stdio.h>

#define WAY_US   (50 * MS)
#define WARM_S   10
#define END_S    130
#define SEEDS    10
#define STATUSES 40
#define APART_US 1250 // between packets: STATUSES of them take 50 ms
#define ROUNDS   20000

struct bench_case {
	const char *name;
	enum traffic traffic;
	int64_t kbit_s;
	uint32_t depth; // of the token bucket, bytes
	int64_t queue_us;
	uint32_t middle; // kbit/s of the middle layer
	double loss;
	uint32_t goal; // kbit/s: the most that the traffic can use of the link
};

static const struct bench_case cases[] = {
        {"2 Mbit/s, greedy", TRAFFIC_GREEDY, 2000, 0, 300 * MS, 0, 0, 2000},
        {"2 Mbit/s, greedy, 6 kB", TRAFFIC_GREEDY, 2000, 6000, 300 * MS, 0, 0, 2000},
        {"2 Mbit/s, layers", TRAFFIC_LAYERS, 2000, 0, 300 * MS, 500, 0, 1564},
        {"1 Mbit/s, layers, policer 6 kB", TRAFFIC_LAYERS, 1000, 6000, 10 * MS, 500, 0, 564},
        {"600 kbit/s, greedy", TRAFFIC_GREEDY, 600, 0, 200 * MS, 0, 0, 600},
        {"600 kbit/s, greedy, 1600 B", TRAFFIC_GREEDY, 600, 1600, 200 * MS, 0, 0, 600},
        {"600 kbit/s, greedy, 6 kB", TRAFFIC_GREEDY, 600, 6000, 200 * MS, 0, 0, 600},
        {"600 kbit/s, layers", TRAFFIC_LAYERS, 600, 0, 200 * MS, 330, 0, 394},
        {"600 kbit/s, layers, 1600 B", TRAFFIC_LAYERS, 600, 1600, 200 * MS, 330, 0, 394},
        {"600 kbit/s, layers, 6 kB", TRAFFIC_LAYERS, 600, 6000, 200 * MS, 330, 0, 394},
        {"250 kbit/s, layers, 6 kB", TRAFFIC_LAYERS, 250, 6000, 200 * MS, 500, 0, 214},
        {"3 Mbit/s, layers, loss 2 %", TRAFFIC_LAYERS, 3000, 0, 200 * MS, 500, 0.02, 1564},
        {"3 Mbit/s, layers, loss 5 %", TRAFFIC_LAYERS, 3000, 0, 200 * MS, 500, 0.05, 1564},
        {"3 Mbit/s, layers, loss 10 %", TRAFFIC_LAYERS, 3000, 0, 200 * MS, 500, 0.1, 1564},
        {"3 Mbit/s, layers, loss 20 %", TRAFFIC_LAYERS, 3000, 0, 200 * MS, 500, 0.2, 1564},
};

// Over all seeds: the mean goodput, and the worst value of everything else.
struct outcome {
	double goodput; // share of the goal
	double reached_s; // until 90 % of it
	double probes; // share of what was sent
	uint32_t queue_ms; // 95 % of the packets wait no longer
	int downs; // steps down of the layer, in two minutes
};

static struct simulation sim;

static void run(const struct bench_case *c, uint64_t seed, struct outcome *o)
{
	const struct simulation_config config = {
	        .traffic = c->traffic,
	        .middle = c->middle * 1000,
	        .down =
	                {
	                        .rate.bit_s = c->kbit_s * 1000,
	                        .depth_bytes = c->depth,
	                        .queue_us = c->queue_us,
	                        .delay_us = WAY_US,
	                        .loss = c->loss,
	                        .seed = seed,
	                },
	        .up = {.delay_us = WAY_US},
	};
	double reached_s = END_S;
	simulation_start(&sim, &config);
	for (int i = 1; i <= WARM_S * 10; i++) {
		simulation_run(&sim, i * 100 * MS);
		if (reached_s == END_S && simulation_target(&sim) >= c->goal * 900)
			reached_s = i / 10.0;
	}
	simulation_measure(&sim);
	simulation_run(&sim, END_S * SECOND);
	simulation_stop(&sim);

	const struct simulation_result *r = &sim.result;
	double probes = (double)r->probe_bytes / (double)r->sent_bytes;
	o->goodput += simulation_goodput(&sim) / 1000.0 / c->goal / SEEDS;
	o->reached_s = reached_s > o->reached_s ? reached_s : o->reached_s;
	o->probes = probes > o->probes ? probes : o->probes;
	o->downs = r->downs > o->downs ? r->downs : o->downs;
	uint32_t queue_ms = simulation_queue_ms(&sim, 95);
	o->queue_ms = queue_ms > o->queue_ms ? queue_ms : o->queue_ms;
}

static void print_cases(void)
{
	printf("%-32s %8s %8s %8s %6s %7s\n", "link, traffic", "goodput", "90 %, s", "p95, ms",
	       "downs", "probes");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct outcome o = {0};
		for (uint64_t seed = 1; seed <= SEEDS; seed++)
			run(&cases[i], seed, &o);
		printf("%-32s %8.2f %8.1f %8u %6d %6.1f%%\n", cases[i].name, o.goodput, o.reached_s,
		       o.queue_ms, o.downs, o.probes * 100);
	}
}

// Builds a message with STATUSES small deltas, about packets that arrive as they were sent.
static size_t build(uint8_t *fci, uint16_t base, uint32_t reference)
{
	const uint8_t head[] = {
	        (uint8_t)(base >> 8),
	        (uint8_t)base,
	        0,
	        STATUSES,
	        (uint8_t)(reference >> 16),
	        (uint8_t)(reference >> 8),
	        (uint8_t)reference,
	        0,
	        0x20,
	        STATUSES,
	};
	size_t len = 0;
	for (; len < sizeof(head); len++)
		fci[len] = head[len];
	for (int i = 0; i < STATUSES; i++)
		fci[len++] = APART_US / TWCC_FEEDBACK_TICK_US;
	return len;
}

static void print_costs(void)
{
	static struct downlink d;
	struct series sent = {0}, read = {0}, clock = {0};
	uint8_t fci[64];
	int64_t now_us = SECOND;
	downlink_init(&d, now_us, 0, 1, true);
	for (int i = 0; i < ROUNDS; i++) {
		uint16_t base = (uint16_t)d.sent.next;
		uint64_t begin_ns = thread_time_ns();
		for (int j = 0; j < STATUSES; j++)
			(void)downlink_sent(&d, now_us += APART_US, 1200);
		uint64_t sent_ns = thread_time_ns();
		size_t len = build(fci, base, (uint32_t)(now_us / 64000) - 3);
		uint64_t built_ns = thread_time_ns();
		(void)downlink_feedback(&d, now_us + 60 * MS, fci, len);
		uint64_t read_ns = thread_time_ns();
		series_add(&clock, (double)(thread_time_ns() - read_ns));
		series_add(&sent, (double)(sent_ns - begin_ns) / STATUSES);
		series_add(&read, (double)(read_ns - built_ns));
		if (i % 2 == 0)
			downlink_tick(&d, now_us);
	}
	double clock_ns = series_min(&clock); // the cost of reading the clock
	printf("\na copy: %.1f ns; a feedback message of %d statuses: %.0f ns, median %.0f\n",
	       series_min(&sent) - clock_ns / STATUSES, STATUSES, series_min(&read) - clock_ns,
	       series_median(&read) - clock_ns);
}

int main(void)
{
	print_cases();
	print_costs();
	return 0;
}

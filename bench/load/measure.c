#include "measure.h"

#include "generator.h"
#include "load.h"
#include "steal.h"

#include <rte_cycles.h>

#include <time.h>

#define SETTLE_MS      8000
#define SETTLE_LOOK_MS 100
// Time after the last packet was sent; longer than speakers take to catch up after a stall.
#define DRAIN_MS 600

#define SHED_LOOK_MS 100

#define REST_MS      10000
#define REST_LOOK_MS 300

// The counts at either end of a window.
struct mark {
	struct server_counts server;
	struct audience_counts audience;
	uint64_t now_ns, cpu_ns; // of the generator's thread
	uint64_t tsc, busy;
	uint64_t missed, nacked, steal_ms;
	uint64_t
	        sent[SERVER_STREAM_MAX]; // packets of each source, in the order of viewers' streams
};

void measure_settle(struct generator *g)
{
	struct audience_counts c;

	g->stage.rehearsing = true;
	for (uint32_t ms = 0; ms < SETTLE_MS; ms += SETTLE_LOOK_MS) {
		generator_run(g, SETTLE_LOOK_MS, NULL);
		audience_count(&g->audience, g->added, g->stage.sources, &c);
		if (c.silent == 0 && c.unknown == 0 && stage_in_step(&g->stage))
			break;
	}
	g->stage.rehearsing = false;
	generator_run(g, SETTLE_LOOK_MS, NULL);
}

void measure_rest(struct generator *g)
{
	uint64_t packets;
	uint32_t ms = 0;

	g->stage.stopped = true;
	do {
		packets = g->audience.packets;
		generator_run(g, REST_LOOK_MS, NULL);
		ms += REST_LOOK_MS;
	} while (g->audience.packets != packets && ms < REST_MS);
	g->stage.stopped = false;
}

static const struct source *source_of(const struct generator *g, uint16_t stream)
{
	const struct server_stream *l = &g->audience.layout[stream];
	return &g->stage.sources[l->speaker * LOAD_TRACKS + l->track];
}

// Packets that were sent in the window on streams that received nothing.
static uint64_t
unserved(const struct generator *g, const struct mark *a, const struct audience_counts *end)
{
	uint64_t n = 0;

	for (uint16_t i = 0; i < g->audience.options.stream_count; i++)
		n += (source_of(g, i)->count - a->sent[i]) * end->silent_of[i];
	return n;
}

static void mark_set(struct generator *g, struct mark *m)
{
	struct timespec t;

	audience_count(&g->audience, g->added, g->stage.sources, &m->audience);
	for (uint16_t i = 0; i < g->audience.options.stream_count; i++)
		m->sent[i] = source_of(g, i)->count;
	g->options.calls->counts(g->server, &m->server);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	m->cpu_ns = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
	m->now_ns = g->now_ns;
	m->busy = g->busy;
	m->tsc = rte_rdtsc();
	m->missed = nic_missed(&g->nic);
	m->nacked = g->reports.nacked;
	m->steal_ms = steal_ms();
}

static double share(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

static void measure_fill(
        const struct generator *g, struct measure *r, const struct mark *a, const struct mark *b,
        const struct audience_counts *end
)
{
	uint64_t ns = b->now_ns - a->now_ns, cpu_ns = b->server.cpu_ns - a->server.cpu_ns;
	uint64_t out = b->server.packets_out - a->server.packets_out;

	*r = (struct measure){
	        .viewers = g->added,
	        .seconds = (double)ns / 1e9,
	        .offered =
	                end->expected + end->missing - a->audience.expected + unserved(g, a, end),
	        .delivered = end->received - a->audience.received,
	        .duplicates = end->duplicates - a->audience.duplicates,
	        .resent = end->resent - a->audience.resent,
	        .sound_lost = end->sound_lost - a->audience.sound_lost,
	        .nacked = b->nacked - a->nacked,
	        .unknown = end->unknown,
	        .silent = end->silent,
	        .unserved = unserved(g, a, end),
	        .memory = b->server.memory,
	        .server_drops = b->server.drops - a->server.drops,
	        .missed = b->missed - a->missed,
	        .steal_ms = b->steal_ms - a->steal_ms,
	        .worker_busy =
	                share(b->server.busy - a->server.busy, b->server.total - a->server.total),
	        .worker_got = share(cpu_ns, ns * g->options.workers),
	        .generator_busy = share(b->busy - a->busy, b->tsc - a->tsc),
	        .generator_got = share(b->cpu_ns - a->cpu_ns, ns),
	};
	double work_ns = g->options.calls->polls ? r->worker_busy * (double)cpu_ns : (double)cpu_ns;
	r->copy_ns = out ? work_ns / (double)out : 0;
	uint64_t sent = b->audience.expected + b->audience.missing - a->audience.expected;
	uint64_t arrived = b->audience.received - a->audience.received;
	if (sent > arrived)
		r->behind_s = share(sent - arrived, sent) * r->seconds;
}

// Lets the generator run for this time; returns how much the server sheds then.
static uint32_t shed_look(struct generator *g, uint32_t ms)
{
	generator_run(g, ms, NULL);
	return g->options.calls->shed ? g->options.calls->shed(g->server) : 0;
}

void measure_run(struct generator *g, uint32_t seconds, struct measure *r)
{
	struct mark before, after;
	struct audience_counts end;
	uint32_t shed = 0;

	g->stage.latency = (struct source_latency){0};
	mark_set(g, &before);
	g->stage.measuring = true;
	for (uint32_t ms = 0; ms < seconds * 1000; ms += SHED_LOOK_MS)
		shed = RTE_MAX(shed, shed_look(g, SHED_LOOK_MS));
	g->stage.measuring = false;
	mark_set(g, &after);
	g->stage.stopped = true;
	generator_run(g, DRAIN_MS, NULL);
	g->stage.stopped = false;
	audience_count(&g->audience, g->added, g->stage.sources, &end);
	for (uint16_t i = 0; i < g->stage.track_count; i++)
		source_finish(&g->stage.sources[i], &g->stage.latency);
	measure_fill(g, r, &before, &after, &end);
	r->shed = shed;
}

double measure_calm(struct generator *g)
{
	uint64_t silent_ns = g->now_ns, ns = 0;

	g->stage.stopped = true;
	while (shed_look(g, SHED_LOOK_MS) > 0 && ns < MEASURE_CALM_S * UINT64_C(1000000000))
		ns = g->now_ns - silent_ns;
	g->stage.stopped = false;
	return (double)ns / 1e9;
}

#include "run.h"

#include "record.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define NS_PER_S       1000000000ull
#define SPEAKERS_MS    30000 // until they are here
#define JOINS_MS       120000 // the same of all viewers
#define JOINS_SAY_MS   2000
#define SETTLE_MS      8000 // until each viewer has received each track
#define SETTLE_LOOK_MS 100
#define DRAIN_MS       300 // after the last packet was sent
#define FULL           0.97 // share of a core that is busy, beyond which it is taken as the limit

// What a window has shown.
struct result {
	uint32_t viewers;
	double seconds;
	uint64_t offered, delivered, duplicates, resent, nacked;
	uint64_t unknown, silent; // streams, at its end
	double worker_busy; // share
	double copy_ns;
	double generator_busy;
	uint64_t generator_missed; // frames that its port lost
	uint64_t drops; // of the server
};

// At either end of a window.
struct mark {
	struct server_counts server;
	struct audience_counts audience;
	uint64_t tsc, busy, idle, missed, nacked;
};

static bool speakers_here(struct generator *g)
{
	return g->members.here + g->members.failed >= g->options.load->speakers;
}

static int speakers_join(struct generator *g)
{
	struct server_track tracks[LOAD_TRACKS];

	for (uint32_t i = 0; i < g->options.load->speakers; i++) {
		stage_tracks(i, tracks);
		int ret = members_add(&g->members, i, tracks, LOAD_TRACKS, g->now_ns);
		if (ret < 0)
			return ret;
	}
	if (!generator_run(g, SPEAKERS_MS, speakers_here) || g->members.failed != 0)
		return -ETIMEDOUT;
	// Ramps measure the time of viewers' joins alone.
	g->members.join_ns = (struct histogram){0};
	return 0;
}

static bool viewers_here(struct generator *g)
{
	return g->added == g->wanted && g->members.joining_count == 0;
}

static int viewers_join(struct generator *g, uint32_t viewers)
{
	g->wanted = viewers;
	for (uint32_t ms = 0; ms < JOINS_MS; ms += JOINS_SAY_MS) {
		if (generator_run(g, JOINS_SAY_MS, viewers_here))
			return g->members.failed == 0 ? 0 : -ECONNREFUSED;
		if (g->failure != 0)
			return g->failure;
		fprintf(stderr, "bench-load: %u of %u viewers are here\n",
		        g->members.here - g->options.load->speakers, viewers);
	}
	return -ETIMEDOUT;
}

// Until every viewer has received of every track, and of which packets is known.
static void settle(struct generator *g)
{
	struct audience_counts c;

	g->stage.rehearsing = true;
	for (uint32_t ms = 0; ms < SETTLE_MS; ms += SETTLE_LOOK_MS) {
		generator_run(g, SETTLE_LOOK_MS, NULL);
		audience_count(&g->audience, g->added, g->stage.sources, &c);
		if (c.silent == 0 && c.unknown == 0)
			break;
	}
	g->stage.rehearsing = false;
	generator_run(g, SETTLE_LOOK_MS, NULL);
}

static void mark_set(struct generator *g, struct mark *m)
{
	audience_count(&g->audience, g->added, g->stage.sources, &m->audience);
	g->options.calls->counts(g->server, &m->server);
	m->tsc = g->busy + g->idle;
	m->busy = g->busy;
	m->missed = nic_missed(&g->nic);
	m->nacked = g->reports.nacked;
}

static void result_fill(
        struct generator *g, struct result *r, const struct mark *a, const struct mark *b,
        const struct audience_counts *end
)
{
	uint64_t total = b->server.total_ns - a->server.total_ns;
	uint64_t busy = b->server.busy_ns - a->server.busy_ns;
	uint64_t out = b->server.packets_out - a->server.packets_out;

	*r = (struct result){
	        .viewers = g->added,
	        .seconds = (double)(b->tsc - a->tsc) / (double)g->tsc_per_s,
	        .offered =
	                end->expected + end->missing - a->audience.expected - a->audience.missing,
	        .delivered = end->received - a->audience.received,
	        .duplicates = end->duplicates - a->audience.duplicates,
	        .resent = end->resent - a->audience.resent,
	        .nacked = b->nacked - a->nacked,
	        .unknown = end->unknown,
	        .silent = end->silent,
	        .worker_busy = total ? (double)busy / (double)total : 0,
	        .copy_ns = out ? (double)busy / (double)out : 0,
	        .generator_busy = (double)(b->busy - a->busy) / (double)(b->tsc - a->tsc),
	        .generator_missed = b->missed - a->missed,
	        .drops = b->server.drops - a->server.drops,
	};
}

// The stage is silent at both ends, so that what is on its way at neither of them blurs the books.
static void measure(struct generator *g, uint32_t seconds, struct result *r)
{
	struct mark before, after;
	struct audience_counts end;

	mark_set(g, &before);
	g->stage.measuring = true;
	generator_run(g, seconds * 1000, NULL);
	g->stage.measuring = false;
	mark_set(g, &after);
	g->stage.stopped = true;
	generator_run(g, DRAIN_MS, NULL);
	audience_count(&g->audience, g->added, g->stage.sources, &end);
	for (uint16_t i = 0; i < g->stage.track_count; i++)
		source_finish(&g->stage.sources[i], &g->stage.latency);
	g->stage.stopped = false;
	result_fill(g, r, &before, &after, &end);
}

static uint64_t lost(const struct result *r)
{
	return r->offered > r->delivered ? r->offered - r->delivered : 0;
}

static struct figure case_of(const struct run_options *o, uint32_t viewers)
{
	return (struct figure){
	        .load = o->generator.load->name,
	        .port = o->port,
	        .profile = o->profile,
	        .viewers = viewers,
	        .workers = o->workers,
	};
}

static void
tell(const struct run_options *o, uint32_t viewers, const char *name, double value,
     const char *unit)
{
	struct figure f = case_of(o, viewers);

	f.name = name;
	f.value = value;
	f.unit = unit;
	record_value(o->json, &f);
}

static void tell_latency(
        const struct run_options *o, const struct generator *g, uint32_t viewers, const char *which,
        const struct histogram *h
)
{
	static const struct {
		const char *name;
		double share;
	} places[] = {{"p50", 0.5}, {"p99", 0.99}, {"p99.9", 0.999}};
	double us = 1e6 / (double)g->tsc_per_s;
	char name[64];

	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "latency to %s copy, %s", which, places[i].name);
		tell(o, viewers, name, (double)histogram_percentile(h, places[i].share) * us, "us");
	}
}

static void
tell_result(const struct run_options *o, const struct generator *g, const struct result *r)
{
	uint32_t n = r->viewers;

	tell(o, n, "offered", (double)r->offered / r->seconds, "packets/s");
	tell(o, n, "delivered", (double)r->delivered / r->seconds, "packets/s");
	tell(o, n, "lost", (double)lost(r), "packets");
	tell(o, n, "loss", r->offered ? (double)lost(r) / (double)r->offered : 0, "of offered");
	tell(o, n, "duplicates", (double)r->duplicates, "packets");
	tell(o, n, "asked again", (double)r->nacked, "packets");
	tell(o, n, "sent again", (double)r->resent, "packets");
	tell(o, n, "worker busy", 100 * r->worker_busy, "%");
	tell(o, n, "core per copy", r->copy_ns, "ns");
	tell_latency(o, g, n, "first", &g->stage.latency.first);
	tell_latency(o, g, n, "last", &g->stage.latency.last);
	tell(o, n, "generator busy", 100 * r->generator_busy, "%");
}

static void tell_drop(void *context, const char *name, uint64_t count)
{
	const struct run_options *o = context;
	char text[64];

	snprintf(text, sizeof(text), "dropped by the server: %s", name);
	tell(o, 0, text, (double)count, "packets");
}

// What is wrong beside loss. Returns how many things.
static unsigned tell_errors(const struct generator *g, const struct result *r)
{
	unsigned n = 0;

	if (g->sample.errors > 0 && ++n)
		fprintf(stderr, "bench-load: WRONG: %lu errors in the sampled packets\n",
		        g->sample.errors);
	if (g->sample.packets == 0 && ++n)
		fprintf(stderr, "bench-load: WRONG: no packet was sampled\n");
	if (r->silent + r->unknown > 0 && ++n)
		fprintf(stderr,
		        "bench-load: WRONG: %lu subscriptions received nothing, %lu what nobody "
		        "has sent\n",
		        r->silent, r->unknown);
	if (g->audience.strangers + g->strange > 0)
		fprintf(stderr, "bench-load: %lu packets of unknown streams, %lu other frames\n",
		        g->audience.strangers, g->strange);
	return n;
}

static void tell_limit(const struct result *r)
{
	if (r->generator_missed > 0)
		printf("The generator's port lost %lu frames.\n", r->generator_missed);
	if (r->generator_busy > FULL && r->worker_busy < FULL)
		printf("The generator's core is the limit here, not the worker's.\n");
	else if (r->worker_busy > FULL)
		printf("The worker's core is full.\n");
}

static int run_fixed(const struct run_options *o, struct generator *g, uint64_t memory_before)
{
	struct server_counts counts;
	struct result r;
	uint64_t start_ns = g->now_ns;

	int ret = viewers_join(g, o->viewers);
	if (ret < 0)
		return ret;
	double seconds = (double)(g->now_ns - start_ns) / 1e9;
	g->options.calls->counts(g->server, &counts);
	tell(o, g->added, "joins", g->added / seconds, "per s");
	tell(o, g->added, "time of a join, p50",
	     (double)histogram_percentile(&g->members.join_ns, 0.5) / 1e6, "ms");
	tell(o, g->added, "time of a join, p99",
	     (double)histogram_percentile(&g->members.join_ns, 0.99) / 1e6, "ms");
	settle(g);
	measure(g, o->seconds, &r);
	tell_result(o, g, &r);
	g->options.calls->counts(g->server, &counts);
	tell(o, g->added, "memory per viewer",
	     ((double)counts.memory - (double)memory_before) / 1024 / g->added, "KiB");
	g->options.calls->drops(g->server, tell_drop, (void *)(uintptr_t)o);
	tell_limit(&r);
	return tell_errors(g, &r) > 0 ? -EBADMSG : 0;
}

int run(const struct run_options *o)
{
	static struct generator g;
	struct server_counts counts;

	int ret = generator_init(&g, &o->generator);
	if (ret < 0)
		return 1;
	ret = speakers_join(&g);
	g.options.calls->counts(g.server, &counts);
	if (ret == 0)
		ret = run_fixed(o, &g, counts.memory);
	if (ret < 0 && ret != -EBADMSG)
		fprintf(stderr, "bench-load: %s\n", strerror(-ret));
	if (!generator_fini(&g)) {
		fprintf(stderr, "bench-load: the server did not end well, see %s\n",
		        o->generator.log);
		ret = -ECHILD;
	}
	return ret < 0 ? 1 : 0;
}

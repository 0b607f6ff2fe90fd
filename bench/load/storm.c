#include "storm.h"

#include "am_clock.h"
#include "generator.h"
#include "measure.h"
#include "record.h"
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#define SEATED_PART  20
#define SEATED_PER_S 50
#define PICTURES_MS  15000 // after the last transport is connected
#define DRAIN_MS     600 // after the last packet was sent

// The counts at either end of the storm.
struct mark {
	struct server_counts server;
	struct audience_counts seated;
	uint64_t now_ns, cpu_ns; // of the generator's thread
	uint64_t asked[SERVER_SPEAKER_MAX]; // key frames requested from each speaker
};

static void mark_set(struct generator *g, struct mark *m, uint32_t seated)
{
	struct timespec t;

	g->options.calls->counts(g->server, &m->server);
	audience_count(&g->audience, seated, g->stage.sources, &m->seated);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	m->cpu_ns = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
	m->now_ns = am_clock_ns();
	for (uint16_t i = 0; i < g->options.load->speakers; i++)
		m->asked[i] = g->stage.speakers[i].speaker.counts.key_requests;
}

static bool all_see(struct generator *g)
{
	return g->pictures.with_all == g->pictures.watched;
}

static void tell_one(const struct run_options *o, const char *name, double value, const char *unit)
{
	const struct figure f = {
	        .name = name,
	        .unit = unit,
	        .viewers = o->viewers,
	        .seconds = o->storm_s,
	        .speakers = o->generator.load->speakers,
	        .tls = o->tls ? "on" : "off",
	        .value = value,
	};

	record_value(o->json, &f);
}

static void tell_wait(const struct run_options *o, const char *name, const struct histogram *h)
{
	static const struct {
		const char *name;
		double share;
	} places[] = {{"p50", 0.5}, {"p99", 0.99}};
	char text[64];

	for (int i = 0; i < 2; i++) {
		snprintf(text, sizeof(text), "%s_%s_ms", name, places[i].name);
		tell_one(o, text, (double)histogram_percentile(h, places[i].share) / 1e6, "ms");
	}
}

static double share(uint64_t part, uint64_t whole)
{
	return whole ? 100 * (double)part / (double)whole : 0;
}

static void tell_costs(
        const struct run_options *o, const struct generator *g, const struct mark *a,
        const struct mark *b
)
{
	const struct server_counts *from = &a->server, *to = &b->server;
	uint64_t ns = b->now_ns - a->now_ns;
	double joins = g->pictures.watched;

	tell_one(
	        o, "join_cpu_ms", (double)(to->signaling_ns - from->signaling_ns) / 1e6 / joins,
	        "ms"
	);
	tell_one(
	        o, "handshake_cpu_ms",
	        (double)(to->handshakes_ns - from->handshakes_ns) / 1e6 / joins, "ms"
	);
	tell_one(o, "control_plane_busy", share(to->signaling_ns - from->signaling_ns, ns), "%");
	tell_one(o, "service_busy", share(to->handshakes_ns - from->handshakes_ns, ns), "%");
	tell_one(o, "generator_busy", share(b->cpu_ns - a->cpu_ns, ns), "%");
	tell_one(o, "worker_busy", share(to->busy - from->busy, to->total - from->total), "%");
}

// Prints drops since the server's start.
static void tell_drop(void *context, const char *name, uint64_t count)
{
	char text[64];

	snprintf(text, sizeof(text), "dropped_%s", name);
	tell_one(context, text, (double)count, "packets");
}

static void tell_storm(
        const struct run_options *o, const struct generator *g, const struct mark *a,
        const struct mark *b, const struct audience_counts *end
)
{
	const struct pictures *p = &g->pictures;
	double seconds = (double)(b->now_ns - a->now_ns) / 1e9;
	uint64_t offered = end->expected + end->missing - a->seated.expected;
	uint64_t delivered = end->received - a->seated.received, asked = 0;

	for (uint16_t i = 0; i < g->options.load->speakers; i++) {
		if (b->asked[i] - a->asked[i] > asked)
			asked = b->asked[i] - a->asked[i];
	}
	tell_wait(o, "first_frame", &p->first);
	tell_wait(o, "all_frames", &p->last);
	tell_wait(o, "connected", &p->connected);
	tell_wait(o, "connected_to_frame", &p->first_of_connected);
	tell_one(o, "without_frame", p->watched - p->with_one, "viewers");
	tell_one(o, "storm_s", seconds, "s");
	tell_one(o, "seated", o->viewers - p->watched, "viewers");
	tell_one(o, "seated_offered", (double)offered, "packets");
	tell_one(
	        o, "seated_lost", offered > delivered ? (double)(offered - delivered) : 0, "packets"
	);
	g->options.calls->drops(g->server, tell_drop, (void *)o);
	tell_one(o, "generator_missed", (double)nic_missed(&g->nic), "packets");
	tell_one(o, "pli_per_s", (double)asked / seconds, "per s");
	tell_costs(o, g, a, b);
	if (p->no_key > 0)
		printf("%lu streams did not begin with a key frame.\n", p->no_key);
	fflush(stdout);
}

int storm(const struct run_options *o, struct generator *g)
{
	uint32_t seated = (o->viewers + SEATED_PART - 1) / SEATED_PART;
	uint32_t per_s = o->viewers / o->storm_s;
	struct mark before, after;
	struct audience_counts end;

	members_pace(&g->members, SEATED_PER_S);
	int ret = generator_viewers(g, seated);
	if (ret == 0)
		ret = pictures_init(&g->pictures, o->viewers, g->options.load->speakers, g->cipher);
	if (ret < 0)
		return ret;
	measure_settle(g);
	mark_set(g, &before, seated);
	members_pace(&g->members, per_s > 0 ? per_s : 1);
	ret = generator_viewers(g, o->viewers);
	if (ret == 0)
		generator_run(g, PICTURES_MS, all_see);
	mark_set(g, &after, seated);
	g->stage.stopped = true;
	generator_run(g, DRAIN_MS, NULL);
	g->stage.stopped = false;
	audience_count(&g->audience, seated, g->stage.sources, &end);
	tell_storm(o, g, &before, &after, &end);
	return ret < 0 ? ret : g->pictures.with_one < g->pictures.watched ? -ENODATA : 0;
}

#include "run.h"

#include "distance.h"
#include "measure.h"
#include "ramp.h"
#include "storm.h"
#include "tell.h"

#include <errno.h>
#include <string.h>

#define SPEAKERS_MS       30000 // until they have joined
#define FIRST_WORKER_CORE 0
#define KNOWN_MS          6000 // until viewers' links are known from feedback
#define FAR_NS            250 // for both ways; 100 to 150 within one cache

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
	g->members.join_ns = (struct histogram){0}; // only viewers' joins are reported
	return 0;
}

// Reports and counts errors other than loss.
static unsigned errors_tell(const struct generator *g)
{
	unsigned n = 0;

	if (g->sample.errors > 0 && ++n)
		fprintf(stderr, "bench-load: WRONG: %lu errors in sampled packets\n",
		        g->sample.errors);
	if (g->sample.packets == 0 && ++n)
		fprintf(stderr, "bench-load: WRONG: no packet was sampled\n");
	if (g->audience.strangers > 0 && ++n)
		fprintf(stderr,
		        "bench-load: WRONG: %lu packets of streams that were not signaled\n",
		        g->audience.strangers);
	if (g->audience.foreign > 0 && ++n)
		fprintf(stderr, "bench-load: WRONG: %lu copies of packets that nobody sent\n",
		        g->audience.foreign);
	if (g->strange > 0 && ++n)
		fprintf(stderr, "bench-load: WRONG: %lu datagrams that are not media\n",
		        g->strange);
	return n;
}

// All viewers join, with or without transport-wide feedback.
static int viewers_join(const struct run_options *o, struct generator *g, bool feedback)
{
	uint64_t start_ns = g->now_ns;

	g->members.options.feedback = feedback;
	int ret = generator_viewers(g, o->viewers);
	if (ret < 0)
		return ret;
	if (feedback == o->generator.feedback)
		tell_joins(o, g, (double)(g->now_ns - start_ns) / 1e9);
	measure_rest(g); // until losses during the joins are repaired
	if (feedback)
		generator_run(g, KNOWN_MS, NULL);
	measure_settle(g);
	return 0;
}

// Measures a window with the same number of viewers without feedback, which leave afterwards.
static int run_without(const struct run_options *o, struct generator *g, struct measure *m)
{
	int ret = viewers_join(o, g, false);
	if (ret < 0)
		return ret;
	measure_run(g, o->seconds, m);
	return generator_viewers(g, 0);
}

static int run_window(const struct run_options *o, struct generator *g, struct measure *m)
{
	struct server_counts before, after;

	g->options.calls->counts(g->server, &before);
	int ret = viewers_join(o, g, o->generator.feedback);
	if (ret < 0)
		return ret;
	g->options.calls->counts(g->server, &after);
	g->answers.sent = 0;
	g->audience.moved = 0;
	measure_run(g, o->seconds, m);
	tell_measure(o, g, m);
	if (m->shed > 0)
		tell(o, g->added, "until nothing was left out", measure_calm(g), "s");
	if (o->generator.feedback) // the heap has then been used before
		tell(o, g->added, "went on after a pause", (double)g->audience.moved, "streams");
	else
		tell_memory(o, g, before.memory, after.memory);
	return 0;
}

// Measures without feedback both before and after, since the machine's speed changes within a
// minute.
static int run_feedback(const struct run_options *o, struct generator *g, struct measure *m)
{
	struct measure without[2];

	int ret = run_without(o, g, &without[0]);
	if (ret == 0)
		ret = run_window(o, g, m);
	uint64_t messages = g->answers.sent;
	if (ret == 0)
		ret = generator_viewers(g, 0);
	if (ret == 0)
		ret = run_without(o, g, &without[1]);
	if (ret == 0)
		tell_feedback(o, without, m, messages);
	return ret;
}

static int run_fixed(const struct run_options *o, struct generator *g)
{
	struct measure m;

	int ret = o->generator.feedback ? run_feedback(o, g, &m) : run_window(o, g, &m);
	if (ret < 0)
		return ret;
	tell_drops(o, g);
	tell_notes(o, g, &m);
	if (measure_forgets(&m)) {
		fprintf(stderr,
		        "bench-load: WRONG: %lu subscriptions received nothing of %lu packets, and "
		        "%lu were dropped\n",
		        m.silent, m.unserved, m.server_drops + m.missed);
		return -EBADMSG;
	}
	return o->lossless && measure_lost(&m) > 0 ? -EBADMSG : 0;
}

// Measured before and after: the host may move our cores meanwhile.
static void distance_tell(const struct run_options *o, const char *name)
{
	double ns = distance_ns(o->generator.nic.core, FIRST_WORKER_CORE);
	if (ns > 0)
		tell(o, 0, name, ns, "ns");
	if (ns > FAR_NS)
		printf("The host has put the two cores far apart: each copy crosses between "
		       "caches.\n");
}

int run(const struct run_options *o)
{
	static struct generator g;

	distance_tell(o, "core to core and back, before");
	int ret = generator_init(&g, &o->generator);
	if (ret < 0)
		return 1;
	ret = speakers_join(&g);
	if (ret == 0)
		ret = o->storm_s ? storm(o, &g) : o->ramp ? ramp(o, &g) : run_fixed(o, &g);
	if (ret == 0 && errors_tell(&g) > 0)
		ret = -EBADMSG;
	if (ret < 0)
		fprintf(stderr, "bench-load: failed: %s\n", strerror(-ret));
	if (!generator_fini(&g)) {
		fprintf(stderr, "bench-load: WRONG: the server did not shut down cleanly\n");
		ret = -ECHILD;
	}
	distance_tell(o, "core to core and back, after");
	return ret < 0 ? 1 : 0;
}

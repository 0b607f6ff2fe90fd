#include "ramp.h"

#include "measure.h"
#include "run.h"
#include "tell.h"

#include <errno.h>

static bool good(const struct run_options *o, const struct measure *m)
{
	return m->silent == 0 && measure_loss(m) < o->ramp_loss && m->behind_s < RAMP_BEHIND_S;
}

// Speakers are silent while viewers join: a server at its limit would take minutes to admit them. A
// step whose loss may be another process's fault is tried again once.
static int
step(const struct run_options *o, struct generator *g, uint32_t viewers, uint64_t memory_before,
     struct measure *m)
{
	g->stage.stopped = true;
	int ret = generator_viewers(g, viewers);
	g->stage.stopped = false;
	for (int i = 0; i < 2 && ret == 0; i++) {
		measure_settle(g);
		measure_run(g, RAMP_SECONDS, m);
		tell_step(o, g, m, memory_before);
		if (good(o, m))
			break;
		measure_rest(g);
	}
	return ret;
}

// The number to try next, or 0 if the search is over. high 0: not found yet.
static uint32_t next(uint32_t low, uint32_t high, uint32_t max)
{
	if (high == 0)
		return low * 2 < max ? low * 2 : low < max ? max : 0;
	return high - low > RAMP_PRECISION * high ? low + (high - low) / 2 : 0;
}

static void tell_end(const struct run_options *o, const struct measure *best, uint32_t high)
{
	uint16_t workers = o->generator.workers;
	double per_core = (double)best->viewers / workers;

	tell(o, 0, "viewers per core", per_core, "viewers");
	if (o->generator.calls->polls && best->worker_busy > 0)
		tell(o, 0, "viewers per core, by the busy share", per_core / best->worker_busy,
		     "viewers");
	if (high == 0)
		printf("It kept up with the largest number tried.\n");
}

// True if the server is too slow for this many viewers to join; those that have not joined leave.
static bool join_failed(struct generator *g, int ret)
{
	if (ret != -ECONNREFUSED && ret != -ETIMEDOUT)
		return false;
	printf("%8u of them did not join within %u s.\n", g->wanted - g->members.here,
	       MEMBERS_JOIN_S);
	measure_rest(g);
	return true;
}

int ramp(const struct run_options *o, struct generator *g)
{
	uint64_t end_ns = g->now_ns + o->ramp_s_max * 1000000000ull;
	uint32_t low = 0, high = 0;
	struct measure best = {0};
	struct server_counts before;

	g->options.calls->counts(g->server, &before);
	tell_step_title();
	uint32_t viewers = o->ramp_first < o->viewers ? o->ramp_first : o->viewers;
	while (viewers != 0 && g->now_ns < end_ns) {
		struct measure m;
		int ret = step(o, g, viewers, before.memory, &m);
		if (ret < 0 && !join_failed(g, ret))
			return ret;
		if (ret == 0 && good(o, &m)) {
			low = viewers;
			best = m;
		} else {
			high = viewers;
		}
		viewers = next(low, high, o->viewers);
	}
	tell_end(o, &best, high);
	return best.viewers > 0 ? 0 : -ENODATA;
}

#include "settings.h"

#include <stdlib.h>
#include <string.h>

#include "units.h"

#define QUEUE_US_DEFAULT   200000
#define REORDER_US_DEFAULT 10000

static bool set_rate(struct direction *d, const char *text)
{
	int64_t bit_s;

	if (!unit_rate(text, &bit_s))
		return false;
	d->steps = NULL;
	d->trace = (struct trace){0};
	d->config.rate = (struct rate){.bit_s = bit_s};
	return true;
}

static bool set_steps(struct direction *d, const char *text)
{
	uint32_t n;
	struct rate_step *steps = unit_steps(text, &n);

	if (!steps)
		return false;
	d->steps = steps;
	d->trace = (struct trace){0};
	d->config.rate = (struct rate){.steps = steps, .steps_n = n};
	return true;
}

static bool set_trace(struct direction *d, const char *path)
{
	FILE *file = fopen(path, "r");
	struct trace trace;
	uint32_t line;

	if (!file)
		return false;
	int ret = trace_read(&trace, file, &line);
	fclose(file);
	if (ret < 0)
		return false;
	d->steps = NULL;
	d->trace = trace;
	d->config.rate = (struct rate){.trace = trace.ms, .trace_n = trace.n};
	return true;
}

static bool set_depth(struct direction *d, const char *text)
{
	uint64_t bytes;

	if (!unit_bytes(text, &bytes))
		return false;
	d->config.depth_bytes = (uint32_t)bytes;
	return true;
}

// Takes bytes or a time; each replaces the other.
static bool set_queue(struct direction *d, const char *text)
{
	uint64_t bytes = 0;
	int64_t us = 0;

	if (strcmp(text, "unlimited") != 0 && !(unit_bytes(text, &bytes) && bytes > 0) &&
	    !(unit_time(text, &us) && us > 0))
		return false;
	d->config.queue_bytes = bytes;
	d->config.queue_us = us;
	return true;
}

static bool set_delay(struct direction *d, const char *text)
{
	return unit_time(text, &d->config.delay_us);
}

static bool set_jitter(struct direction *d, const char *text)
{
	return unit_time(text, &d->config.jitter_us);
}

static bool set_loss(struct direction *d, const char *text)
{
	return unit_share(text, &d->config.loss);
}

static bool set_loss_burst(struct direction *d, const char *text)
{
	return unit_number(text, 1, 1e6, &d->config.loss_burst);
}

static bool set_loss_bad(struct direction *d, const char *text)
{
	return unit_share(text, &d->config.loss_bad);
}

static bool set_reorder(struct direction *d, const char *text)
{
	return unit_share(text, &d->config.reorder);
}

static bool set_reorder_delay(struct direction *d, const char *text)
{
	return unit_time(text, &d->config.reorder_us) && d->config.reorder_us > 0;
}

static bool set_duplicate(struct direction *d, const char *text)
{
	return unit_share(text, &d->config.duplicate);
}

const struct setting settings[] = {
        {"rate", "RATE", "rate in bit/s; 0 lets nothing through (unlimited)",
         "600k, 2.5m, 1g, unlimited or 0", set_rate},
        {"steps", "STEPS", "rates that change at the given seconds",
         "RATE@SECOND,… from 0 on: 2m@0,600k@20,2m@40", set_steps},
        {"trace", "FILE",
         "each line is a millisecond at which 1500 bytes may pass; repeats after the last",
         "a readable file of ascending milliseconds, one a line", set_trace},
        {"depth", "BYTES", "token bucket: what an idle link saves up to pass at once (0)",
         "bytes, such as 1600 or 6k", set_depth},
        {"queue", "SIZE", "size of the queue, as time at the rate or in bytes (200ms)",
         "200ms, 0.5s, 30000, 30k or unlimited", set_queue},
        {"delay", "TIME", "one way (0)", "20ms, 0.5s, 800us or 0", set_delay},
        {"jitter", "TIME", "additional delay of 0 to TIME, at random, without reordering (0)",
         "20ms, 0.5s, 800us or 0", set_jitter},
        {"loss", "SHARE", "packets lost at random, before the queue (0)", "5% or 0.05", set_loss},
        {"loss-burst", "N", "losses come in bursts of N packets on average (1: independent)",
         "a number from 1 on", set_loss_burst},
        {"loss-bad", "SHARE", "packets lost within a burst (100%)", "50% or 0.5", set_loss_bad},
        {"reorder", "SHARE", "packets that are held back, so that others overtake them (0)",
         "1% or 0.01", set_reorder},
        {"reorder-delay", "TIME", "how long they are held back (10ms)", "20ms, 0.5s or 800us",
         set_reorder_delay},
        {"duplicate", "SHARE", "packets that arrive twice (0)", "1% or 0.01", set_duplicate},
};
const size_t settings_n = sizeof(settings) / sizeof(settings[0]);

const struct setting *setting_find(const char *name)
{
	for (size_t i = 0; i < settings_n; i++)
		if (strcmp(settings[i].name, name) == 0)
			return &settings[i];
	return NULL;
}

void direction_init(struct direction *d)
{
	*d = (struct direction
	){.config = {.queue_us = QUEUE_US_DEFAULT, .reorder_us = REORDER_US_DEFAULT}};
}

// Frees everything that `old` owns but `kept` does not.
static void direction_free(const struct direction *old, const struct direction *kept)
{
	if (old->steps != kept->steps)
		free(old->steps);
	if (old->trace.ms != kept->trace.ms)
		free(old->trace.ms);
}

bool direction_set(struct direction *d, const struct setting *s, const char *text)
{
	struct direction next = *d;

	if (!s->set(&next, text))
		return false;
	direction_free(d, &next);
	*d = next;
	return true;
}

bool direction_change(
        struct direction *d, struct lane *lane, int64_t now_us, const struct setting *s,
        const char *text
)
{
	struct direction next = *d;

	if (!s->set(&next, text))
		return false;
	bool changed = lane_configure(lane, now_us, &next.config) == 0;
	direction_free(changed ? d : &next, changed ? &next : d);
	if (changed)
		*d = next;
	return changed;
}

void direction_fini(struct direction *d)
{
	static const struct direction nothing;

	direction_free(d, &nothing);
}

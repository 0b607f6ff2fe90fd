#include "path/viewer_figures.h"

#include "am_region.h"
#include "path/figures.h"
#include "path/layers.h"

#define PHASES 10 // of VIEWER_FIGURES_US: viewers that join together are not all visited at once

// Why the subscription gets less than everything. If there are several reasons, the first one
// below.
static enum am_limit limit_of(const struct worker *w, const struct subscription *s)
{
	const struct fanout *f = s->fanout;
	uint8_t layers = fanout_layers(f), there = fanout_layers_active(f), asked = s->asked >> 4;

	if (f->codec == AM_CODEC_OPUS)
		return AM_LIMIT_NONE;
	if (s->paused & SUBSCRIPTION_PAUSED)
		return AM_LIMIT_ASKED;
	if (s->paused & SUBSCRIPTION_SHED ||
	    (!(s->paused & SUBSCRIPTION_STARVED) && layers_are_shed(w, s)))
		return AM_LIMIT_OVERLOAD;
	if (s->paused & SUBSCRIPTION_STARVED || s->given < s->asked || s->lags)
		return AM_LIMIT_BANDWIDTH;
	if (asked + 1 < layers && asked < there)
		return AM_LIMIT_ASKED;
	return there < layers ? AM_LIMIT_SPEAKER : AM_LIMIT_NONE;
}

// Packets and octets since the last look, which fit 32 bits.
struct growth {
	uint32_t packets, octets;
};

static struct growth
subscription_tell(struct worker *w, const struct subscription *s, int64_t since_us)
{
	struct am_subscription_figures *f = figures_subscription(w, s);
	const struct growth g = {
	        .packets = s->sent_packets - f->packets,
	        .octets = s->sent_octets - (uint32_t)f->octets,
	};

	am_table_begin(&f->version);
	f->packets += g.packets;
	f->octets += g.octets;
	f->bps = figures_bps(g.octets, since_us);
	f->limit = (uint8_t)limit_of(w, s);
	am_table_end(&f->version);
	return g;
}

void viewer_figures_begin(const struct worker *w, struct transport *t)
{
	t->viewer->figured_us =
	        w->now_us - am_id_slot(t->id) % PHASES * (VIEWER_FIGURES_US / PHASES);
}

void viewer_figures(struct worker *w, struct transport *t)
{
	int64_t since_us = w->now_us - t->viewer->figured_us;
	struct subscription *s;
	uint32_t packets = 0;
	uint64_t octets = 0;

	if (since_us < VIEWER_FIGURES_US)
		return;
	t->viewer->figured_us = w->now_us;
	TAILQ_FOREACH (s, &t->subscriptions, of_transport) {
		struct growth g = subscription_tell(w, s, since_us);
		packets += g.packets;
		octets += g.octets;
	}
	figures_transport(w, t->id, packets, octets, since_us);
}

void viewer_figures_end(struct worker *w, const struct subscription *s)
{
	struct growth g = subscription_tell(w, s, 0);

	figures_transport(w, s->transport->id, g.packets, g.octets, 0);
}

#include "path/figures.h"

#include "am_region.h"

struct am_subscription_figures *
figures_subscription(const struct worker *w, const struct subscription *s)
{
	return &w->figures->subscriptions[am_id_slot(s->id) % AM_SUBSCRIPTION_MAX];
}

static struct am_transport_figures *transport_at(const struct worker *w, am_id id)
{
	return &w->figures->transports[am_id_slot(id) % AM_TRANSPORT_MAX];
}

static struct am_track_figures *track_at(const struct worker *w, am_id id)
{
	return &w->figures->tracks[am_id_slot(id) % AM_TRACK_MAX];
}

// Clears all but the version, which the entry keeps.
#define FIGURES_CLEAR(f, id)                                                                       \
	do {                                                                                       \
		am_table_begin(&(f)->version);                                                     \
		(f)->epoch = am_id_epoch(id);                                                      \
		memset((uint8_t *)(f) + 8, 0, sizeof(*(f)) - 8);                                   \
		am_table_end(&(f)->version);                                                       \
	} while (0)

void figures_subscription_begin(struct worker *w, const struct subscription *s)
{
	struct am_subscription_figures *f = figures_subscription(w, s);

	static_assert(offsetof(struct am_subscription_figures, octets) == 8);
	FIGURES_CLEAR(f, s->id);
}

void figures_transport_begin(struct worker *w, am_id id)
{
	struct am_transport_figures *f = transport_at(w, id);

	static_assert(offsetof(struct am_transport_figures, octets) == 8);
	FIGURES_CLEAR(f, id);
}

void figures_track_begin(struct worker *w, am_id id)
{
	struct am_track_figures *f = track_at(w, id);

	static_assert(offsetof(struct am_track_figures, encodings) == 8);
	FIGURES_CLEAR(f, id);
}

void figures_nack(struct worker *w, const struct subscription *s, uint32_t asked, uint32_t repeated)
{
	struct am_subscription_figures *f = figures_subscription(w, s);

	am_table_begin(&f->version);
	f->nacks += asked;
	f->retransmitted += repeated;
	am_table_end(&f->version);
}

void figures_pli(struct worker *w, const struct subscription *s)
{
	struct am_subscription_figures *f = figures_subscription(w, s);

	am_table_begin(&f->version);
	f->plis++;
	am_table_end(&f->version);
}

static uint8_t ms_of(uint32_t jitter, uint32_t rate)
{
	uint64_t ms = (uint64_t)jitter * 1000 / rate;

	return (uint8_t)(ms < UINT8_MAX ? ms : UINT8_MAX);
}

void figures_report(
        struct worker *w, const struct subscription *s, const struct rtcp_report *r, uint32_t rate
)
{
	struct am_subscription_figures *f = figures_subscription(w, s);

	am_table_begin(&f->version);
	f->loss = am_loss_make(r->fraction_lost, r->cumulative_lost);
	f->jitter_ms = ms_of(r->jitter, rate);
	am_table_end(&f->version);
}

uint32_t figures_bps(uint64_t octets, int64_t us)
{
	uint64_t bps = us > 0 ? octets * 8 * 1000000 / (uint64_t)us : 0;
	return bps < UINT32_MAX ? (uint32_t)bps : UINT32_MAX;
}

void figures_transport(struct worker *w, am_id id, uint32_t packets, uint64_t octets, int64_t us)
{
	struct am_transport_figures *f = transport_at(w, id);

	am_table_begin(&f->version);
	f->packets += packets;
	f->octets += octets;
	if (us > 0)
		f->bps = figures_bps(octets, us);
	am_table_end(&f->version);
}

static struct am_encoding_figures *encoding_begin(struct am_track_figures *f, uint8_t stream)
{
	am_table_begin(&f->version);
	return &f->encodings[stream % AM_ENCODING_MAX];
}

uint32_t figures_stream(
        struct worker *w, const struct track *t, uint8_t stream, const struct rtcp_report *r,
        int64_t since_us
)
{
	const struct track_stream *s = &t->streams[stream];
	struct am_track_figures *f = track_at(w, t->params.track_id);
	struct am_encoding_figures *e = encoding_begin(f, stream);

	uint32_t bps = figures_bps(s->octets - e->octets, since_us);
	figures_transport(w, t->transport->id, s->packets - e->packets, s->octets - e->octets, 0);
	e->bps = bps;
	e->octets = s->octets;
	e->packets = s->packets;
	e->repaired = s->repaired;
	e->loss = am_loss_make(r->fraction_lost, r->cumulative_lost);
	e->jitter_ms = ms_of(r->jitter, t->params.clock_rate);
	am_table_end(&f->version);
	return bps;
}

void figures_publisher(struct worker *w, am_id transport, uint32_t bps)
{
	struct am_transport_figures *f = transport_at(w, transport);

	am_table_begin(&f->version);
	f->bps = bps;
	am_table_end(&f->version);
}

void figures_stream_nack(struct worker *w, const struct track *t, uint8_t stream, uint32_t asked)
{
	struct am_track_figures *f = track_at(w, t->params.track_id);

	encoding_begin(f, stream)->nacks += asked;
	am_table_end(&f->version);
}

void figures_stream_pli(struct worker *w, const struct track *t, uint8_t stream)
{
	struct am_track_figures *f = track_at(w, t->params.track_id);

	encoding_begin(f, stream)->plis++;
	am_table_end(&f->version);
}

// The totals of each subscription, transport and encoding, published in the region (struct
// am_figures). Rare events are counted there at once. What happens per packet is counted by its
// owner anyway, and published about once a second.
#pragma once

#include "path/worker.h"
#include "wire/rtcp.h"

#define FIGURES_US 1000000 // between two updates of one viewer

// A subscription, a transport or a track begins: its slot may have had another owner.
void figures_subscription_begin(struct worker *, const struct subscription *);
void figures_transport_begin(struct worker *, am_id);
void figures_track_begin(struct worker *, am_id);

// A viewer requests numbers again, of which `repeated` were sent; a viewer requests a key frame.
void figures_nack(struct worker *, const struct subscription *, uint32_t asked, uint32_t repeated);
void figures_pli(struct worker *, const struct subscription *);

// A viewer's reception report about a subscription. rate: Hz of its timestamps.
void figures_report(
        struct worker *w, const struct subscription *s, const struct rtcp_report *r, uint32_t rate
);

// A transport becomes a viewer.
void figures_viewer_begin(const struct worker *, struct transport *);

// Publishes what was sent to a viewer, if FIGURES_US have passed.
void figures_viewer(struct worker *, struct transport *);

// The subscription ends: adds its last packets to its transport.
void figures_subscription_end(struct worker *, const struct subscription *);

// The same for incoming streams. since_us: since this encoding's last update. Returns its bit/s.
uint32_t figures_stream(
        struct worker *w, const struct track *t, uint8_t stream, const struct rtcp_report *r,
        int64_t since_us
);
void figures_stream_nack(struct worker *, const struct track *, uint8_t stream, uint32_t asked);
void figures_stream_pli(struct worker *, const struct track *, uint8_t stream);

// All streams of a publisher together.
void figures_publisher(struct worker *, am_id transport, uint32_t bps);

// What each subscription, transport and encoding has come to, told in the region (struct
// am_figures). What is rare is counted there at once; what is per packet is counted by its owner
// anyway, and told about once a second.
#pragma once

#include "path/worker.h"
#include "wire/rtcp.h"

#define FIGURES_US 1000000 // between two looks at one viewer

// A subscription, a transport or a track begins: its slot was another's, perhaps.
void figures_subscription_begin(struct worker *, const struct subscription *);
void figures_transport_begin(struct worker *, am_id);
void figures_track_begin(struct worker *, am_id);

// A viewer asks for numbers again, of which some were sent; for a key frame.
void figures_nack(struct worker *, const struct subscription *, uint32_t asked, uint32_t repeated);
void figures_pli(struct worker *, const struct subscription *);

// What the viewer's reception report says of a subscription. rate: of its timestamps.
void figures_report(
        struct worker *w, const struct subscription *s, const struct rtcp_report *r, uint32_t rate
);

// A transport becomes a viewer's.
void figures_viewer_begin(const struct worker *, struct transport *);

// Tells what was sent to a viewer, where FIGURES_US have passed.
void figures_viewer(struct worker *, struct transport *);

// The subscription ends: what it has come to since then is its transport's.
void figures_subscription_end(struct worker *, const struct subscription *);

// The same for what comes in. since_us: since the last one of this encoding. Returns its bit/s.
uint32_t figures_stream(
        struct worker *w, const struct track *t, uint8_t stream, const struct rtcp_report *r,
        int64_t since_us
);
void figures_stream_nack(struct worker *, const struct track *, uint8_t stream, uint32_t asked);
void figures_stream_pli(struct worker *, const struct track *, uint8_t stream);

// All streams of a publisher together.
void figures_publisher(struct worker *, am_id transport, uint32_t bps);

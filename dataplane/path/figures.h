// The totals of each subscription, transport and encoding, published in the region (struct
// am_figures). Rare events are counted there at once. What happens per packet is counted by its
// owner anyway, and published about once a second.
#pragma once

#include "path/worker.h"
#include "wire/rtcp.h"

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

// Publishes what came in of an encoding. since_us: since this encoding's last update. Returns its
// bit/s.
uint32_t figures_stream(
        struct worker *w, const struct track *t, uint8_t stream, const struct rtcp_report *r,
        int64_t since_us
);
void figures_stream_nack(struct worker *, const struct track *, uint8_t stream, uint32_t asked);
void figures_stream_pli(struct worker *, const struct track *, uint8_t stream);

// All streams of a publisher together.
void figures_publisher(struct worker *, am_id transport, uint32_t bps);

// For viewer_figures.c: the entry of a subscription; octets in this time as bit/s; adds to a
// transport's totals. us: since the last update; 0 leaves the bitrate unchanged.
struct am_subscription_figures *
figures_subscription(const struct worker *, const struct subscription *);
uint32_t figures_bps(uint64_t octets, int64_t us);
void figures_transport(struct worker *, am_id, uint32_t packets, uint64_t octets, int64_t us);

// What the data plane publishes in the region: tables, gauges, figures, counters. media.h has the
// functions; this is their way to the region.
#pragma once

struct am_region_layout;
struct media;

// NULL: there is none.
const struct am_region_layout *media_map(const struct media *);

// Access to what the data plane publishes in the region: tables, gauges, figures, counters. The
// functions that read it are in media.h.
#pragma once

struct am_region_layout;
struct media;

// The mapped region, or NULL if there is none.
const struct am_region_layout *media_map(const struct media *);

// What the data plane publishes in the region: tables, gauges, figures, counters. All of it is
// copied, and checked before it is used.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "am_region.h"

struct media;

// Copy table entries; false if the slot is free or cannot be read.
bool media_read_transport(const struct media *, uint32_t slot, struct am_transport_state *);
bool media_read_track(const struct media *, uint32_t slot, struct am_track_state *);
bool media_read_subscription(const struct media *, uint32_t slot, struct am_subscription_state *);

// Rooms whose chat is tapped. A track's entry says whether the track is. Both outlive the control
// plane that tapped them. Returns how many there are.
uint32_t media_tapped_rooms(const struct media *, uint64_t room_ids[AM_ROOM_TAP_MAX]);

// The loudness of a track, 0 to 127; 0 if it has not been measured yet.
uint8_t media_loudness(const struct media *, am_id track);

// media_downlink: the estimate of what may be sent to a viewer's transport, in kbit/s.
// media_link_gauge: the state of a transport's link, as in struct am_gauges. Both are 0 if nothing
// has been measured yet.
uint32_t media_downlink(const struct media *, am_id transport);
uint32_t media_link_gauge(const struct media *, am_id transport);

// Copy an object's figures. False if nothing is known of the object yet; all figures are then 0.
bool media_subscription_figures(const struct media *, am_id, struct am_subscription_figures *);
bool media_transport_figures(const struct media *, am_id, struct am_transport_figures *);
bool media_track_figures(const struct media *, am_id, struct am_track_figures *);

// A copy of what the data plane counts. Index AM_COUNTER_SERVICE follows that of the last worker.
struct media_counters {
	uint32_t worker_count; // 1 to AM_WORKER_MAX
	uint32_t pid; // of the data plane
	uint16_t drop_count;
	struct am_drop_name drop_names[AM_DROP_MAX]; // letters, digits and '_' only
	uint64_t value[AM_COUNTER_BLOCKS][AM_COUNTER_COUNT];
	uint64_t drops[AM_COUNTER_BLOCKS][AM_DROP_MAX];
	uint64_t heartbeat_age_ns[AM_COUNTER_BLOCKS];
	uint32_t shed[AM_COUNTER_BLOCKS]; // how much work the worker leaves out (am_lifecycle.h)
	uint64_t shed_steps[AM_COUNTER_BLOCKS][AM_SHED_LEVELS]; // how often it began each step
};

// False while there is no region.
bool media_read_counters(const struct media *, struct media_counters *out);

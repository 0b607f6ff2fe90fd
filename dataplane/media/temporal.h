// Counts the packets and pictures of one stream for every limit, so that leaving out upper layers
// costs each viewer one addition: its sequence number is seq_at[limit] + constant. Missing packets
// count at every limit and get their number when they come late. At limits that leave them out, no
// other packet will ever have that number (TRACK_LATE). Written by the stream's worker.
#pragma once

#include "media/track_packet.h"

#include <stdbool.h>
#include <stdint.h>

struct frame_info;

#define TEMPORAL_PACKETS  1024 // packets remembered, for late ones
#define TEMPORAL_EARLY    16 // packets before the first one that may still come
#define TEMPORAL_PICTURES 128

static_assert((TEMPORAL_PACKETS & (TEMPORAL_PACKETS - 1)) == 0);
static_assert((TEMPORAL_PICTURES & (TEMPORAL_PICTURES - 1)) == 0);

struct layer_counter {
	uint64_t top; // highest extended sequence number
	uint32_t picture_top; // highest extended picture id
	uint32_t picture_count; // remembered, up to TEMPORAL_PICTURES
	uint32_t packet_count; // remembered, up to TEMPORAL_PACKETS
	uint16_t packets[TEMPORAL_PACKETS][TEMPORAL_LIMITS];
	uint16_t pictures[TEMPORAL_PICTURES][TEMPORAL_LIMITS];
};

void temporal_init(struct layer_counter *);

// The source begins anew: its picture ids have nothing to do with the earlier ones. All counts go
// on.
void temporal_restart(struct layer_counter *);

// Count a packet: fills seq, temporal_id, seq_at for spatial limit 0, picture_at, picture_id_bits,
// tl0picidx and all flags but TRACK_TIME and TRACK_END. A packet with an empty payload counts for
// no viewer. Returns 0, or -ERANGE for one so late that its number is forgotten: drop it.
[[nodiscard]] int
temporal_count(struct layer_counter *, uint64_t seq, const struct frame_info *, bool empty, struct track_packet *);

// A packet that is withheld from everyone. Packets missing before it are not counted either, so
// viewers' numbers continue even after hours of this.
void temporal_skip(struct layer_counter *, uint64_t seq);

// temporal_count for a stream of spatial layers: fills spatial_id and all of seq_at. It takes a
// counter for each spatial limit.
[[nodiscard]] int
spatial_count(struct layer_counter *const[SPATIAL_LIMITS], uint64_t seq, const struct frame_info *, bool empty, struct track_packet *);

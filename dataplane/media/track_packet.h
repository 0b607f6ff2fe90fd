// What every subscriber of a track must know about one of its packets. Filled once by the
// publisher's worker, then read-only for all workers.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#define TRACK_LAYERS    4 // encodings of one track
#define SPATIAL_LIMITS  4 // "at most spatial layer s" of an encoding, s = 0 to 3
#define TEMPORAL_LIMITS 4 // "at most temporal layer t", t = 0 to 3
#define TEMPORAL_NONE   4 // temporal_id of a packet for no viewer: only padding

// Which part of an encoding a viewer gets: a spatial and a temporal limit. Encodings without
// spatial layers are all in spatial layer 0.
#define LIMITS (SPATIAL_LIMITS * TEMPORAL_LIMITS)

static inline uint8_t limit_make(uint8_t spatial, uint8_t temporal)
{
	return (uint8_t)(spatial * TEMPORAL_LIMITS + temporal);
}

static inline uint8_t limit_spatial(uint8_t limit)
{
	return limit / TEMPORAL_LIMITS;
}

static inline uint8_t limit_temporal(uint8_t limit)
{
	return limit % TEMPORAL_LIMITS;
}

enum track_packet_flags {
	TRACK_KEY_FRAME = 1, // begins a key frame
	TRACK_BEGIN = 2, // begins a picture
	TRACK_LAYER_SYNC = 4, // its temporal layer may be entered here
	TRACK_SWITCH_UP = 8, // higher temporal layers may be entered after it
	TRACK_TIME = 16, // track_timestamp is known
	TRACK_TL0PICIDX = 32, // tl0picidx is known
	TRACK_END = 64, // ends a picture: the RTP marker
	TRACK_LAYER_END = 128, // ends its spatial layer of a picture
	TRACK_SPATIAL_SYNC = 256, // begins a spatial layer that may be entered from the one below
	TRACK_PICTURE_REFS = 512, // pictures refer to each other by id: ids keep their distances
	TRACK_LATE = 1024, // a number was left free for it at every limit, even those without it
	TRACK_KEY_PICTURE = 2048, // part of a key frame; set on its first packet, too
};

struct track_packet {
	int64_t arrival_us;
	uint32_t seq; // low half of the stream's extended sequence number
	uint32_t timestamp;
	uint32_t track_timestamp; // rtp_clock_track_timestamp of its layer's clock
	uint16_t seq_at[LIMITS]; // packets so far within each limit, this one included
	uint16_t picture_at[TEMPORAL_LIMITS]; // pictures, likewise; only with picture_id_bits
	uint16_t picture_id; // as received, with picture_id_bits
	uint16_t flags; // enum track_packet_flags
	uint8_t layer; // index of the encoding
	uint8_t spatial_id;
	uint8_t temporal_id;
	uint8_t picture_id_bits; // 7, 15 or 0 = none
	uint8_t tl0picidx;
	// With TRACK_KEY_FRAME: a viewer that begins with it begins `lead` packets before it;
	// `trail` packets after it arrived before it (access_unit.h).
	uint8_t lead;
	uint8_t trail;
	uint8_t source; // of its encoding: packets of two sources share only the order of numbers
};
static_assert(sizeof(struct track_packet) == 72);

// True if a viewer with this limit gets the packet.
static inline bool track_packet_is_within(const struct track_packet *p, uint8_t limit)
{
	return p->temporal_id <= limit_temporal(limit) && p->spatial_id <= limit_spatial(limit);
}

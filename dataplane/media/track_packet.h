// What every subscriber of a track needs to know of one of its packets. Filled once by the
// publisher's worker, then read-only for all workers.
#pragma once

#include <assert.h>
#include <stdint.h>

#define TRACK_LAYERS    4 // encodings of one track
#define TEMPORAL_LIMITS 4 // "at most temporal layer t", t = 0 to 3
#define TEMPORAL_NONE   4 // temporal_id of a packet for nobody: padding only

enum track_packet_flags {
	TRACK_KEY_FRAME = 1, // begins a key frame
	TRACK_BEGIN = 2, // begins a picture
	TRACK_LAYER_SYNC = 4, // its temporal layer may be entered here
	TRACK_SWITCH_UP = 8, // higher temporal layers may be entered after it
	TRACK_TIME = 16, // track_timestamp is known
	TRACK_TL0PICIDX = 32, // tl0picidx is there
	TRACK_END = 64, // ends a picture: the RTP marker
};

struct track_packet {
	int64_t arrival_us;
	uint32_t seq; // low half of the stream's extended sequence number
	uint32_t timestamp;
	uint32_t track_timestamp; // rtp_clock_track_timestamp of its layer's clock
	uint16_t seq_at[TEMPORAL_LIMITS]; // packets so far with temporal_id <= t, this one included
	uint16_t picture_at[TEMPORAL_LIMITS]; // pictures, likewise; only with picture_id_bits
	uint16_t picture_id; // as it came, with picture_id_bits
	uint8_t layer; // index of the encoding
	uint8_t temporal_id;
	uint8_t picture_id_bits; // 7, 15 or 0 = none
	uint8_t tl0picidx;
	uint8_t flags; // enum track_packet_flags
};
static_assert(sizeof(struct track_packet) == 48);

// What the layers of one track weigh on the wire: the mean of the last five seconds, without key
// frames. Those come when somebody asks for one, and would make each layer look dear just when
// viewers change theirs; the largest second does the same, since an encoder spends more right
// behind a key frame. Where they are no exception they count as all others do. What an encoding
// weighed that is switched off is held: whoever has room for it may wish for it again. Written by
// each worker that has subscribers; time is passed in.
#pragma once

#include "media/track_packet.h"

#include <stdbool.h>
#include <stdint.h>

#define RATES_WINDOW_US    1000000
#define RATES_WINDOWS      5
#define RATES_WINDOWS_MIN  2 // an encoder that begins is no measure
#define RATES_PEAK_WINDOWS 3 // an encoder may exceed its limit in one
#define RATES_PEAK_S       710 // 1024 ln 2
#define RATES_KEYS_PER_S   2 // key frames that are an exception: one may be asked for each second

struct rates_layer {
	// Of the second under way, of each temporal layer alone.
	uint32_t bytes[TEMPORAL_LIMITS];
	uint16_t pictures[TEMPORAL_LIMITS];
	uint32_t key_bytes; // of key frames, which are not among the bytes above
	uint16_t keys; // … which are among the pictures
	// Of the seconds before, likewise.
	uint32_t past[RATES_WINDOWS][TEMPORAL_LIMITS];
	uint16_t past_pictures[RATES_WINDOWS][TEMPORAL_LIMITS];
	uint32_t past_key_bytes[RATES_WINDOWS];
	uint16_t past_keys[RATES_WINDOWS];
	// Means, up to this temporal layer.
	uint32_t bps[TEMPORAL_LIMITS];
	uint16_t pictures_per_s[TEMPORAL_LIMITS];
	uint32_t peak_bps[TEMPORAL_LIMITS]; // the largest means, likewise
	uint8_t held; // seconds in which the layer has to come before the means are made anew
};

// Of encodings, or of the spatial layers of the only one.
struct rates {
	int64_t begun_us; // the second under way; 0: no packet yet
	uint8_t key; // bit per layer: a key frame is under way
	uint8_t at; // of the past: the next to be written
	uint8_t count; // of seconds in the past
	struct rates_layer layers[TRACK_LAYERS];
};

// A packet came; bytes on the wire, IP and UDP included.
void rates_packet(struct rates *, const struct track_packet *, uint32_t bytes, int64_t now_us);

// bit/s of a layer up to this temporal one. 0: nothing is known of it yet.
uint32_t rates_read(const struct rates *, uint8_t layer, uint8_t temporal);

// The largest mean of RATES_PEAK_WINDOWS so far, which loses half of itself in RATES_PEAK_S: what a
// screen weighs when its page is turned, though it has stood still for long. Known from the third
// second on, and for good.
uint32_t rates_peak(const struct rates *, uint8_t layer, uint8_t temporal);

// The layer is about to be switched off: it weighs what it weighs now until it has come for
// RATES_WINDOWS again. Nothing where that is not known.
void rates_hold(struct rates *, uint8_t layer);

static inline bool rates_are_held(const struct rates *r, uint8_t layer)
{
	return layer < TRACK_LAYERS && r->layers[layer].held > 0;
}

// Whether anything has come of late; what is known of a track that has paused since is worth
// nothing.
static inline bool rates_are_fresh(const struct rates *r, int64_t now_us)
{
	return r->begun_us && now_us - r->begun_us < RATES_WINDOWS * RATES_WINDOW_US;
}

// Pictures a second of a layer up to this temporal one, likewise.
uint32_t rates_pictures(const struct rates *, uint8_t layer, uint8_t temporal);

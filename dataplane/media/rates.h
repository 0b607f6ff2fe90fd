// What the layers of one track weigh on the wire: the mean of the last five seconds, without key
// frames. Key frames come when somebody requests one, and would make each layer look expensive just
// when viewers change layers. So would the largest second, since an encoder spends more right after
// a key frame. If key frames are no exception, they count like all other pictures. The weight of an
// encoding that is switched off is held, so a viewer with room for it may wish for it again.
// Written by each worker that has subscribers; time is passed in.
#pragma once

#include "media/track_packet.h"

#include <stdbool.h>
#include <stdint.h>

#define RATES_WINDOW_US    1000000
#define RATES_WINDOWS      5
#define RATES_WINDOWS_MIN  2 // an encoder that has just begun is no measure
#define RATES_PEAK_WINDOWS 3 // in a single one an encoder may exceed its limit
#define RATES_PEAK_S       710 // 1024 ln 2
#define RATES_KEYS_PER_S   2 // up to this, key frames are an exception: one a second is usual

struct rates_layer {
	// In the current second, of each temporal layer alone.
	uint32_t bytes[TEMPORAL_LIMITS];
	uint16_t pictures[TEMPORAL_LIMITS];
	uint32_t key_bytes; // of key frames, which `bytes` leaves out
	uint16_t keys; // … which `pictures` includes
	// In the previous seconds, likewise.
	uint32_t past[RATES_WINDOWS][TEMPORAL_LIMITS];
	uint16_t past_pictures[RATES_WINDOWS][TEMPORAL_LIMITS];
	uint32_t past_key_bytes[RATES_WINDOWS];
	uint16_t past_keys[RATES_WINDOWS];
	// Means, up to this temporal layer.
	uint32_t bps[TEMPORAL_LIMITS];
	uint16_t pictures_per_s[TEMPORAL_LIMITS];
	uint32_t peak_bps[TEMPORAL_LIMITS]; // the largest of such means
	uint8_t held; // seconds in which the layer must arrive before the means are updated again
};

// Of encodings, or of the spatial layers of the only one.
struct rates {
	int64_t begun_us; // the current second; 0: no packet yet
	uint8_t key; // bit per layer: a key frame is in progress
	uint8_t at; // index of the past second to write next
	uint8_t count; // number of past seconds
	bool may_stand; // a screen: seconds in which nothing comes are part of what it weighs
	struct rates_layer layers[TRACK_LAYERS];
};

// A packet arrived; bytes: on the wire, IP and UDP included.
void rates_packet(struct rates *, const struct track_packet *, uint32_t bytes, int64_t now_us);

// bit/s of a layer up to this temporal one. 0: not known yet.
uint32_t rates_read(const struct rates *, uint8_t layer, uint8_t temporal);

// The largest mean of RATES_PEAK_WINDOWS so far, which halves in RATES_PEAK_S: the weight of a
// screen whose page is turned after it has stood still for long. Known from the third second on,
// for good.
uint32_t rates_peak(const struct rates *, uint8_t layer, uint8_t temporal);

// The layer is about to be switched off: holds its current weight until the layer has arrived for
// RATES_WINDOWS again. Does nothing if the weight is not known.
void rates_hold(struct rates *, uint8_t layer);

static inline bool rates_are_held(const struct rates *r, uint8_t layer)
{
	return layer < TRACK_LAYERS && r->layers[layer].held > 0;
}

// Whether anything has arrived recently; the figures of a track that has paused since mean nothing.
static inline bool rates_are_fresh(const struct rates *r, int64_t now_us)
{
	return r->begun_us && now_us - r->begun_us < RATES_WINDOWS * RATES_WINDOW_US;
}

// Pictures per second of a layer up to this temporal one.
uint32_t rates_pictures(const struct rates *, uint8_t layer, uint8_t temporal);

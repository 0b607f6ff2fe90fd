#include "media/rates.h"

#include <string.h>

#define PEAK_SHIFT 10 // each second takes off 1/1024

// Bytes of key frames to count in `count` seconds: none as long as key frames are few among other
// pictures.
static uint64_t key_bytes(const struct rates_layer *l, int from, int count)
{
	uint32_t keys = 0, pictures = 0;
	uint64_t bytes = 0;

	for (int i = 0; i < count; i++) {
		int at = (from + i) % RATES_WINDOWS;
		bytes += l->past_key_bytes[at];
		keys += l->past_keys[at];
		for (int t = 0; t < TEMPORAL_LIMITS; t++)
			pictures += l->past_pictures[at][t];
	}
	return keys >= pictures || keys > (uint32_t)count * RATES_KEYS_PER_S ? bytes : 0;
}

static void layer_mean(struct rates_layer *l, uint8_t count)
{
	uint64_t bytes = key_bytes(l, 0, count);
	uint32_t pictures = 0;

	for (int t = 0; t < TEMPORAL_LIMITS; t++) {
		for (int i = 0; i < count; i++) {
			bytes += l->past[i][t];
			pictures += l->past_pictures[i][t];
		}
		l->bps[t] = (uint32_t)(bytes * 8 * 1000000 / RATES_WINDOW_US / count);
		l->pictures_per_s[t] = (uint16_t)((pictures + count / 2u) / count);
	}
}

// Updates the peaks with the mean of the seconds before `at`.
static void layer_peak(struct rates_layer *l, uint8_t at)
{
	uint64_t bytes = key_bytes(l, at + RATES_WINDOWS - RATES_PEAK_WINDOWS, RATES_PEAK_WINDOWS);

	for (int t = 0; t < TEMPORAL_LIMITS; t++) {
		for (int i = 1; i <= RATES_PEAK_WINDOWS; i++)
			bytes += l->past[(at + RATES_WINDOWS - i) % RATES_WINDOWS][t];
		uint32_t bps =
		        (uint32_t)(bytes * 8 * 1000000 / RATES_WINDOW_US / RATES_PEAK_WINDOWS);
		l->peak_bps[t] -= l->peak_bps[t] >> PEAK_SHIFT;
		if (bps > l->peak_bps[t])
			l->peak_bps[t] = bps;
	}
}

static bool has_come(const struct rates_layer *l)
{
	for (int t = 0; t < TEMPORAL_LIMITS; t++) {
		if (l->bytes[t] > 0 || l->pictures[t] > 0)
			return true;
	}
	return false;
}

static void window_end(struct rates *r)
{
	for (int i = 0; i < TRACK_LAYERS; i++) {
		struct rates_layer *l = &r->layers[i];
		if (l->held > 0)
			l->held = has_come(l) ? l->held - 1 : RATES_WINDOWS;
		memcpy(l->past[r->at], l->bytes, sizeof(l->bytes));
		memcpy(l->past_pictures[r->at], l->pictures, sizeof(l->pictures));
		l->past_key_bytes[r->at] = l->key_bytes;
		l->past_keys[r->at] = l->keys;
		l->key_bytes = l->keys = 0;
		memset(l->bytes, 0, sizeof(l->bytes));
		memset(l->pictures, 0, sizeof(l->pictures));
	}
	r->at = (uint8_t)((r->at + 1) % RATES_WINDOWS);
	if (r->count < RATES_WINDOWS)
		r->count++;
	for (int i = 0; r->count >= RATES_PEAK_WINDOWS && i < TRACK_LAYERS; i++)
		layer_peak(&r->layers[i], r->at);
	r->begun_us += RATES_WINDOW_US;
}

// The first packet after a long pause: only held figures are still known.
static void begin(struct rates *r, int64_t now_us)
{
	for (int i = 0; i < TRACK_LAYERS; i++) {
		struct rates_layer *l = &r->layers[i], before = *l;
		*l = (struct rates_layer){0};
		memcpy(l->peak_bps, before.peak_bps, sizeof(l->peak_bps));
		if (before.held == 0)
			continue;
		l->held = RATES_WINDOWS;
		memcpy(l->bps, before.bps, sizeof(l->bps));
		memcpy(l->pictures_per_s, before.pictures_per_s, sizeof(l->pictures_per_s));
	}
	r->begun_us = now_us;
	r->at = r->count = 0;
}

static void advance(struct rates *r, int64_t now_us)
{
	if (r->begun_us == 0 || now_us - r->begun_us >= RATES_WINDOWS * RATES_WINDOW_US) {
		begin(r, now_us);
		return;
	}
	window_end(r);
	if (!r->may_stand) // a camera that was off weighs as much as before
		r->begun_us += (now_us - r->begun_us) / RATES_WINDOW_US * RATES_WINDOW_US;
	while (now_us - r->begun_us >= RATES_WINDOW_US)
		window_end(r);
	for (int i = 0; r->count >= RATES_WINDOWS_MIN && i < TRACK_LAYERS; i++) {
		if (r->layers[i].held == 0)
			layer_mean(&r->layers[i], r->count);
	}
}

void rates_hold(struct rates *r, uint8_t layer)
{
	if (layer < TRACK_LAYERS && r->layers[layer].bps[TEMPORAL_LIMITS - 1] > 0)
		r->layers[layer].held = RATES_WINDOWS;
}

void rates_packet(struct rates *r, const struct track_packet *p, uint32_t bytes, int64_t now_us)
{
	uint8_t layer = p->layer + p->spatial_id, temporal = p->temporal_id;

	if (layer >= TRACK_LAYERS || temporal >= TEMPORAL_LIMITS)
		return;
	if (now_us - r->begun_us >= RATES_WINDOW_US)
		advance(r, now_us);
	struct rates_layer *l = &r->layers[layer];
	uint8_t bit = (uint8_t)(1 << layer);
	if (p->flags & TRACK_KEY_FRAME)
		r->key |= bit;
	else if (p->flags & TRACK_BEGIN)
		r->key &= (uint8_t)~bit;
	l->pictures[temporal] += !!(p->flags & TRACK_BEGIN);
	l->keys += !!(p->flags & TRACK_KEY_FRAME);
	if (r->key & bit)
		l->key_bytes += bytes;
	else
		l->bytes[temporal] += bytes;
}

uint32_t rates_read(const struct rates *r, uint8_t layer, uint8_t temporal)
{
	if (layer >= TRACK_LAYERS || temporal >= TEMPORAL_LIMITS)
		return 0;
	return r->layers[layer].bps[temporal];
}

uint32_t rates_peak(const struct rates *r, uint8_t layer, uint8_t temporal)
{
	if (layer >= TRACK_LAYERS || temporal >= TEMPORAL_LIMITS)
		return 0;
	return r->layers[layer].peak_bps[temporal];
}

uint32_t rates_pictures(const struct rates *r, uint8_t layer, uint8_t temporal)
{
	if (layer >= TRACK_LAYERS || temporal >= TEMPORAL_LIMITS)
		return 0;
	return r->layers[layer].pictures_per_s[temporal];
}

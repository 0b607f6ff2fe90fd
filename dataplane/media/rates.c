#include "media/rates.h"

#include <string.h>

static void layer_mean(struct rates_layer *l, uint8_t count)
{
	uint64_t bytes = 0;
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

static void window_end(struct rates *r)
{
	for (int i = 0; i < TRACK_LAYERS; i++) {
		struct rates_layer *l = &r->layers[i];
		memcpy(l->past[r->at], l->bytes, sizeof(l->bytes));
		memcpy(l->past_pictures[r->at], l->pictures, sizeof(l->pictures));
		memset(l->bytes, 0, sizeof(l->bytes));
		memset(l->pictures, 0, sizeof(l->pictures));
	}
	r->at = (uint8_t)((r->at + 1) % RATES_WINDOWS);
	if (r->count < RATES_WINDOWS)
		r->count++;
	r->begun_us += RATES_WINDOW_US;
}

static void advance(struct rates *r, int64_t now_us)
{
	if (r->begun_us == 0 || now_us - r->begun_us >= RATES_WINDOWS * RATES_WINDOW_US) {
		*r = (struct rates){.begun_us = now_us, .key = r->key}; // the first, for long
		return;
	}
	while (now_us - r->begun_us >= RATES_WINDOW_US)
		window_end(r);
	for (int i = 0; r->count >= RATES_WINDOWS_MIN && i < TRACK_LAYERS; i++)
		layer_mean(&r->layers[i], r->count);
}

void rates_packet(struct rates *r, const struct track_packet *p, uint32_t bytes, int64_t now_us)
{
	uint8_t layer = p->layer + p->spatial_id, temporal = p->temporal_id;

	if (layer >= TRACK_LAYERS || temporal >= TEMPORAL_LIMITS)
		return;
	if (now_us - r->begun_us >= RATES_WINDOW_US)
		advance(r, now_us);
	uint8_t bit = (uint8_t)(1 << layer);
	if (p->flags & TRACK_KEY_FRAME)
		r->key |= bit;
	else if (p->flags & TRACK_BEGIN)
		r->key &= (uint8_t)~bit;
	r->layers[layer].pictures[temporal] += !!(p->flags & TRACK_BEGIN);
	if (!(r->key & bit))
		r->layers[layer].bytes[temporal] += bytes;
}

uint32_t rates_read(const struct rates *r, uint8_t layer, uint8_t temporal)
{
	if (layer >= TRACK_LAYERS || temporal >= TEMPORAL_LIMITS)
		return 0;
	return r->layers[layer].bps[temporal];
}

uint32_t rates_pictures(const struct rates *r, uint8_t layer, uint8_t temporal)
{
	if (layer >= TRACK_LAYERS || temporal >= TEMPORAL_LIMITS)
		return 0;
	return r->layers[layer].pictures_per_s[temporal];
}

// Encodings of one track and the selector of one of its viewers, for the selector's tests.
#pragma once

#include "media/selector.h"

#include "hostile.h"
#include "media/codec.h"
#include "media/temporal.h"
#include "wire/clock.h"
#include "wire/sequence.h"

#define FRAME_US 33333
#define TICKS    3000 // per frame, at 90 kHz
#define SECOND   1000000

// A publisher's encoding: one packet per frame unless a test says otherwise.
struct encoding {
	struct layer_counter counter;
	struct rtp_clock clock;
	uint64_t seq;
	uint32_t timestamp;
	uint16_t picture_id;
	uint8_t tl0picidx;
	uint8_t layer;
	bool picture_refs;
};

static struct encoding encodings[3];
static struct selector sel;
static struct selector_out out;
static int64_t now_us;

static void start(enum selector_kind kind, uint16_t seq)
{
	selector_init(&sel, kind, seq, 0xFFFFF000);
	now_us = 1000 * (int64_t)SECOND;
	for (uint8_t i = 0; i < COUNT(encodings); i++) {
		struct encoding *e = &encodings[i];
		*e = (struct encoding){
		        .seq = sequence_start((uint16_t)(65000 + 1000 * i)),
		        .timestamp = 0x40000000u * i + 7,
		        .picture_id = (uint16_t)(32760 + 100 * i) & 0x7FFF,
		        .tl0picidx = (uint8_t)(200 + i),
		        .layer = i,
		};
		rtp_clock_init(&e->clock, 90000);
	}
}

// A packet of an encoding's next picture, as the publisher's worker would describe it.
static struct track_packet
part(struct encoding *e, uint8_t tid, bool key, bool sync, bool begin, bool end)
{
	struct frame_info info = {
	        .begin = begin,
	        .key_frame = key,
	        .layer_sync = sync,
	        .temporal_id = tid,
	        .picture_id = e->picture_id,
	        .picture_id_bits = 15,
	        .picture_refs = e->picture_refs,
	        .has_tl0picidx = true,
	        .tl0picidx = tid == 0 && begin ? ++e->tl0picidx : e->tl0picidx,
	};
	struct track_packet p = {
	        .arrival_us = now_us,
	        .timestamp = e->timestamp,
	        .layer = e->layer,
	        .flags = end ? TRACK_END : 0,
	};
	if (e->clock.known) {
		p.track_timestamp = rtp_clock_track_timestamp(&e->clock, p.timestamp);
		p.flags |= TRACK_TIME;
	}
	assert_int_equal(temporal_count(&e->counter, e->seq++, &info, false, &p), 0);
	if (end)
		e->picture_id = (e->picture_id + 1) & 0x7FFF;
	return p;
}

// The next frame of an encoding, in one packet.
static struct track_packet frame(struct encoding *e, uint8_t tid, bool key, bool sync)
{
	return part(e, tid, key, sync, true, true);
}

// Let one frame time pass for all encodings.
static void tick(void)
{
	now_us += FRAME_US;
	for (size_t i = 0; i < COUNT(encodings); i++)
		encodings[i].timestamp += TICKS;
}

static bool forward(int layer, uint8_t tid, bool key)
{
	struct track_packet p = frame(&encodings[layer], tid, key, false);
	return selector_forward(&sel, &p, &out);
}

// Which picture the programme shows: what a viewer would have watched. Pure: no I/O, time passed
// in, microseconds on the recording's time line.
//
// The newest share, else who leads (for 2 s at least), else the last one seen. A change takes
// effect at a key frame of the new picture; the old one goes on until then. 2 s without frames of
// the picture, or nobody with one: a card, a key frame made at build time, each second. If only a
// key frame is missing, the last picture stays for a second before the first card.
//
// Frames leave in strictly rising order of time, a millisecond apart at least: what comes too early
// is moved. The first one leaves within PROGRAMME_CARD_US of the first tick.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "am_record.h"
#include "media/assembly.h"

#define PROGRAMME_HOLD_US  2000000 // a leader stays at least this long
#define PROGRAMME_STALE_US 2000000 // without frames: a card
#define PROGRAMME_CARD_US  1000000 // between two cards
#define PROGRAMME_LAG_US                                                                           \
	400000 // a card's time is so long ago, so pictures on their way fit behind it

struct programme;

// A picture that goes into the programme. card: made by the programme; track_id is 0.
struct programme_frame {
	int64_t time_us;
	enum codec codec;
	const uint8_t *data;
	size_t len;
	uint16_t width, height; // of key frames
	am_id track_id;
	bool key, card;
};

struct programme_events {
	void *owner;
	void (*frame)(void *owner, const struct programme_frame *);
	void (*needs_key_frame)(void *owner, am_id track_id);
};

// NULL with errno.
[[nodiscard]] struct programme *programme_create(const struct programme_events *);
void programme_destroy(struct programme *);

// kind: AM_RECORD_CAMERA or AM_RECORD_SCREEN; others are ignored, as are more than
// AM_RECORD_TRACK_MAX.
void programme_track_add(struct programme *, am_id track_id, uint64_t publisher, uint8_t kind);
void programme_track_remove(struct programme *, am_id track_id, int64_t now_us);
void programme_track_pause(struct programme *, am_id track_id, bool paused, int64_t now_us);
void programme_leader(struct programme *, uint64_t publisher, int64_t now_us);

// The picture of this track, which has been added, was shown last, by an earlier recorder: it goes
// on without a key frame.
void programme_resume(struct programme *, am_id track_id, enum codec);

// A frame of any of the tracks, in order of time within a track. Pictures that have come are given
// before the tick of their time, or else they seem late: a recorder that catches up ticks as it
// reads.
void programme_picture(
        struct programme *p, am_id track_id, int64_t time_us, enum codec codec,
        const struct assembly_frame *f
);

// Emits cards that are due. Call at least every 100 ms.
void programme_tick(struct programme *, int64_t now_us);

// The card as a key frame of this codec: VP8 and VP9; NULL: none is known (H.264, AV1: the card is
// then a part in VP8).
const uint8_t *programme_card(enum codec, size_t *len, uint16_t *width, uint16_t *height);

// Makes one viewer's subscription to one track a continuous stream: chooses the layer, switches at
// key frames, and numbers the forwarded packets seamlessly. Written by the viewer's worker. It is
// hot and there is one per subscription, so it is small.
//
//	         key frame of the target,          key frame of
//	         or of a lower layer once          a new target:
//	         SELECTOR_WAIT_MS is over           new epoch
//	WAITING ──────────────────────────▶ FLOWING ─────┐
//	   ▲                                 │  ▲        │
//	   └──────── pause, resume ──────────┘  └────────┘
//
// An epoch is a stretch with constant offsets: one layer, one limit (track_packet.h). The last few
// are kept, so a viewer's NACK finds the source of a number from before a switch.
//
// A switch or pause may cut a picture off: its last packets were lost on their way to us, or come
// after the key frame. Then one number before the key frame stays free; otherwise the viewer would
// see an unfinished picture but no missing packet. A NACK for it gets the picture's last packet, if
// only that was missing and it has arrived meanwhile.
//
// A viewer may begin with a key frame from the history and the base layer since (chain.h). Those
// pictures go out at once, so their timestamps are drawn together before the newest one's: with the
// original ones, the viewer would show everything after them just as late.
#pragma once

#include "media/track_packet.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#define SELECTOR_EPOCHS        5 // the current and four before
#define SELECTOR_NONE          0xFF // no layer
#define SELECTOR_WAIT_MS       500 // to wait for the wanted layer before taking a lower one
#define SELECTOR_LATE_MAX      1024 // packets; a number further back has wrapped instead
#define SELECTOR_CLOCK_MS_MAX  1000 // sender reports that differ more from the arrivals are ignored
#define SELECTOR_EPOCH_SEQ_MAX 16384 // how many numbers of the current epoch a NACK may go back

enum selector_kind {
	SELECTOR_AUDIO, // 48 kHz; starts with any packet
	SELECTOR_VIDEO, // 90 kHz; starts with a key frame
	SELECTOR_SVC, // the same; one encoding, whose spatial layers are the viewer's layers
};

#define SELECTOR_CUT  0x80 // the number before seq_first is free
#define SELECTOR_PAST 0x40 // timestamps before the anchor are drawn together

#define SELECTOR_PAST_SHIFT 4 // to a sixteenth

struct selector_epoch {
	uint32_t timestamp_offset; // out = in + offset, here and below
	uint16_t seq_first; // the first number given out
	uint16_t seq_offset;
	uint16_t picture_offset;
	uint8_t tl0_offset;
	uint8_t source; // SELECTOR_CUT | SELECTOR_PAST | layer << 4 | limit
};

struct selector {
	uint32_t seq_start; // source number of the first packet of the current epoch
	uint32_t timestamp; // highest given out, here and below
	uint32_t track_timestamp; // of the packet with that timestamp
	uint32_t arrival_ms; // likewise
	uint32_t anchor; // source timestamp of the newest past picture that the viewer began with
	uint16_t seq;
	uint16_t picture;
	uint16_t wait_start_ms; // low half
	uint8_t tl0picidx;
	uint8_t layer; // the encoding that is forwarded now, or SELECTOR_NONE
	uint8_t layer_last; // of the current epoch
	uint8_t target; // the encoding that we want to forward, or SELECTOR_NONE
	uint8_t preferred;
	uint8_t limit; // in force (track_packet.h)
	uint8_t preferred_limit;
	uint8_t active; // bit per layer
	uint8_t flags;
	uint8_t epoch_count;
	struct selector_epoch epochs[SELECTOR_EPOCHS]; // newest first
};
static_assert(sizeof(struct selector) <= 96);

// The numbers of one copy. Write picture numbers only if the packet has them.
struct selector_out {
	uint32_t timestamp;
	uint16_t seq;
	uint16_t picture_id;
	uint8_t tl0picidx;
	bool end; // of the picture, as the viewer gets it: the RTP marker
};

// Where a number given out came from, and how to reproduce it.
struct selector_source {
	struct selector_epoch epoch;
	uint16_t out_seq;
	uint32_t anchor;
	uint16_t seq_at; // track_packet.seq_at[limit] of the encoding's packet
	uint8_t layer;
	uint8_t limit;
	bool end; // left free for a cut picture's last packet
};

// The first packet will get `seq` and `timestamp`: random, RFC 3550 5.1. All layers count as active
// and the highest is preferred until the caller says otherwise.
void selector_init(struct selector *, enum selector_kind, uint16_t seq, uint32_t timestamp);

// The highest encoding or spatial layer, and temporal layer, that the viewer wants. Takes effect
// with the next suitable key frame or picture.
void selector_prefer(struct selector *, uint8_t layer, uint8_t temporal_limit);

// Which encodings or spatial layers the publisher sends now, a bit each.
void selector_set_active(struct selector *, uint8_t layers);

// Stop and continue; idempotent. Afterwards, video waits for a key frame again.
void selector_pause(struct selector *);
void selector_resume(struct selector *);

// True: forward a copy of the packet with the numbers in *out. Give it every packet of the track,
// of every layer, in order of arrival.
[[nodiscard]] bool
selector_forward(struct selector *, const struct track_packet *, struct selector_out *out);

// True if the viewer, which gets another encoding or none, may continue with this key frame.
// selector_begin lets it continue with an earlier packet of that key frame; then forward both.
[[nodiscard]] bool selector_may_begin(struct selector *, const struct track_packet *);
void selector_begin(struct selector *, const struct track_packet *);

// Begins with a key frame from the history, whose first packet is `first`. Forward it and all
// packets of the base layer up to `newest`, which must be complete; leave others out. Then call
// selector_end_past.
void selector_begin_past(
        struct selector *, const struct track_packet *first, const struct track_packet *newest
);
void selector_end_past(struct selector *);

// The encoding or spatial layer that the viewer gets now, or SELECTOR_NONE.
uint8_t selector_layer(const struct selector *);

// The encoding for which to ask the publisher for a key frame, or SELECTOR_NONE. Ask after
// selector_forward, prefer, set_active and resume; keyframe.h merges the requests.
uint8_t selector_wanted_layer(const struct selector *);

// Which source packet was given out as seq, or would have been. False if none was, or too long ago.
[[nodiscard]] bool selector_find(const struct selector *, uint16_t seq, struct selector_source *);

// The numbers with which a packet found by selector_find was given out. False if the packet is not
// of this viewer's layers (its number was only reserved while it was missing), or does not end the
// picture that was cut off.
[[nodiscard]] bool selector_repeat(
        const struct selector_source *, const struct track_packet *, struct selector_out *out
);

// The same for a packet that is not of this viewer's layers and came late: no other packet will
// ever have its number, so send it without a payload. False if the number was not its own.
[[nodiscard]] bool selector_fill(
        const struct selector_source *, const struct track_packet *, struct selector_out *out
);

// The offset to add to a timestamp of the encoding forwarded now, for SRs to the viewer. False
// before the first packet.
[[nodiscard]] bool
selector_timestamp_offset(const struct selector *, uint8_t *layer, uint32_t *offset);

// The frames of one encoding of a tapped track: its packets in order, depacketised, and those
// frames left out whose references are missing. While it seeks a key frame, it waits for nothing.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/codec.h"
#include "media/depacketizer.h"
#include "media/references.h"
#include "media/reorder.h"

// Packets before a source's first one that may still come.
#define FRAMES_ROOM 16

struct frames;

// header: of the frame's first packet.
typedef void
frames_sink(void *owner, struct frames *, const struct reorder_packet *header, const struct depacketized *);

struct frames {
	enum codec codec;
	int64_t wait_us;
	frames_sink *sink;
	void *owner;

	bool started; // a packet has come
	bool seeking; // a key frame
	bool delivered; // some packet of this source was in its place
	uint8_t source;
	int64_t last_us; // arrival of the last packet
	uint64_t lost; // packets
	uint64_t left_out; // frames

	struct reorder waiting;
	struct depacketizer depacketizer;
	struct references references;
	// The frame that is being put together.
	bool open;
	bool broken; // some of its packets are missing
	struct reorder_packet first; // its header
	uint64_t last_seq; // of the last packet that went into it
	struct frame_info info; // of the first packet
	uint64_t refs[2]; // of all its layers
	uint32_t lost_before; // packets missing right before it
	// Packets missing since the last one that went into a frame.
	uint32_t gap;
};

// NULL with errno.
[[nodiscard]] struct frames *frames_create(enum codec, int64_t wait_us, frames_sink *, void *owner);
void frames_destroy(struct frames *);

// The frame that ended with seq was the last one that was handed over: go on behind it without a
// key frame. Before the first packet.
void frames_resume(struct frames *, uint8_t source, uint64_t seq);

// Takes one packet; the frames that are complete go to the sink.
void frames_packet(
        struct frames *f, const struct reorder_packet *header, uint8_t source,
        const uint8_t *payload
);

// Gives up what has waited too long.
void frames_tick(struct frames *, int64_t now_us);
void frames_drain(struct frames *);

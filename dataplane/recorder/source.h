// One track of a recording, from its packets in the tap to frames with their times on the
// recording's line. A frame that an earlier recorder has given a time gets the same one again, so
// that it is known what the files have already.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "am_record.h"
#include "media/timeline.h"
#include "recorder/line.h"
#include "recorder/state.h"

struct am_tap_entry;
struct assembly;
struct assembly_frame;
struct source;

struct source_frame {
	const struct assembly_frame *frame;
	int64_t time_us; // on the line; LINE_NONE: it did not run then
	uint64_t seq; // sound
	int level; // sound: RFC 6464 byte; -1: unknown
	struct state_time *place; // NULL: none
};

typedef void source_sink(void *owner, const struct source_frame *);

// now_us: of the clock; what arrived before then may have got its time already. NULL with errno.
[[nodiscard]] struct source *source_create(
        const struct am_record_track *, struct timeline_publisher *, const struct line *,
        struct state_track *, int64_t now_us, source_sink *, void *owner
);
void source_destroy(struct source *);

// The files have everything up to this frame: what follows needs no key frame. Before the first
// entry. 0 or -errno.
[[nodiscard]] int source_resume(struct source *, const struct state_time *);

// A packet or a sender report of this track.
void source_entry(struct source *, const struct am_tap_entry *);
void source_tick(struct source *, int64_t now_us);

// Hands over what waits: no more packets come.
void source_drain(struct source *);

bool source_needs_key_frame(const struct source *);
uint64_t source_lost(const struct source *); // packets that never came

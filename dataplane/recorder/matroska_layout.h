// Where things are in a file of matroska.h.
//
//	0x00000  EBML head
//	0x00024  Segment, of unknown size: to the file's end
//	0x00030  SeekHead, Info with the Duration, Tracks, Void
//	0x01000  Cues: an element of 64 KiB
//	0x0100C  slots of 20 bytes, 25 in each sector of 512
//	0x11000  clusters
//
// A slot is a CuePoint or, while it is empty, a Void. A write of a slot or of the Duration never
// crosses a sector, so that it is there or not. Each sector of the Cues but the first, in which the
// element begins, has a Void of the same 12 bytes in front of its slots.
//
// What each of the players needs: the Cues to seek (Firefox, GStreamer), the Duration to seek and
// to play to the end (Firefox), no size of the Segment that is wrong for a moment (all of them).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "recorder/matroska_track.h"

#define MATROSKA_SEGMENT_AT   0x24
#define MATROSKA_SEGMENT_DATA 0x30 // what positions in the Segment count from
#define MATROSKA_DURATION_AT  0x78 // the value
#define MATROSKA_CUES_AT      0x1000
#define MATROSKA_CUES_LEN     0x10000
#define MATROSKA_CLUSTERS_AT  (MATROSKA_CUES_AT + MATROSKA_CUES_LEN)

#define MATROSKA_SECTOR       512
#define MATROSKA_FILLER_LEN   12
#define MATROSKA_SLOT_LEN     20
#define MATROSKA_SECTOR_SLOTS 25
#define MATROSKA_SLOTS        (MATROSKA_CUES_LEN / MATROSKA_SECTOR * MATROSKA_SECTOR_SLOTS)

#define MATROSKA_POSITION_MAX ((1ull << 40) - 1) // of a cluster

struct matroska_cue {
	uint32_t time_ms;
	uint8_t track; // from 1
	uint64_t offset; // of the cluster in the file
};

// Everything before the clusters, with empty Cues. 0, or -EBADMSG if a key frame tells too little.
[[nodiscard]] int matroska_head(
        uint8_t head[MATROSKA_CLUSTERS_AT], const struct matroska_track *tracks, uint8_t count
);

// Where in the file a slot is.
size_t matroska_slot_at(uint16_t slot);

void matroska_slot_put(uint8_t to[MATROSKA_SLOT_LEN], const struct matroska_cue *);
void matroska_slot_clear(uint8_t to[MATROSKA_SLOT_LEN]);

// 1 for a CuePoint, 0 for an empty slot, -EBADMSG for anything else.
[[nodiscard]] int matroska_slot_get(const uint8_t from[MATROSKA_SLOT_LEN], struct matroska_cue *);

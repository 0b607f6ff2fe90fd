// Reads back a file that matroska.c has begun and not finished: how much of it is whole. What is
// not of that kind is refused. The file may be hostile.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "recorder/matroska_layout.h"

struct matroska_source {
	void *owner;
	// The bytes read, fewer at the end; or -errno.
	ssize_t (*read)(void *owner, uint64_t offset, void *bytes, size_t len);
	uint64_t size;
};

struct matroska_scan {
	uint8_t count; // of tracks
	enum codec codecs[MATROSKA_TRACK_MAX];
	int64_t last_ms[MATROSKA_TRACK_MAX]; // as matroska_resume tells it
	uint64_t end; // of the last whole cluster
	int64_t end_ms; // and of its frames
	int64_t cluster_ms; // its Timestamp
	uint16_t slots; // used, with holes before the last one
	int64_t cue_ms; // of the last CuePoint
	bool cues_changed; // and have to be written
	uint8_t cues[MATROSKA_CUES_LEN]; // without those that point at nothing
};

// 0; -EBADMSG; or -errno of a read.
[[nodiscard]] int matroska_scan(const struct matroska_source *, struct matroska_scan *);

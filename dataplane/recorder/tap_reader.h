// Reads the rings of the data plane, each entry once, in order of arrival across the rings. It
// connects by itself, and goes through the rings of a data plane that has gone to their end before
// it turns to those of the next one.
//
// The order of a turn matters: first note how far the rings have come (tap_reader_mark), then take
// what the control plane says, then read up to the marks. So no packet of a track is read before
// the message that announces the track.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct am_tap_entry;
struct tap_reader;

struct tap_reader_events {
	void *owner;
	// An entry of the data plane's life `generation`. now_us: when it arrived, as far as that
	// can be true: never goes back, never after the clock.
	void (*entry
	)(void *owner, uint64_t generation, const struct am_tap_entry *, int64_t now_us);
	// Entries that were overwritten before they could be read.
	void (*missed)(void *owner, uint64_t count);
};

// path: of the data plane's socket, kept. NULL with errno.
[[nodiscard]] struct tap_reader *
tap_reader_create(const char *path, const struct tap_reader_events *);
void tap_reader_destroy(struct tap_reader *);

// The connection, to wait for its end; -1: none.
int tap_reader_fd(const struct tap_reader *);

// Whether a data plane is there and writes a tap.
bool tap_reader_is_connected(const struct tap_reader *);
uint64_t tap_reader_generation(const struct tap_reader *); // of the newest rings; 0: none

// Notices that the data plane has gone, and connects, once a second. May take a second.
void tap_reader_connect(struct tap_reader *, int64_t now_us);

// The positions up to which the newest rings have been read. Returns how many rings there are.
uint32_t tap_reader_positions(const struct tap_reader *, const uint64_t **positions);

// How many entries between these positions and what is still there now have been overwritten.
uint64_t tap_reader_lost(const struct tap_reader *, uint64_t generation, const uint64_t *positions);

void tap_reader_mark(struct tap_reader *);

// Reads up to the marks, but `most` entries at most. True: it got there.
bool tap_reader_read(struct tap_reader *, uint32_t most, int64_t now_us);

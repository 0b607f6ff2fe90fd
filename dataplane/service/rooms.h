// Rooms, as far as the service thread knows them: those in which voices are compared, each for as
// long as a worker has a track of it.
#pragma once

#include <stdint.h>
#include <sys/queue.h>

#define ROOMS_BUCKETS 1024 // ids are random

struct room;
struct track;

// All zero at first.
struct rooms {
	LIST_HEAD(, room) buckets[ROOMS_BUCKETS];
};

// Gives a voice its place in its room; if none is free, the voice is always forwarded. 0 or
// -ENOMEM.
[[nodiscard]] int rooms_join(struct rooms *, uint64_t room_id, struct track *);

// No worker has the track any more.
void rooms_leave(struct track *);

// Which rooms' chat is recorded, and the service thread's ring of the tap, into which it is copied.
// A room may be tapped before it has a chat, and stays so after its chat has ended.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "am_region.h"
#include "path/tap_writer.h"

struct room_taps {
	struct tap_writer writer;
	uint64_t rooms[AM_ROOM_TAP_MAX]; // 0: free
};

// 0, or -ENOSPC: AM_ROOM_TAP_MAX rooms are tapped. Publishes the rooms in the region.
[[nodiscard]] int
room_taps_set(struct room_taps *, struct am_region *, uint64_t room_id, bool tapped);

// Copies a message of a room, with its envelope, if the room is tapped.
void room_taps_write(
        struct room_taps *, uint64_t room_id, const uint8_t *message, size_t len, int64_t now_us
);

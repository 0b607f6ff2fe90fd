// The last packets of one stream, for answering NACKs and starting late viewers. It keeps the
// caller's pointers and never dereferences them. Written and read by the stream's worker.
//
// Ownership: a packet that was put belongs to the history until put, expire or drain returns it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct history_slot {
	void *packet; // NULL = empty
	uint32_t seq; // low half of the extended number
	uint32_t arrival_ms;
};

struct history {
	struct history_slot *slots; // the caller's memory
	uint64_t top; // highest extended number put; 0 = none yet, see sequence_start
	uint64_t tail; // no packet is below this
	uint32_t mask;
	uint32_t age_ms_max;
};

// n slots in the caller's memory, a power of two. Packets older than age_ms_max are not returned.
void history_init(struct history *, struct history_slot *, uint32_t n, uint32_t age_ms_max);

// Keep a packet. Returns the one it displaces, or the packet itself if it is a duplicate or too far
// behind, or NULL: release whatever is returned.
[[nodiscard]] void *history_put(struct history *, uint64_t seq, void *packet, int64_t now_us);

// True if a number is so far behind the newest that its packet is not kept.
bool history_is_past(const struct history *, uint64_t seq);

// The packet with this extended number, or NULL. It still belongs to the history.
void *history_get(const struct history *, uint64_t seq, int64_t now_us);

// The packet whose number ends in seq and is nearest to the newest; or NULL.
void *history_find(const struct history *, uint16_t seq, int64_t now_us);

// Return one packet that is too old, or NULL if none is. Call in housekeeping until it returns
// NULL.
[[nodiscard]] void *history_expire(struct history *, int64_t now_us);

// Return any packet, or NULL once the history is empty.
[[nodiscard]] void *history_drain(struct history *);

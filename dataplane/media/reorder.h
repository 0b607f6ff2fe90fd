// Packets of one stream that wait behind a gap: copies, in order of their sequence numbers. Bounded
// in number and bytes; what does not fit is refused.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REORDER_PACKETS     2048 // from the first missing one on; a power of two
#define REORDER_BYTES_MAX   (4u << 20)
#define REORDER_PAYLOAD_MAX 65535

struct reorder_packet {
	uint64_t seq; // extended
	int64_t arrival_us;
	uint32_t timestamp;
	bool marker;
	uint16_t len;
	uint8_t payload[];
};

// All zero at first. next belongs to the user: no packet below it is kept.
struct reorder {
	uint64_t next; // what must come next
	uint64_t top; // no packet above it waits
	uint32_t count;
	size_t bytes;
	int64_t oldest_us; // arrival of the oldest that waits
	bool oldest_known;
	struct reorder_packet *slots[REORDER_PACKETS]; // by the low bits of seq
};

void reorder_fini(struct reorder *);

// Keep a copy of a packet, next ≤ seq < next + REORDER_PACKETS. False: it is there already, or no
// room is left.
bool reorder_put(struct reorder *r, const struct reorder_packet *header, const uint8_t *payload);

// Take out the packet with this number, to be freed; NULL: it is not there.
struct reorder_packet *reorder_take(struct reorder *, uint64_t seq);

// The lowest that waits, or NULL.
const struct reorder_packet *reorder_lowest(const struct reorder *);

// Arrival of the oldest that waits; there must be one.
int64_t reorder_oldest_us(struct reorder *);

// Go on with seq ≥ next: drops what waits below it. Returns how many below it had not come.
uint64_t reorder_skip(struct reorder *, uint64_t seq);

// What was sent to one viewer, for the feedback that says what arrived. Transport-wide numbers
// (draft-holmer-rmcat-transport-wide-cc-extensions-01, 2) are given out here, and the last
// SENT_COUNT are remembered with time and size. Written by the viewer's worker only.
//
//	entry: time in 64 µs, 20 bits │ bytes on the wire, 11 bits │ lost, 1 bit
//
// An entry without bytes was reported as arrived, or was never written.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#define SENT_COUNT      1024 // a second of 8 Mbit/s, or 20 s of audio
#define SENT_TICK_SHIFT 6 // 64 µs: the time wraps after 67 s
#define SENT_TIME_BITS  20
#define SENT_TIME_SHIFT 12
#define SENT_BYTES_MAX  2047
#define SENT_LOST       1u
#define SENT_AGE_US     30000000 // numbers up to this age are known, none of twice this age

static_assert((SENT_COUNT & (SENT_COUNT - 1)) == 0);

struct sent {
	uint64_t next; // extended number of the next packet
	uint64_t bytes; // sent so far, IP and UDP included
	uint64_t first; // numbers before it are too old: their time has wrapped
	uint64_t mark; // becomes `first` in turn
	int64_t mark_us;
	bool answered; // the viewer reports on numbers: packets without one do not count
	uint32_t entry[SENT_COUNT];
};
static_assert(sizeof(struct sent) <= SENT_COUNT * 4 + 48);

struct sent_packet {
	int64_t us; // when it was sent
	uint16_t bytes;
	bool told_lost;
};

// number: of the first packet.
void sent_init(struct sent *, int64_t now_us, uint16_t number);

// bytes: on the wire, IP and UDP included. Returns the number to write into the packet.
static inline uint16_t sent_put(struct sent *s, int64_t now_us, uint32_t bytes)
{
	uint64_t number = s->next++;
	uint32_t kept = bytes < SENT_BYTES_MAX ? bytes : SENT_BYTES_MAX;

	s->bytes += kept;
	s->entry[number % SENT_COUNT] =
	        (uint32_t)(now_us >> SENT_TICK_SHIFT) << SENT_TIME_SHIFT | kept << 1;
	return (uint16_t)number;
}

static inline void sent_prefetch(const struct sent *s)
{
	__builtin_prefetch(&s->entry[s->next % SENT_COUNT], 1);
}

// The same for a packet without a number, which no feedback covers.
static inline void sent_plain(struct sent *s, uint32_t bytes)
{
	s->bytes += s->answered ? 0 : bytes;
}

// The extended number for a 16-bit one: the nearest to the last given out.
uint64_t sent_extend(const struct sent *, uint16_t number);

// The packet with an extended number. False if it was never sent, was reported as arrived, or is
// too old.
[[nodiscard]] bool
sent_find(const struct sent *, uint64_t number, int64_t now_us, struct sent_packet *);

// Only for a number that sent_find has found.
void sent_told_arrived(struct sent *, uint64_t number);
void sent_told_lost(struct sent *, uint64_t number);

// Forgets what is too old. Call at least every 30 s.
void sent_tick(struct sent *, int64_t now_us);

// Packets of one incoming encoding that are behind a gap, in order: they wait for the repair before
// they get their numbers, so that a loss on the publisher's link is repaired once for all viewers
// and not requested by each. None waits longer than a repair takes. It keeps the caller's pointers
// and never dereferences them. Written by the stream's worker; time is passed in.
//
//	came         100  101  102       104  105  106      103
//	goes on      100  101  102                          103  104  105  106
//
// A packet that arrives after its successors have gone on is late, and goes on at once, out of
// order: its number was left free, and viewers that have sent NACKs meanwhile still wait for it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define HOLD_PACKETS 64
#define HOLD_US_MAX  150000
#define HOLD_ASK_US  10000 // until the request: NACK_GRACE_US_MIN, and as much again for the answer

struct hold_entry {
	uint64_t seq; // extended
	int64_t since_us;
	void *packet;
};

// All zero at first.
struct hold {
	uint64_t next; // the number after the highest that went on; 0: none did
	uint32_t gaps; // number of gaps given up, modulo 2^32
	uint16_t count;
	struct hold_entry entries[HOLD_PACKETS]; // ascending, all above next
};

// How long a packet may wait: as long as a repair takes that is requested once, plus half a round
// trip. 0 if a repair takes longer than any packet may wait, since waiting would be in vain.
static inline int64_t hold_limit_us(int64_t rtt_us)
{
	if (rtt_us > HOLD_US_MAX - HOLD_ASK_US)
		return 0;
	int64_t us = rtt_us * 3 / 2 + HOLD_ASK_US;
	return us < HOLD_US_MAX ? us : HOLD_US_MAX;
}

// A packet arrived. True: it is in order, or late, and goes on at once; then take what waits behind
// it. False: there is a gap before it.
[[nodiscard]] static inline bool hold_passes(struct hold *h, uint64_t seq)
{
	if (h->next != 0 && seq > h->next)
		return false;
	if (seq >= h->next)
		h->next = seq + 1;
	return true;
}

// Keep a packet that is behind a gap. Then take all that hold_take returns, which makes room for
// the next one. False: one with its number already waits, and this one stays the caller's.
[[nodiscard]] bool hold_put(struct hold *, uint64_t seq, void *packet, int64_t now_us);

// The next packet that is in order, or behind a gap that is given up because a packet has waited
// for limit_us or no place is left. NULL: none now.
[[nodiscard]] void *hold_take(struct hold *, int64_t now_us, int64_t limit_us);

// Stop waiting for missing packets: returns the lowest packet that waits. Once it returns NULL, the
// next packet begins anew.
[[nodiscard]] void *hold_drain(struct hold *);

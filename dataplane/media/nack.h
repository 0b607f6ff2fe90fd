// Which packets of one incoming stream are missing and when to ask the publisher for them again
// (RFC 4585 6.2.1). Packets that may be merely late get a grace period, which grows with the
// reordering seen. Written by the stream's worker.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NACK_MISSING_MAX  256 // packets; more losses at once require a key frame, not repairs
#define NACK_JUMP_MAX     500 // packets; a larger gap is a restart
#define NACK_TRIES_MAX    10
#define NACK_AGE_US_MAX   1000000 // a later repair is of no use to anyone
#define NACK_RETRY_US_MIN 20000
#define NACK_RTT_US_START 100000 // until the first answer
#define NACK_GRACE_US_MIN 5000 // half of HOLD_ASK_US (media/hold.h)
#define NACK_GRACE_US_MAX 120000 // above the worst jitter that we promise to tolerate
#define NACK_VAIN_MAX     8 // packets; a publisher that repairs none of this many answers no NACKs

struct nack_missing {
	int64_t found_us; // when the gap was seen
	int64_t asked_us; // when it was first requested
	int64_t sent_us; // when it was last requested
	uint64_t seq; // extended
	uint8_t tries;
};

struct nack {
	uint64_t top; // highest extended number that arrived
	uint64_t lost; // highest that nack_collect gave up; 0: none
	int64_t grace_us;
	int64_t rtt_us; // from the request to its answer by RTX, smoothed
	uint32_t given_up; // packets never repaired
	uint8_t vain; // packets given up since the last repair, at most NACK_VAIN_MAX
	uint16_t n;
	bool started;
	bool measured; // rtt_us has been measured
	struct nack_missing missing[NACK_MISSING_MAX]; // ascending
};

void nack_init(struct nack *);

// False for a publisher that answers no NACKs, as far as we can tell.
static inline bool nack_is_answered(const struct nack *n)
{
	return n->vain < NACK_VAIN_MAX;
}

// The source begins anew: packets still missing from the old one stay missing. What was learned
// about the path to the publisher is kept.
void nack_restart(struct nack *);

// A packet arrived; `repaired`: by RTX. True: so much is lost that the list was emptied, and only a
// key frame can repair it.
[[nodiscard]] bool nack_arrived(struct nack *, uint64_t seq, bool repaired, int64_t now_us);

// The highest sequence number that has been missing since before this time and is not given up yet;
// 0: none.
uint64_t nack_missing_since(const struct nack *, int64_t before_us);

// The sequence numbers to request now, ascending, at most max; they count as requested. Gives up
// those that are too old or were requested too often. Repeats a request when the answer is a
// quarter of a round trip late. Call every few milliseconds, or after a gap.
uint16_t nack_collect(struct nack *, int64_t now_us, uint16_t *seqs, uint16_t max);

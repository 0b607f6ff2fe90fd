// Which packets of one incoming stream are missing and when to ask the publisher for them again
// (RFC 4585 6.2.1). Packets that are merely late are given a grace, which grows with the reordering
// seen. Written by the stream's worker.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NACK_MISSING_MAX  256 // packets; more lost at once need a key frame, not repairs
#define NACK_JUMP_MAX     500 // packets; a larger gap is a restart
#define NACK_TRIES_MAX    10
#define NACK_AGE_US_MAX   1000000 // a repair later than this is no use to anyone
#define NACK_RETRY_US_MIN 20000
#define NACK_RTT_US_START 100000 // until the first answer
#define NACK_GRACE_US_MIN 5000 // half of what media/hold.h waits beyond the round trip
#define NACK_GRACE_US_MAX 120000 // above the worst jitter that we promise to take calmly
#define NACK_VAIN_MAX     8 // packets; whoever repairs none of so many answers no NACKs

struct nack_missing {
	int64_t found_us; // when the gap was seen
	int64_t asked_us; // when it was first asked for
	int64_t sent_us; // when it was last asked for
	uint64_t seq; // extended
	uint8_t tries;
};

struct nack {
	uint64_t top; // highest extended number that came
	uint64_t lost; // highest that nack_collect gave up; 0: none
	int64_t grace_us;
	int64_t rtt_us; // from asking to the answer by RTX, smoothed
	uint32_t given_up; // packets never repaired
	uint8_t vain; // packets asked for and given up since one of these came, NACK_VAIN_MAX at
	              // most
	uint16_t n;
	bool started;
	bool measured; // rtt_us has been
	struct nack_missing missing[NACK_MISSING_MAX]; // ascending
};

void nack_init(struct nack *);

// False for a publisher that answers no NACKs, as far as can be told.
static inline bool nack_is_answered(const struct nack *n)
{
	return n->vain < NACK_VAIN_MAX;
}

// The source begins anew: what is missing of the old one stays so. What was learned of the way to
// the publisher is kept.
void nack_restart(struct nack *);

// A packet came; `repaired` says that RTX brought it. True: so much is lost that the list was
// emptied and a key frame must repair it.
[[nodiscard]] bool nack_arrived(struct nack *, uint64_t seq, bool repaired, int64_t now_us);

// The sequence numbers to ask for now, ascending, at most max; they count as asked. Forgets what is
// too old or was asked too often. It asks again when the answer is a quarter of a round trip late.
// Call every few milliseconds, or after a gap.
uint16_t nack_collect(struct nack *, int64_t now_us, uint16_t *seqs, uint16_t max);

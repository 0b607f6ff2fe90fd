// Probes of one viewer's link: for a short time packets are sent at the rate that the allocator
// would like to use, and the arrivals say whether it passes. Written by the viewer's worker.
//
// A token bucket lets its depth through at once, so a short probe tells nothing of the rate behind
// it. Therefore a probe has two parts. The short one finds out cheaply what a plain queue does not
// carry. If it passes the long one follows, of whose bytes a bucket may have carried PROBE_BUCKET:
// the rest is proven, whatever the way's bucket is up to that. Where the delay begins to grow, the
// *knee*, a bucket is empty, and what arrives from there on is the capacity.
//
//	IDLE ──▶ SHORT ──▶ LONG ──▶ PASSED, SATURATED: a rate
//	           └────────┴─────▶ FAILED
#pragma once

#include "media/sent.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#define PROBE_BUCKET         6500 // bytes; 6 kB and some that shapers add to each packet
#define PROBE_BUCKET_NARROW  3000 // where the short part has already met the capacity
#define PROBE_BYTES_LONG     54000 // of the long part: proves 0.88 of its rate
#define PROBE_BYTES_BOLD     24000 // likewise, where that is half as much again as the goal: 0.73
#define PROBE_LONG_US_MAX    1500000
#define PROBE_SHORT_US       30000
#define PROBE_BLOCK          4 // packets
#define PROBE_PACKETS_MIN    5
#define PROBE_STEP_US        2000 // how often packets may be due
#define PROBE_RATE_MAX       6000000 // bit/s
#define PROBE_PACKET_MAX     1200 // bytes on the wire
#define PROBE_PACKET_MIN     200
#define PROBE_FIRST_US       1000000 // from a wish to its first probe
#define PROBE_AGAIN_US       100000 // from one that helped to the next
#define PROBE_PAUSE_US       3000000 // to the next, × 1.5 a failure, to PROBE_PAUSE_US_MAX
#define PROBE_PAUSE_US_MAX   30000000
#define PROBE_PAUSE_US_SHORT 2000000 // after the short part alone: it costs next to nothing

enum probe_state {
	PROBE_IDLE,
	PROBE_SHORT,
	PROBE_LONG,
};

// A packet that arrived, against the first that did: how much later it was sent and came, and what
// arrived from there to it.
struct probe_point {
	int32_t sent_us;
	int32_t arrival_us;
	uint32_t bytes;
	uint16_t packets;
};

struct probe {
	uint64_t first; // number of its first packet
	uint64_t sent_begin; // bytes that the viewer had been sent when it began
	int64_t since_us; // when it began, then when all was sent, then when it was over
	int64_t due_us; // when the next may begin
	int64_t sent_us; // of the first packet that arrived
	int64_t arrival_us;
	struct probe_point knee; // the last with the least delay
	struct probe_point last;
	int32_t delay_us_min; // against the first packet's
	uint32_t rate; // bit/s
	uint32_t bytes; // to be sent
	int32_t block_us_min; // of the last PROBE_BLOCK packets: a queue delays them all
	int32_t block_us_min_now; // of those after
	uint16_t packets; // sent, once all are
	uint16_t told; // of them by feedback, as arrived or lost
	uint16_t told_first; // the first of these; those of which nothing is told fare alike
	uint16_t told_end; // behind the highest told, also of later packets
	uint16_t pause_ms; // after a failure
	uint16_t ceiling; // kbit/s at which the last one found the link full, 0 = none
	uint8_t state; // enum probe_state
	uint8_t lost_percent; // that were lost before it at any rate
	bool sending;
	bool wished : 1;
	bool arrived : 1; // a packet of it
	bool tried : 1; // there was one before
	bool bold : 1; // it asks for more than the goal
	bool narrow : 1; // the short part met no bucket, but the capacity
	bool open : 1; // the last one passed as a whole, or there was none: more may pass
};
static_assert(sizeof(struct probe) <= 120);

enum probe_verdict {
	PROBE_OPEN, // wait
	PROBE_PASSED, // rate: proven
	PROBE_SATURATED, // rate: what the capacity, once found, leaves after a queue
	PROBE_FAILED, // too little arrived, or the short part was too slow
	PROBE_UNTOLD, // too little was told of it: no result
};

void probe_init(struct probe *, int64_t now_us);

// Is there a wish for more? The very first probe comes at once, later ones PROBE_FIRST_US after the
// wish.
void probe_wish(struct probe *, int64_t now_us, bool wished);

// The next probe as early as at_us.
void probe_hurry(struct probe *, int64_t at_us);

// goal: bit/s of the allocator's next step; most: of all that it may ever use; estimate: of now.
// The rate to probe: bold after a probe that passed as a whole, gentle where the last one found the
// link full.
uint32_t probe_rate(const struct probe *, uint32_t goal, uint32_t most, uint32_t estimate);

// goal: what is enough to be proven, or 0: the rate. next: number of the next packet; sent: bytes
// that the viewer has been sent so far. lost_percent:
// what is lost at any rate, and is not held against the probe.
void probe_start(
        struct probe *, int64_t now_us, uint32_t rate, uint32_t goal, uint8_t lost_percent,
        uint64_t next, uint64_t sent
);

// Bytes on the wire of a packet that is to be sent now besides the media, or 0. Ask each
// PROBE_STEP_US while p->sending, until it is 0; next and sent as above.
uint16_t probe_packet(struct probe *, int64_t now_us, uint64_t next, uint64_t sent);

// What feedback tells of a packet, in the order of sending; of a lost one only the first time.
void probe_told(struct probe *, uint64_t number, const struct sent_packet *, int64_t arrival_us);
void probe_told_lost(struct probe *, uint64_t number);

// What follows, after each feedback message and each tick. *rate is the result in bit/s. A passed
// short part goes on as a long one by itself: PROBE_OPEN. estimate: bit/s of now.
enum probe_verdict probe_judge(
        struct probe *, int64_t now_us, uint64_t next, uint64_t sent, uint32_t estimate,
        uint32_t *rate
);

// What the last one had shown did not last: the next comes after a longer pause.
void probe_put_off(struct probe *, int64_t now_us);

// It did last: pauses begin small again.
void probe_lasted(struct probe *);

// What came of it decides when the next is due: soon if it led nearer to the goal, after a while
// if it reached that or the capacity, later and later if neither, but not where the short part had
// shown that.
enum probe_success {
	PROBE_IN_VAIN,
	PROBE_NEARER,
	PROBE_REACHED,
};

void probe_finish(struct probe *, int64_t now_us, enum probe_success);

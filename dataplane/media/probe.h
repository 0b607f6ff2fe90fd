// Probes of one viewer's link: for a short time, packets are sent at the rate that the allocator
// would like to use, and their arrivals show whether it passes. Written by the viewer's worker.
//
// A token bucket lets its depth through at once, so a short probe says nothing about the rate
// behind it. Therefore a probe has two parts. The short one finds out cheaply whether a plain queue
// carries the rate. If it passes, the long one follows. A bucket may have carried PROBE_BUCKET of
// its bytes; the rest is proven, for any bucket up to that size. At the *knee*, where the delay
// begins to grow, the bucket is empty, and what arrives from there on is the capacity.
//
//	IDLE ──▶ SHORT ──▶ LONG ──▶ PASSED, SATURATED: a rate
//	           └────────┴─────▶ FAILED
#pragma once

#include "media/sent.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#define PROBE_BUCKET         6500 // bytes: 6 kB, plus some that shapers add to each packet
#define PROBE_BUCKET_NARROW  3000 // if the short part has already met the capacity
#define PROBE_BYTES_LONG     54000 // of the long part: proves 0.88 of its rate
#define PROBE_BYTES_BOLD     24000 // likewise, if the rate is 1.5 × the goal: proves 0.73
#define PROBE_LONG_US_MAX    1500000
#define PROBE_SHORT_US       30000
#define PROBE_BLOCK          4 // packets
#define PROBE_PACKETS_MIN    5
#define PROBE_STEP_US        2000 // between two calls of probe_packet
#define PROBE_RATE_MAX       6000000 // bit/s
#define PROBE_PACKET_MAX     1200 // bytes on the wire
#define PROBE_PACKET_MIN     200
#define PROBE_FIRST_US       1000000 // from a wish to its first probe
#define PROBE_AGAIN_US       100000 // from a probe that helped to the next one
#define PROBE_PAUSE_US       3000000 // to the next; × 1.5 per failure, up to PROBE_PAUSE_US_MAX
#define PROBE_PAUSE_US_MAX   30000000
#define PROBE_PAUSE_US_SHORT 2000000 // after the short part alone: it costs next to nothing

enum probe_state {
	PROBE_IDLE,
	PROBE_SHORT,
	PROBE_LONG,
};

// A packet that arrived, relative to the first that did: how much later it was sent and arrived,
// and what arrived in between.
struct probe_point {
	int32_t sent_us;
	int32_t arrival_us;
	uint32_t bytes;
	uint16_t packets;
};

struct probe {
	uint64_t first; // number of its first packet
	uint64_t sent_begin; // bytes sent to the viewer before it began
	int64_t since_us; // when it began, then when all was sent, then when it was over
	int64_t due_us; // when the next may begin
	int64_t sent_us; // of the first packet that arrived
	int64_t arrival_us;
	struct probe_point knee; // the last packet with the minimum delay
	struct probe_point last;
	int32_t delay_us_min; // minimum, relative to the first packet's
	uint32_t rate; // bit/s
	uint32_t bytes; // to send
	int32_t block_us_min; // minimum of the last PROBE_BLOCK packets: a queue delays all of them
	int32_t block_us_min_now; // of the block under way
	uint16_t packets; // number sent; set once all are
	uint16_t told; // packets that feedback has reported as arrived or lost
	uint16_t told_first; // index of the first reported; unreported ones count alike
	uint16_t told_end; // index after the highest reported, which may be beyond the probe
	uint16_t pause_ms; // after a failure
	uint16_t ceiling; // kbit/s at which the last probe found the link full, 0 = none
	uint8_t state; // enum probe_state
	uint8_t lost_percent; // lost before it, at any rate
	bool sending;
	bool wished : 1;
	bool arrived : 1; // a packet of it
	bool tried : 1; // there was one before
	bool bold : 1; // its rate is above the goal
	bool narrow : 1; // the short part met no bucket, but the capacity
	bool open : 1; // the last probe passed as a whole, or there was none: more may pass
};
static_assert(sizeof(struct probe) <= 120);

enum probe_verdict {
	PROBE_OPEN, // wait
	PROBE_PASSED, // rate: proven
	PROBE_SATURATED, // rate: the capacity found, less a share for draining the queue
	PROBE_FAILED, // too little arrived, or the short part was too slow
	PROBE_UNTOLD, // too little of it was reported: no result
};

void probe_init(struct probe *, int64_t now_us);

// Sets whether the allocator wishes for more. The very first probe comes at once, later ones
// PROBE_FIRST_US after the wish.
void probe_wish(struct probe *, int64_t now_us, bool wished);

// Lets the next probe begin as early as at_us.
void probe_hurry(struct probe *, int64_t at_us);

// goal: bit/s of the allocator's next step; most: of all that it may ever use; estimate: the
// current one. Returns the rate to probe: bold after a probe that passed as a whole, gentle where
// the last one found the link full.
uint32_t probe_rate(const struct probe *, uint32_t goal, uint32_t most, uint32_t estimate);

// Begins a probe. goal: the rate that it is enough to prove, or 0: `rate`. next: number of the next
// packet; sent: bytes that the viewer has been sent so far. lost_percent: what is lost at any rate,
// and does not count against the probe.
void probe_start(
        struct probe *, int64_t now_us, uint32_t rate, uint32_t goal, uint8_t lost_percent,
        uint64_t next, uint64_t sent
);

// Bytes on the wire of a packet to send now besides the media, or 0. Call every PROBE_STEP_US while
// p->sending, until it returns 0; next and sent as above.
uint16_t probe_packet(struct probe *, int64_t now_us, uint64_t next, uint64_t sent);

// Feedback reports a packet. Call in the order of sending; for a lost one only the first time.
void probe_told(struct probe *, uint64_t number, const struct sent_packet *, int64_t arrival_us);
void probe_told_lost(struct probe *, uint64_t number);

// The verdict; call after each feedback message and each tick. *rate is the result in bit/s. A
// short part that passes continues as a long one by itself: PROBE_OPEN. estimate: the current one,
// in bit/s.
enum probe_verdict probe_judge(
        struct probe *, int64_t now_us, uint64_t next, uint64_t sent, uint32_t estimate,
        uint32_t *rate
);

// The last probe's result did not last: the next probe comes after a longer pause.
void probe_put_off(struct probe *, int64_t now_us);

// The last probe's result lasted: pauses start small again.
void probe_lasted(struct probe *);

// The outcome decides when the next probe is due: soon if this one led nearer to the goal, after a
// while if it reached the goal or the capacity, and ever later if neither, unless the short part
// alone showed that.
enum probe_success {
	PROBE_IN_VAIN,
	PROBE_NEARER,
	PROBE_REACHED,
};

void probe_finish(struct probe *, int64_t now_us, enum probe_success);

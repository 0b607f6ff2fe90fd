// One direction of an emulated link, without sockets or clock: the caller passes the time, in
// microseconds of any clock that never runs backwards, so amphi-link and tests in virtual time use
// the same model.
//
//     lane_send ─▶ loss ─▶ drop-tail queue ─▶ rate ─▶ delay, jitter, reorder, copies ─▶ lane_take
//
// The caller gives the sizes, which should be those on the wire, including IP and UDP. The result
// depends on the seed and on what is sent when, not on how often the lane is called.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rate.h"

// An all-zero link carries everything at once. Trace and steps are borrowed for the lane's
// lifetime.
struct lane_config {
	struct rate rate;
	uint32_t depth_bytes; // of the token bucket: what an idle link saves up. 0: a serial line
	uint64_t queue_bytes; // what may wait, with the packet that is being sent; 0: no limit
	int64_t queue_us; // the same as time at the current rate, RATE_MTU or more; 0: no limit
	int64_t delay_us; // one way
	int64_t jitter_us; // added to the delay, evenly from 0 to this; it alone never reorders
	double loss; // share of packets lost on average, 0 to 1, before they take up any rate
	double loss_burst; // mean packets in the bad state (Gilbert–Elliott); 0 or 1: no bursts
	double loss_bad; // share lost in the bad state (none in the good one); 0: all
	double reorder; // share of packets that is held back, so that later ones come first
	int64_t reorder_us; // how long
	double duplicate; // share of packets that come out twice in a row
	uint64_t seed;
};

struct lane_stats {
	uint64_t in_packets, in_bytes; // everything that was sent; what became of it follows
	uint64_t out_packets, out_bytes; // what was taken, copies included
	uint64_t dropped_packets, dropped_bytes; // by the queue
	uint64_t lost_packets, lost_bytes; // at random
	uint64_t duplicates; // packets that left twice
	uint64_t reordered; // packets that were held back
};

enum lane_verdict {
	LANE_ACCEPTED,
	LANE_DROPPED, // by the full queue, or for lack of memory
	LANE_LOST, // at random
};

// A packet that came out.
struct lane_packet {
	void *packet;
	uint32_t bytes;
	bool again; // the same packet comes out again later; the caller owns it only then
	int64_t out_us; // when it was due
	int64_t queue_us; // waiting and transmission time, without the delay
};

struct lane; // written by one thread

// A lane whose rate starts at now_us with a full bucket. NULL with errno: EINVAL for an impossible
// configuration, ENOMEM.
[[nodiscard]] struct lane *lane_create(const struct lane_config *, int64_t now_us);

// Passes every packet that is still inside to `release`, unless that is NULL.
void lane_destroy(struct lane *, void (*release)(void *packet));

// The configuration from now_us on; packets inside stay. The rate starts afresh if it differs; the
// seed is ignored. 0 or -EINVAL, then nothing has changed.
[[nodiscard]] int lane_configure(struct lane *, int64_t now_us, const struct lane_config *);
const struct lane_config *lane_config(const struct lane *);

// A packet enters the link. Unless it is accepted, the caller keeps it.
[[nodiscard]] enum lane_verdict
lane_send(struct lane *, int64_t now_us, uint32_t bytes, void *packet);

// When lane_take may have the next packet: never too late, but with jitter or a change of the
// configuration it can be too early. INT64_MAX: never, in the current state.
int64_t lane_next_us(const struct lane *);

// The next packet that is due by now_us, which then belongs to the caller; false if there is none.
[[nodiscard]] bool lane_take(struct lane *, int64_t now_us, struct lane_packet *);

const struct lane_stats *lane_stats(const struct lane *);

// The queue length, as of the last call that passed a time.
uint64_t lane_queue_bytes(const struct lane *);

// Packets that wait or are on their way, copies included. The books balance: in + duplicates = out
// + dropped + lost + these.
uint32_t lane_inside_packets(const struct lane *);

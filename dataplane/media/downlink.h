// How much one viewer's link carries: a sender-side estimate, from the viewer's transport-wide
// feedback, or from its REMB if that was not negotiated. Time is passed in and may be from any
// clock that never runs backwards. Written by the viewer's worker only.
//
//	downlink_sent ───▶ sent ring ─┬─▶ delay ─┐
//	downlink_feedback ────────────┼─▶ acked ─┼─▶ target ─▶ allocator ─▶ downlink_want ─┐
//	                              ├─▶ loss ──┘                                         │
//	                              └─▶ probe ◀──────────────────────────────────────────┘
//
// A viewer that lies harms only itself: the estimate rises at most to 1.5 × what was really sent
// recently plus 10 kbit/s, or to the rate at which a probe was really sent.
#pragma once

#include "media/acked.h"
#include "media/delay.h"
#include "media/loss.h"
#include "media/probe.h"
#include "media/sent.h"
#include "media/twcc_feedback.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DOWNLINK_RATE_START 600000 // bit/s of a new viewer
#define DOWNLINK_TICK_US    100000
#define DOWNLINK_WINDOWS    10 // ticks in a second
#define DOWNLINK_REMB_US    5000000 // an older REMB limits nothing
#define DOWNLINK_PROVEN_US  2000000 // how long a probe's result allows a step

struct downlink {
	struct sent sent; // comes first: each copy writes it
	struct delay delay;
	struct loss loss;
	struct probe probe;
	struct acked acked;
	struct twcc_time time;
	int64_t clock_us; // the viewer's clock minus ours, over the fastest path
	int64_t feedback_us; // when feedback last came, or since when packets are unanswered
	int64_t remb_us;
	int64_t overuse_us; // when overuse was last seen
	int64_t excuse_us; // when a burst of ours last excused overuse
	uint32_t answered; // low bits of the next number when the last feedback came
	uint32_t tick_bytes; // sent until the last tick, low bits
	uint32_t windows[DOWNLINK_WINDOWS]; // bytes of each tick
	uint32_t sent_peak; // bit/s of the last second, or of earlier ones, fading
	uint32_t rtt_us; // 0 = unknown
	uint32_t want; // bit/s, 0 = nothing
	uint32_t most; // bit/s of all that is asked for
	uint32_t former; // bit/s before a large cut, asked for again once it may be over; 0 = none
	uint32_t remb;
	uint32_t remb_fell_ms; // when one was lower than the one before, low bits
	uint32_t report_bytes; // sent until the last reception report, low bits
	uint32_t proven; // bit/s, by the last probe
	uint8_t window;
	uint8_t used; // percent of the target, over half a second
	bool transport_wide;
	bool clock_known;
	bool gained; // by the last probe
	bool unhurt; // so far nothing shows that the link is short
	uint8_t drain; // enum drain
};
static_assert(sizeof(struct downlink) - SENT_COUNT * 4 <= 848); // each copy touches 48 of them

// rate: bit/s to begin with, or 0 for DOWNLINK_RATE_START, which every viewer gets, since nothing
// is known of earlier transports. number: the first to give out. transport_wide: the extension was
// negotiated; otherwise REMB counts.
void downlink_init(
        struct downlink *, int64_t now_us, uint32_t rate, uint16_t number, bool transport_wide
);

// A packet goes out: audio, video, repairs, probes. bytes: on the wire, IP and UDP included.
// Returns the transport-wide number to write into it.
static inline uint16_t downlink_sent(struct downlink *d, int64_t now_us, uint32_t bytes)
{
	return sent_put(&d->sent, now_us, bytes);
}

// Prefetches the memory that the next packet's number is written to.
static inline void downlink_prefetch(const struct downlink *d)
{
	sent_prefetch(&d->sent);
}

// The same for a packet without a number: it counts if only reception reports tell of losses.
static inline void downlink_sent_plain(struct downlink *d, uint32_t bytes)
{
	sent_plain(&d->sent, bytes);
}

// The extension turns out to be negotiated: from now on, feedback counts.
void downlink_answers(struct downlink *);

// A feedback message, from the base sequence number on (after both SSRCs). 0, or -EBADMSG if it is
// malformed; then nothing has changed.
int downlink_feedback(struct downlink *, int64_t now_us, const uint8_t *fci, size_t len);

// For viewers without the extension: an REMB in bit/s, and the share of the last reception report
// (RFC 3550 6.4.1), in 1/256. Both are ignored for others.
void downlink_remb(struct downlink *, int64_t now_us, uint64_t bitrate);
void downlink_report(struct downlink *, int64_t now_us, uint8_t fraction_lost);

// Call about every DOWNLINK_TICK_US.
void downlink_tick(struct downlink *, int64_t now_us);

// Sets the total rate that the allocator would like the link to be shown to carry, or 0 if it lacks
// nothing; most: the highest rate that it may ever use. bit/s.
void downlink_want(struct downlink *, int64_t now_us, uint32_t rate, uint32_t most);

// Call before a tick if nothing may be probed: then the rate before a cut is not probed either.
static inline void downlink_forget_former(struct downlink *d)
{
	d->former = 0;
}

// What may be sent in all, bit/s. Never 0.
uint32_t downlink_target(const struct downlink *, int64_t now_us);

// True until the first sign that the link is short: until then, any wish is worth a try.
static inline bool downlink_is_unhurt(const struct downlink *d)
{
	return d->unhurt;
}

// True if a queue was seen within `us`, as far as feedback shows queues.
static inline bool downlink_queued_since(const struct downlink *d, int64_t now_us, int64_t us)
{
	return d->transport_wide && now_us - d->overuse_us < us;
}

// What a probe has recently proven, in bit/s, or 0: up to this the allocator need not wait.
uint32_t downlink_proven(const struct downlink *, int64_t now_us);

// True while a probe is being sent, which requires the extension. Then call downlink_probe every
// PROBE_STEP_US.
static inline bool downlink_probing(const struct downlink *d)
{
	return d->probe.sending;
}

// Bytes on the wire of a probe packet to send now besides the media, with downlink_sent like all
// others, or 0 if none is due. Call again until it is 0.
uint16_t downlink_probe(struct downlink *, int64_t now_us);

// Whether the queue grows or drains, by the last feedback.
static inline enum delay_usage downlink_usage(const struct downlink *d)
{
	return (enum delay_usage)d->delay.usage;
}

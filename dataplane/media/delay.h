// The part of a viewer's estimate that watches the delay, after GoogCC's trendline (libwebrtc
// m125). Packets sent within 5 ms are a group. The slope of the delay over 20 groups, compared with
// an adaptive threshold, says whether a queue grows or drains. The rate then falls to a share of
// what arrives, or rises. Written by the viewer's worker only.
//
//	arrivals ─▶ groups ─▶ slope ─▶ DELAY_OVERUSE │ NORMAL │ UNDERUSE ─▶ falls │ rises │ holds
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#define DELAY_GROUPS     20 // in the slope
#define DELAY_RATE_MIN   30000 // bit/s
#define DELAY_RATE_MAX   30000000
#define DELAY_RTT_US_MIN 10000
#define DELAY_RTT_US_MAX 1000000
#define DELAY_HEADROOM   10000 // bit/s: the rate rises up to 1.5 × what arrives, plus this
#define DELAY_CUT_SHARE  0.85f // of what arrives: the rate after overuse

enum delay_usage {
	DELAY_NORMAL,
	DELAY_OVERUSE,
	DELAY_UNDERUSE,
};

struct delay_group {
	int64_t sent_us; // of the last packet, here and below
	int64_t arrival_us;
	int32_t sent_span_us; // since the first
	int32_t arrival_span_us;
};

// A standing queue has no slope. So the minimum delay of half a second is compared with the minimum
// of 10 to 20 s. All are in ms, relative to the first packet's delay.
struct delay_floor {
	int64_t way_us; // the first packet's delay, from our clock to the viewer's
	uint32_t ten_s_ms; // when ten_s began, on the viewer's clock, low bits; likewise below
	uint16_t now_ms;
	int16_t before; // of the previous 10 s
	int16_t ten_s;
	int16_t now; // of this half second
	int16_t last; // of the previous one
};

struct delay_sample {
	uint32_t arrival_us; // low bits: only differences count
	float smoothed_ms;
};

struct delay {
	struct delay_group group; // still growing
	int64_t before_sent_us; // of the previous group's last packet, likewise below
	int64_t before_arrival_us;
	struct delay_sample samples[DELAY_GROUPS];
	uint32_t threshold_us; // arrival when the threshold was last moved, its low bits
	int64_t changed_us; // when the rate was last moved
	struct delay_floor floor;
	float delay_ms; // sum of all changes so far
	float smoothed_ms;
	float slope;
	float threshold_ms;
	float overuse_ms; // how long overuse has lasted
	float capacity; // kbit/s at which overuse was seen, 0 = unknown
	float deviation; // of the capacity: squared, relative to it
	float rate; // bit/s
	uint16_t samples_n; // so far, up to DELAY_DELTAS_MAX (delay.c)
	uint8_t next; // sample to write
	uint8_t overuse_n; // groups
	uint8_t disorder_n; // groups in a row that arrived before their predecessor
	uint8_t groups; // 0; 1: the growing one; 2: also a previous one
	uint8_t usage; // enum delay_usage
	bool rising;
	bool high; // a queue stood recently: the rate does not rise
	uint8_t standing_n; // cuts in a row for a standing queue
};
static_assert(sizeof(struct delay) <= 288);

// What is known when the rate is updated; bit/s.
struct delay_input {
	uint32_t acked; // arrived recently
	uint32_t acked_long; // over a second; never above what was sent. 0 in either = unknown
	uint32_t rtt_us;
	bool excused; // we sent more than the rate: a queue says nothing about the rate
};

// rate: bit/s to begin with.
void delay_init(struct delay *, int64_t now_us, uint32_t rate);

// Forgets the trend, after an event that says nothing about the rate. The rate stays.
void delay_restart(struct delay *);

// Likewise, and forgets all delays seen so far: the viewer's clock has jumped.
void delay_new_clock(struct delay *);

// A packet arrived. Call in the order of sending.
void delay_packet(struct delay *, int64_t sent_us, int64_t arrival_us);

// Updates the rate, after all packets of a feedback message. True if it was cut.
bool delay_update(struct delay *, int64_t now_us, const struct delay_input *);

// Sets the rate: a probe's result.
void delay_set(struct delay *, int64_t now_us, uint32_t rate);

// This much arrives while no queue grows: raises the rate to it, unless a queue stands or the
// capacity is known.
void delay_raise(struct delay *, uint32_t rate);

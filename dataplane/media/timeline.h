// When a frame was captured, on the server's monotonic clock. Each publisher has one offset between
// its clock and ours for all its tracks, so different delays on the way cannot part sound from
// picture; each track ties its RTP timestamps to the publisher's clock by sender reports. Pure:
// time is passed in; microseconds throughout.
//
//     RTP timestamp ──reports of the track──▶ sender's NTP ──offset of the publisher──▶ ours
//
// The offset is the minimum of (arrival − NTP) over 10 s, followed at 2 ms/s at most. Before a
// track's first report, arrivals take the place of both. Nothing that a publisher sends makes time
// go back, or run ahead of the arrival by more than TIMELINE_AHEAD_US.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TIMELINE_STALL_US 30000 // capture that is further behind has stalled
#define TIMELINE_AHEAD_US 200000 // a time may be after the arrival: the offset moves slowly

// One participant's clock.
struct timeline_publisher {
	bool known;
	int64_t offset_us; // ours − the sender's, as applied now
	int64_t goal_us; // as measured
	int64_t least_us[2]; // minimum of this and of the last window
	int64_t window_us; // when this window began
	int64_t moved_us; // when offset_us last moved
	int64_t steps_us; // sum of the sender's clock's jumps: its tracks follow
};

// Whether capture has stalled: how far sending runs behind the timestamps, which is constant unless
// samples are left out.
struct timeline_lag {
	bool known;
	int64_t usual_us[2]; // minimum of this and of the last 10 s
	int64_t usual_since_us;
	int64_t recent_us; // minimum of this half second
	int64_t recent_since_us;
	uint32_t recent_count;
	bool eager; // a silence has just been taken for a stall, which a burst would disprove
};

// One encoding of one track.
struct timeline_track {
	struct timeline_publisher *publisher;
	uint32_t rate; // Hz
	bool started; // the fields below are valid
	bool reported; // base_us is the sender's time, else ours
	bool behind; // the last report said that time must go back
	int64_t ticks; // last_timestamp, without wraps, since base_us
	int64_t base_us; // time of tick 0
	int64_t goal_us; // where the last report would have base_us
	int64_t moved_us; // when base_us last moved
	int64_t steps_us; // steps_us of the publisher as followed so far
	uint32_t last_timestamp;
	int64_t last_arrival_us;
	int64_t last_us; // what timeline_time last returned: never goes back
	bool timed; // last_us is known
	bool waited; // usual_wait_us is known
	int64_t usual_wait_us; // from capture to arrival, least while reported
	struct timeline_lag lag_sent, lag_arrived; // by send times, by arrivals
	// The last report.
	bool has_report;
	uint32_t report_timestamp;
	int64_t report_us; // the sender's time
	int64_t report_arrival_us;
};

void timeline_publisher_init(struct timeline_publisher *);
void timeline_track_init(struct timeline_track *, struct timeline_publisher *, uint32_t rate);

// The track's timestamps begin anew: another source. Time still does not go back.
void timeline_track_restart(struct timeline_track *);

// A sender report of this encoding (RFC 3550 6.4.1). arrival_us: when it came, also if it is told
// later.
void timeline_report(struct timeline_track *, uint64_t ntp, uint32_t timestamp, int64_t arrival_us);

// When the frame with this timestamp was captured. send_us: abs-send-time in microseconds on any
// clock of the sender, unwrapped; INT64_MIN: unknown. Never less than for the frame before.
int64_t
timeline_time(struct timeline_track *, uint32_t timestamp, int64_t arrival_us, int64_t send_us);

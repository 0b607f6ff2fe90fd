// When a frame was captured, on the server's monotonic clock. Each publisher has one offset between
// its clock and ours for all its tracks, so different delays on the way cannot part sound from
// picture; each track ties its RTP timestamps to the publisher's clock by sender reports. Pure:
// time is passed in; microseconds throughout.
//
//     RTP timestamp ──reports of the track──▶ sender's NTP ──offset of the publisher──▶ ours
//
// The offset is the minimum of (arrival − NTP) over 10 s, followed at 2 ms/s at most. Before a
// track's first report, arrivals take the place of both.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// One participant's clock.
struct timeline_publisher {
	bool known;
	int64_t offset_us; // ours − the sender's, as applied now
	int64_t goal_us; // as measured
	int64_t least_us[2]; // minimum of this and of the last window
	int64_t window_us; // when this window began
	int64_t moved_us; // when offset_us last moved
};

// One encoding of one track.
struct timeline_track {
	struct timeline_publisher *publisher;
	uint32_t rate; // Hz
	bool reported; // a sender report ties the timestamps to the sender's clock
	int64_t anchor_us; // sender's time (reported) or ours (not) at anchor_timestamp
	uint32_t anchor_timestamp;
	bool started;
	uint32_t last_timestamp;
	int64_t last_us; // what timeline_time last returned: never goes back
	// Detection of stalled capture: sound's send times ahead of continuous timestamps.
	int64_t ahead_since_us;
	uint64_t reserved[4]; // the implementation may replace these by fields of its own
};

void timeline_publisher_init(struct timeline_publisher *);
void timeline_track_init(struct timeline_track *, struct timeline_publisher *, uint32_t rate);

// A sender report of this encoding (RFC 3550 6.4.1).
void timeline_report(struct timeline_track *, uint64_t ntp, uint32_t timestamp, int64_t arrival_us);

// When the frame with this timestamp was captured. send_time: abs-send-time in microseconds on any
// clock of the sender, unwrapped; INT64_MIN: unknown. Never less than for the frame before.
int64_t
timeline_time(struct timeline_track *, uint32_t timestamp, int64_t arrival_us, int64_t send_us);

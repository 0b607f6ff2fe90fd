// Viewers in virtual time: audio and video as the product sends them, a simple allocator, the link
// model in both directions, a browser's feedback, and the estimate in between.
#pragma once

#include "media/downlink.h"
#include "media/twcc.h"

#include "model.h"
#include "tcp_short.h"

#include <stdbool.h>
#include <stdint.h>

#define SECOND       INT64_C(1000000)
#define MS           INT64_C(1000)
#define LAYERS       4 // 0: paused
#define SOUND_RATE   64000 // bit/s on the wire
#define QUEUE_MS_MAX 2000
#define GUESTS_MAX   4

enum traffic {
	TRAFFIC_LAYERS, // the allocator chooses among 150, 500, 1500 kbit/s
	TRAFFIC_GREEDY, // an encoder that follows the estimate
};

struct simulation;

// Changes a feedback message before it is sent; 0: it is not.
typedef size_t (*feedback_hook)(struct simulation *, uint8_t *rtcp, size_t len, size_t size);

struct simulation_config {
	struct lane_config down;
	struct lane_config up;
	enum traffic traffic;
	int layer_max;
	uint32_t middle; // bit/s of the middle layer, 0: 500000
	uint32_t rate_start;
	uint32_t greedy_max; // bit/s, 0 = no limit
	int64_t start_us; // our clock
	int64_t viewer_clock_us; // the viewer's clock less ours
	int64_t feedback_us; // 0: 50 ms
	uint16_t number;
	int shed; // of so many reports one is read; 0: all
	feedback_hook hook;
	bool silent; // no feedback at all
	bool tcp; // a download takes all that it can of the same way down
	struct tcp_short *pages; // they are looked at on the same way down; NULL: none
};

// What was seen since simulation_measure.
struct simulation_result {
	int64_t us;
	uint64_t media_bytes; // that arrived, without probes
	uint64_t sent_bytes;
	uint64_t probe_bytes;
	uint64_t tcp_bytes; // of the download and of pages, that arrived
	uint32_t queue_ms[QUEUE_MS_MAX]; // packets by the time in the queue
	uint32_t packets;
	uint32_t target_min, target_max;
	int64_t layer_us[LAYERS]; // time in each
	int ups, downs; // changes of the layer
	int pauses; // of them to none
	int probes;
};

struct simulation {
	struct downlink d;
	struct simulation_config config;
	struct lane *down, *up;
	struct twcc twcc; // the viewer's
	struct tcp_flow tcp;
	struct simulation_result result;
	int64_t now_us;
	int64_t measured_us;
	int64_t sound_us, picture_us, feedback_us, tick_us, probe_us; // next ones
	int64_t fed_us; // pictures' packets have been sent until then
	uint64_t picture_bytes; // that wait to be sent
	int64_t low_us, high_us; // since when the target is too low, high enough; 0 = is not
	int64_t down_us, up_us; // last changes
	int64_t back_off_us;
	uint32_t sent_peak; // bit/s, of all 300 ms so far
	uint32_t burst_peak; // likewise, of all 60 ms
	uint64_t sent_marks[300]; // bytes sent by each of the last 300 ms
	uint64_t noise;
	int layer;
	int reports;
	bool probing;
	bool paused; // no pictures
	uint32_t viewer; // 0: the host, whose way down it is; else one of its guests
	struct simulation *guests[GUESTS_MAX]; // other viewers behind the same way down
	uint32_t guests_n;
};

uint32_t simulation_layer_rate(const struct simulation *, int layer);
void simulation_start(struct simulation *, const struct simulation_config *);

// The second starts now, and shares the first one's downlink; its own configuration of it is
// ignored. From then on, the first one's run, measure and stop apply to both.
void simulation_join(struct simulation *, struct simulation *guest, const struct simulation_config *);
void simulation_stop(struct simulation *);

// Until so long after the beginning.
void simulation_run(struct simulation *, int64_t until_us);

// Forgets what was seen so far.
void simulation_measure(struct simulation *);

uint32_t simulation_target(const struct simulation *);

// Time in the queue that this percentage of packets does not exceed, in ms.
uint32_t simulation_queue_ms(const struct simulation *, int percent);

// bit/s of media that arrived.
uint32_t simulation_goodput(const struct simulation *);

// Percent of what arrived, beside the download.
uint32_t simulation_share(const struct simulation *);

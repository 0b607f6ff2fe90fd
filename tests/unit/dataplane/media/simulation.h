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

// Changes a feedback message before it is sent and returns its length; 0: it is not sent.
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
	int64_t viewer_clock_us; // the viewer's clock minus ours
	int64_t feedback_us; // 0: 50 ms
	uint16_t number;
	int shed; // one report in so many is read; 0: all
	feedback_hook hook;
	bool silent; // no feedback at all
	bool tcp; // a download takes all that it can of the same downlink
	struct tcp_short *pages; // web pages loaded over the same downlink; NULL: none
};

// What was seen since simulation_measure.
struct simulation_result {
	int64_t us;
	uint64_t media_bytes; // that arrived, without probes
	uint64_t sent_bytes;
	uint64_t probe_bytes;
	uint64_t tcp_bytes; // of the download and of pages, as arrived
	uint32_t queue_ms[QUEUE_MS_MAX]; // number of packets by time in the queue
	uint32_t packets;
	uint32_t target_min, target_max;
	int64_t layer_us[LAYERS]; // time in each
	int ups, downs; // changes of the layer
	int pauses; // changes to no layer
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
	int64_t sound_us, picture_us, feedback_us, tick_us, probe_us; // when each is due next
	int64_t fed_us; // time up to which the pacer has sent pictures
	uint64_t picture_bytes; // that wait to be sent
	int64_t low_us, high_us; // since when the target is too low, or high enough; 0 = it is not
	int64_t down_us, up_us; // last changes
	int64_t back_off_us;
	uint32_t sent_peak; // bit/s, over any 300 ms so far
	uint32_t burst_peak; // likewise, over any 60 ms
	uint64_t sent_marks[300]; // bytes sent up to each of the last 300 ms
	uint64_t noise;
	int layer;
	int reports;
	bool probing;
	bool paused; // no pictures
	uint32_t viewer; // 0: the host, which owns the downlink; else one of its guests
	struct simulation *guests[GUESTS_MAX]; // other viewers behind the same downlink
	uint32_t guests_n;
};

uint32_t simulation_layer_rate(const struct simulation *, int layer);
void simulation_start(struct simulation *, const struct simulation_config *);

// The guest starts now, and shares the first viewer's downlink; its own configuration of it is
// ignored. From then on, the first one's run, measure and stop apply to both.
void simulation_join(struct simulation *, struct simulation *guest, const struct simulation_config *);
void simulation_stop(struct simulation *);

// Runs until this time after the start.
void simulation_run(struct simulation *, int64_t until_us);

// Forgets what was seen so far.
void simulation_measure(struct simulation *);

uint32_t simulation_target(const struct simulation *);

// Time in the queue that this percentage of packets does not exceed, in ms.
uint32_t simulation_queue_ms(const struct simulation *, int percent);

// The bit/s of media that arrived.
uint32_t simulation_goodput(const struct simulation *);

// Media in percent of all that arrived, download included.
uint32_t simulation_share(const struct simulation *);

// One viewer of a webinar in virtual time: the real estimate and the real allocator in a small
// model of their surroundings: a speaker's encodings of a camera or a screen, with key frames and
// temporal layers, which are off while nobody requests them; pacing and dropping; a browser that
// shows complete frames in order, and requests lost packets again. See path/viewer.c, path/pace.c
// and media/demand.c.
#pragma once

#include "media/allocation.h"
#include "media/demand.h"
#include "media/downlink.h"
#include "media/keyframe.h"
#include "media/twcc.h"

#include "model.h"
#include "tcp_flow.h"

#include <stdbool.h>
#include <stdint.h>

#define VIEWING_ENCODINGS 3
#define VIEWING_PICTURES  128 // under way at most
#define VIEWING_REPAIRS   256
#define VIEWING_QUEUE_MS  2000
#define VIEWING_NONE      (-1)

struct viewing_config {
	struct lane_config down, up;
	uint64_t seed; // for the sizes of pictures and the start times
	bool tcp; // a download shares the link
	// A shared screen whose page is turned now and then, and which moves from this time on. 0:
	// a camera.
	int64_t moves_us;
	bool log; // write what changes to stdout
};

struct viewing_picture {
	int64_t ready_us;
	uint32_t bytes; // that are still to be sent
	uint32_t missing; // packets that have not come
	int8_t encoding;
	uint8_t temporal;
	bool key; // shown even if pictures before it are missing
	bool gone; // given up
};

// What was seen since viewing_measure.
struct viewing_result {
	int64_t us, frozen_us, dark_us; // dark: times of more than a second without a picture
	uint64_t media_bytes; // of pictures that were shown
	uint32_t pictures[VIEWING_ENCODINGS];
	uint32_t queue_ms[VIEWING_QUEUE_MS], packets;
	uint32_t changes; // changes of the step that is sent
	uint32_t given_up, lost, probes;
	uint64_t wire_bytes, tcp_bytes;
};

struct viewing {
	struct viewing_config config;
	struct downlink d;
	struct allocation allocation;
	struct demand demand;
	struct keyframe_share share;
	struct lane *down, *up;
	struct twcc twcc;
	struct tcp_flow tcp;
	struct viewing_result result;
	int64_t now_us, start_us, measured_us;
	int64_t sound_us, picture_us, feedback_us, tick_us, probe_us, pace_us; // when due next
	uint64_t noise;
	// The speaker.
	int64_t key_us[VIEWING_ENCODINGS]; // when a key frame comes; 0: none was requested
	int64_t key_asked_us[VIEWING_ENCODINGS];
	uint32_t chain_bytes[VIEWING_ENCODINGS], chain_packets[VIEWING_ENCODINGS];
	int64_t active_us; // when the speaker learns of the wish
	uint8_t active; // encodings that are sent
	unsigned number; // of pictures made so far
	int64_t turn_us; // when the screen's page is turned next
	bool turned[VIEWING_ENCODINGS]; // … and the next picture shows that
	// The subscription.
	uint8_t given; // step, or ALLOCATION_NONE
	int8_t encoding; // the one that is sent, or VIEWING_NONE
	bool lags, slow;
	int64_t pace_bytes, paced_us;
	uint64_t pace_sent;
	// The browser.
	struct viewing_picture pictures[VIEWING_PICTURES];
	unsigned first, last; // range of the pictures
	uint16_t picture_of[UINT16_MAX + 1];
	struct {
		int64_t due_us;
		uint32_t bytes;
		uint16_t picture;
	} repairs[VIEWING_REPAIRS];
	unsigned repairs_n;
	int64_t shown_us; // when the last picture was shown
	int64_t mean_us; // mean time between pictures
	int height;
};

void viewing_start(struct viewing *, const struct viewing_config *);
void viewing_stop(struct viewing *);
void viewing_run(struct viewing *, int64_t until_us);
void viewing_measure(struct viewing *);

// The highest encoding that the speaker has.
int viewing_top(const struct viewing *);

uint32_t viewing_queue_ms(const struct viewing *, int percent);

// Somebody with a camera and a microphone, who shows a film in real time, again and again: the
// packets and sender reports that a data plane copies into the tap, after a link that may lose
// them.
#pragma once

#include "am_tap.h"
#include "film.h"

#include <stdbool.h>
#include <stdint.h>

#define TALKER_DELAY_US 30000 // from capture to arrival

// How the packets travel. Zeros: each arrives in turn.
struct talker_link {
	uint16_t lost_permille;
	uint16_t late_permille; // arrive up to late_us later, so out of turn
	int32_t late_us;
	int32_t repair_us; // pictures that are lost are sent again so much later, up to three times
	int32_t drift_ppm; // the talker's clock loses so much against ours
};

struct talker {
	const struct film *film; // track 0: VP8, 1: Opus
	struct talker_link link;
	int64_t begin_us; // of the clock: time 0 of the film
	size_t next; // frame, counted through all rounds
	am_id camera, voice;
	uint64_t publisher;
	uint64_t seq[2];
	uint64_t reported; // seconds for which reports have been sent
	uint64_t lost; // packets that never arrived
	bool quiet; // sends nothing, as if both were muted
	bool muted; // sends no sound

	struct am_tap_entry *packets; // on their way out of turn, in order of their arrival
	size_t packet_count;
	uint32_t random;
};

typedef void talker_sink(void *owner, const struct am_tap_entry *);

// begin_us: of the clock; phase_ms: of the film, at which it begins. number: tells talkers apart.
void talker_init(
        struct talker *t, const struct film *, int number, int64_t begin_us, int64_t phase_ms
);
void talker_fini(struct talker *);

// Everything that arrives by now.
void talker_run(struct talker *, int64_t now_us, talker_sink *, void *owner);

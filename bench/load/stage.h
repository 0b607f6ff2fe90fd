// The speakers of a load, members 0 to count - 1: what they play, what they have sent, and which of
// them are heard.
#pragma once

#include <stdint.h>

#include "clip.h"
#include "load.h"
#include "server.h"
#include "source.h"
#include "speaker.h"

#define STAGE_PACKETS_TICK 512 // of one tick; their sending times are set together

struct members;
struct nic;

struct stage_options {
	const struct load *load;
	const char *clips; // folder of 720p.ivf, 180p.ivf and sound.opus
	struct members *members;
	struct nic *nic;
};

struct stage_speaker {
	struct stage *stage;
	uint32_t member;
	uint64_t started_ns; // 0: not yet
	struct speaker speaker;
};

struct stage {
	struct stage_options options;
	struct clip large, small, sound;
	uint16_t track_count; // LOAD_TRACKS for each speaker, in their order
	bool measuring; // the latency of what is sent now counts
	bool rehearsing; // all voices are heard, whatever the load says
	bool stopped; // nobody sends anything
	uint64_t turn_ns; // when the voices change next
	uint64_t due_ns; // when the next speaker has something to send
	uint16_t voice; // first of those that are heard
	uint16_t fresh_count;
	struct source_packet *fresh[STAGE_PACKETS_TICK]; // sent in this tick
	struct source *sources; // of each track
	struct source_latency latency;
	struct stage_speaker *speakers;
};

[[nodiscard]] int stage_init(struct stage *, const struct stage_options *);
void stage_fini(struct stage *);

// What a speaker sends, for members_add: LOAD_TRACKS of them.
void stage_tracks(uint32_t speaker, struct server_track tracks[LOAD_TRACKS]);

// A speaker is here: it begins to play.
[[nodiscard]] int stage_start(struct stage *, uint32_t speaker, uint64_t now_ns);

// Sends what is due from all speakers; returns the number of packets sent.
unsigned stage_tick(struct stage *, uint64_t now_ns);

// SRTCP for a speaker, decrypted in place.
void stage_receive(struct stage *, uint32_t speaker, uint8_t *packet, size_t len, uint64_t now_ns);

// True if every speaker plays at normal speed: after a requested key frame, it is slower for a
// while.
bool stage_in_step(const struct stage *);

// True if somebody is heard on this track.
bool stage_speaks(const struct stage *, uint16_t track);

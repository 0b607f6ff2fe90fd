// The speakers of a load, members 0 to count - 1: what they play, what they have sent, and which of
// them are heard.
#pragma once

#include <stdint.h>

#include "clip.h"
#include "load.h"
#include "server.h"
#include "source.h"
#include "speaker.h"

#define STAGE_PACKETS_TICK 512 // per tick; their sending times are set together

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
	bool stopped; // no speaker sends anything
	uint64_t turn_ns; // when the voices change next
	uint64_t due_ns; // when the next speaker has something to send
	uint16_t voice; // first speaker among those that are heard
	uint16_t fresh_count;
	struct source_packet *fresh[STAGE_PACKETS_TICK]; // sent in this tick
	struct source *sources; // one for each track
	struct source_latency latency;
	struct stage_speaker *speakers;
};

[[nodiscard]] int stage_init(struct stage *, const struct stage_options *);
void stage_fini(struct stage *);

// Fills in a speaker's LOAD_TRACKS tracks, for members_add.
void stage_tracks(uint32_t speaker, struct server_track tracks[LOAD_TRACKS]);

// A speaker has joined and begins to play. 0 or -errno.
[[nodiscard]] int stage_start(struct stage *, uint32_t speaker, uint64_t now_ns);

// Sends what is due from all speakers; returns the number of packets sent.
unsigned stage_tick(struct stage *, uint64_t now_ns);

// Takes SRTCP for a speaker, which it decrypts in place.
void stage_receive(struct stage *, uint32_t speaker, uint8_t *packet, size_t len, uint64_t now_ns);

// True if every speaker plays at normal speed: after a requested key frame, it is slower for a
// while.
bool stage_in_step(const struct stage *);

// True if this track is heard.
bool stage_speaks(const struct stage *, uint16_t track);

// Who speaks in a room, and who leads the talk, from how loud everybody is a few times a second.
// Plain state and rules, time passed in. A cough does not take the lead, a breath does not lose it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TALK_LOOK_MS    200 // between two looks
#define TALK_HOLD_MS    600 // of quiet: then somebody has ceased to speak
#define TALK_SILENCE_MS 2000 // … and then nobody leads
#define TALK_TAKE_MS    600 // so long the louder one must have been louder to take the lead
#define TALK_LOUDER     6 // by so many dB

// Loudness is 0 for silence to 127 for 0 dBov.
#define TALK_ON  (127 - 50)
#define TALK_OFF (127 - 58)

struct peer;
struct room;

// Of a peer.
struct voice {
	uint8_t loudness;
	bool speaks;
	uint64_t heard_ms; // loud enough the last time
};

// Of a room. What changed stays set until somebody has been told.
struct talk {
	const struct peer *leader; // NULL: nobody
	const struct peer *rival; // is louder than the leader
	uint64_t rival_ms; // since then
	uint64_t told_ms; // when the room was last told who speaks
	bool leader_changed;
	bool speakers_changed;
};

// One look at a room: what its members' voices have become.
void talk_hear(struct talk *, struct voice *, uint8_t loudness, uint64_t now_ms);
void talk_decide(struct room *, uint64_t now_ms);

// The peer speaks no more: it goes, or is a viewer now.
void talk_forget(struct room *, struct peer *);

// dBov, as it is told.
int voice_dbov(const struct voice *);

// Finds who speaks in a room, and who leads the talk, from how loud everybody is a few times a
// second. A cough does not take the lead, and a pause for breath does not lose it. Plain state and
// rules; time is passed in.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TALK_LOOK_MS    200 // between two looks
#define TALK_HOLD_MS    600 // of quiet after which somebody no longer speaks
#define TALK_SILENCE_MS 2000 // of quiet after which nobody leads
#define TALK_TAKE_MS    600 // how long another peer must be louder to take the lead
#define TALK_LOUDER     6 // by this many dB

// Loudness from 0 for silence to 127 for 0 dBov.
#define TALK_ON  (127 - 50)
#define TALK_OFF (127 - 58)

struct peer;
struct peer_list;
struct voice;

// A room's talk. The flags of changes stay set until the room has been told.
struct talk {
	const struct peer *leader; // NULL: nobody
	const struct peer *rival; // a peer that is louder than the leader
	uint64_t rival_ms; // since when it has been louder
	bool leader_changed;
	bool speakers_changed;
};

// One look at a room: talk_hear for each member's voice, then talk_decide with its speakers.
void talk_hear(struct talk *, struct voice *, uint8_t loudness, uint64_t now_ms);
void talk_decide(struct talk *, const struct peer_list *speakers, uint64_t now_ms);

// Forgets a peer that no longer speaks because it leaves or becomes a viewer.
void talk_forget(struct talk *, struct peer *);

// Loudness in dBov, as pages are told.
int voice_dbov(const struct voice *);

// Which voices of a room are forwarded: the loudest few. Each voice's worker decides at each
// packet, from the voice's own state and one word of each other voice. So no first syllable is cut,
// and voices that nobody would hear cost nothing. Time is passed in.
//
//                louder than -50 dBov, and among the N loudest
//     withheld ──────────────────────────────────────────────▶ forwarded
//         ▲                                                        │
//         └──── quiet for 600 ms; not among the N for 200 ms, ─────┘
//               from a quiet packet on; not among the N + 2
//
// A newcomer takes its place at once; the voice that it ousts ends with its own next packet. So
// there are at most N + 2, apart from those that began within one packet's time. While no more than
// N send at all, everything is forwarded, even a whisper.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define VOICES_MAX 64 // of a room, bits of a word; voices beyond are always forwarded

// Loudness goes from 0, silence, to 127, 0 dBov. Soft endings of words lie between the two limits;
// controlplane/room/talk.h uses the same ones to mark who is speaking.
#define VOICES_ON  (127 - 50) // a louder packet begins a voice
#define VOICES_OFF (127 - 58) // a packet below this is quiet

#define VOICES_OVER      2 // this many more may be about to end
#define VOICES_QUIET_US  600000 // longer than a pause within a sentence
#define VOICES_OUSTED_US 200000 // longer than a knock on a table
#define VOICES_LAST_US   600000 // after this long, an ousted voice ends even without a quiet packet
#define VOICES_REST_US   150000 // a voice that was quiet for longer takes nobody's place
#define VOICES_FRESH_US  200000 // without a packet for this long, a voice is silent
#define VOICES_FALL_US   20000 // in which the strength of a voice falls by one dB
#define VOICES_EDGE      6 // dB by which a newcomer must be louder than voices that are heard
#define VOICES_DIP       12 // dB below what the voice just was: a quiet packet of a loud voice

// The voices of a room. The room's owner allocates and frees this, and assigns the places.
struct voices {
	_Atomic uint64_t taken; // bit per place that a voice has; the room's owner: w
	// Of each voice: time, loudness, whether it sounds and is forwarded; its worker: w
	_Atomic uint64_t words[VOICES_MAX];
};

// The voice of a track. Written by its worker only; all zero at first except the place.
struct voice {
	uint8_t place; // in the room's words
	bool on; // it is forwarded
	uint8_t peak; // loudness of the loudest packet; it falls since then
	int64_t peak_us;
	int64_t heard_us; // the last audible packet; if withheld: the last one loud enough to begin
	int64_t ranked_us; // when it was last among the loudest
};

// A free place, or -1.
[[nodiscard]] int voices_take(struct voices *);

// Call once the voice's worker has released it.
void voices_give(struct voices *, uint8_t place);

// Whether to forward a packet of this loudness, 0 to 127, in a room that hears the `loudest`
// voices.
[[nodiscard]] bool
voices_packet(struct voices *, struct voice *, uint8_t loudest, uint8_t loudness, int64_t now_us);

// Which voices of a room are forwarded: the loudest few. The worker of each decides at the packet,
// from its own state and one word of each other voice: so no first syllable is cut, and what nobody
// would hear costs nothing. Time is passed in.
//
//                louder than -50 dBov, and among the N loudest
//     withheld ──────────────────────────────────────────────▶ forwarded
//         ▲                                                        │
//         └──── quiet for 600 ms; not among the N for 200 ms, ─────┘
//               from a quiet packet on; not among the N + 2
//
// A newcomer takes its place at once; whose place it is ends with its own next packet. So there are
// N + 2 at most but for those that have come within one packet's time. While no more than N send
// at all, everything is forwarded, be it a whisper.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define VOICES_MAX 64 // of a room, bits of a word; what is more is always forwarded

// Loudness is 0 for silence to 127 for 0 dBov. Between the two lie soft endings of words; who is
// marked as speaking (controlplane/room/talk.h) is measured the same way.
#define VOICES_ON  (127 - 50) // what is louder begins
#define VOICES_OFF (127 - 58) // what is not as loud is quiet

#define VOICES_OVER      2 // so many more may be about to end
#define VOICES_QUIET_US  600000 // a pause within a sentence is shorter
#define VOICES_OUSTED_US 200000 // a knock on a table is shorter
#define VOICES_LAST_US   600000 // after so long an ousted voice ends without a quiet packet
#define VOICES_REST_US   150000 // quiet for longer, a voice takes nobody's place
#define VOICES_FRESH_US  200000 // without a packet for so long a voice is silent
#define VOICES_FALL_US   20000 // by which a voice that was louder falls one dB
#define VOICES_EDGE      6 // dB by which a newcomer must be louder than those who are heard
#define VOICES_DIP       12 // dB below what the voice just was: a quiet packet of a loud voice

// A room's. Whoever has the room allocates, gives away the places and frees.
struct voices {
	_Atomic uint64_t taken; // bit per place that is a voice's; the room's: w
	// Time, loudness, whether it sounds and is forwarded; of each voice, its worker: w
	_Atomic uint64_t words[VOICES_MAX];
};

// Of a track. Written by its worker only; all zero at first but for the place.
struct voice {
	uint8_t place; // in the room's words
	bool on; // it is forwarded
	uint8_t peak; // the loudest packet; since then it falls
	int64_t peak_us;
	int64_t heard_us; // the last packet that was not quiet; withheld: that could begin
	int64_t ranked_us; // the last time that it was among the loudest
};

// A free place, or -1.
[[nodiscard]] int voices_take(struct voices *);

// The voice's worker has let go of it.
void voices_give(struct voices *, uint8_t place);

// Whether the packet is forwarded, of a loudness from 0 to 127, in a room that hears so many.
[[nodiscard]] bool
voices_packet(struct voices *, struct voice *, uint8_t loudest, uint8_t loudness, int64_t now_us);

// One voice on its way into the mix: packets that wait for their time, and while the voice is
// heard, a decoder and what it has decoded. Times are samples at 48 kHz on the mix's line.
//
// Packets that follow each other sound without a seam, whatever their times say within 15 ms; what
// their times have drifted by is put right in a quiet place, or by a seam of its own after 8 ms.
// After a gap, sound begins at its time exactly. Lost packets are concealed for up to 120 ms; other
// gaps are silent.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#define VOICE_RATE     48000
#define VOICE_BLOCK    960 // samples: what is played at a time, 20 ms
#define VOICE_PREROLL  3840 // decoded before a voice is heard, so that the decoder has settled
#define VOICE_AHEAD    192000 // a packet waits so long at most
#define VOICE_PACKETS  512 // that wait
#define VOICE_BYTES    (128u << 10) // of them
#define VOICE_LOUD_ANY 128 // loudness that the sender does not tell

struct playout;
struct voice_packet;

struct voice {
	TAILQ_HEAD(voice_packets, voice_packet) packets; // in order of time
	size_t count, bytes; // of packets
	struct playout *playout; // NULL: not heard
};

void voice_init(struct voice *);
void voice_fini(struct voice *);

// Keeps a copy until its time. level: the byte of RFC 6464, or -1.
void voice_packet(
        struct voice *v, int64_t at, uint64_t seq, int level, const uint8_t *opus, size_t len
);

// The loudest packet that touches the samples from..to: media/level.h's measure, VOICE_LOUD_ANY,
// or -1: there is none.
int voice_loudness(const struct voice *, int64_t from, int64_t to);

// Adds the VOICE_BLOCK samples of two channels at this time. heard: false fades it out; then its
// playout ends. Times rise by VOICE_BLOCK.
void voice_play(struct voice *, int64_t at, bool heard, float *sum);

// Instead of voice_play while a voice is not heard: forgets packets that nobody will need.
void voice_skip(struct voice *, int64_t at);

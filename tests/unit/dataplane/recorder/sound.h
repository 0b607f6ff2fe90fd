// People who speak in pure tones, and an ear for what the mix makes of them.
#pragma once

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recorder/mix.h"

#define SOUND_RATE 48000
#define SECOND     1000000 // us

// --- speaking ---

// With soft edges of 2 ms.
struct tone {
	double hz, amplitude;
	double begin_s, end_s;
	double every_s; // repeats; 0: once
	int harmonics; // besides: more like a voice
	double noise; // of the room, all the time
};

struct speaker {
	void *encoder;
	const struct tone *tone;
	int channels;
	int duration; // samples of a packet, at most 5760
	int delay; // of the encoder, in samples
	double time_s; // of the next packet
	double clock; // the sender's second in ours: 1.0001 is 100 ppm slow
	uint64_t seq;
	int len;
	uint8_t opus[4000];
};

void speaker_init(
        struct speaker *s, const struct tone *tone, double begin_s, int channels, int duration
);
void speaker_fini(struct speaker *);
void speaker_dtx(struct speaker *);
void speaker_fec(struct speaker *); // speech at 24 kbit/s, for a loss of 20 %

// Encodes the next packet into opus; decoded, it sounds at the returned time: the encoder's delay
// is made up for.
int64_t speaker_next(struct speaker *);

// Says everything until a time to the mix.
void speaker_say(struct speaker *, struct mix_voice *, int level, int64_t until_us);

// --- hearing ---

struct ear {
	void *decoder;
	int16_t *pcm; // left and right together
	size_t samples;
	int64_t begin_us;
	float peak; // of both channels
	uint64_t packets;
	size_t bytes;
	uint64_t digest; // of all packets
	uint64_t gaps; // packets that did not begin where the one before ended
};

void ear_init(struct ear *);
void ear_fini(struct ear *);
mix_sink ear_sink; // owner: struct ear

// Amplitude of a tone within a stretch of time.
double ear_tone(const struct ear *, double hz, double from_s, double to_s);
// Everything in a stretch: root of the mean square.
double ear_rms(const struct ear *, double from_s, double to_s);
// What was heard differently, compared to what was heard, in dB; of ears that began together.
double ear_difference(const struct ear *, const struct ear *, double from_s, double to_s);
// When something louder than this begins; negative: never.
double ear_begin(const struct ear *, double amplitude, double from_s, double to_s);
// The greatest step from one sample to the next but one, compared to the one before: clicks.
double ear_roughness(const struct ear *, double from_s, double to_s);

// --- a mix of some, and an ear ---

double decibel(double factor);

#define assert_near(value, wanted, tolerance)                                                      \
	do {                                                                                       \
		double assert_value = (value), assert_wanted = (wanted);                           \
		if (!(fabs(assert_value - assert_wanted) <= (tolerance)))                          \
			fail_msg("%s is %g, not %g", #value, assert_value, assert_wanted);         \
	} while (0)

struct room {
	struct mix *mix;
	struct ear ear;
};

void room_init(struct room *, int64_t begin_us);
void room_fini(struct room *);
struct mix_voice *room_voice(struct room *);

// One voice that says something from its beginning on, and is mixed as time passes.
void room_hear(struct room *r, struct speaker *s, struct mix_voice *v, int level, int64_t until_us);

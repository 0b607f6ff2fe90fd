// The clip's tune, which the video shows and the audio plays: a music box over four chords, with a
// note on each second. It repeats after SCORE_SECONDS, as do video and audio.
#pragma once

#include <stddef.h>

#define SCORE_SECONDS 12

struct note {
	double at; // seconds
	int pitch; // as a MIDI key number: 69 is 440 Hz
	double loudness; // 0 to 1
};

static const struct note score_melody[] = {
        {0.0, 76, 1.0}, {1.0, 79, 0.8},  {2.0, 74, 0.8},  {2.5, 76, 0.6}, // C
        {3.0, 72, 1.0}, {4.0, 76, 0.8},  {5.0, 81, 0.8},  {5.5, 79, 0.6}, // A minor
        {6.0, 81, 1.0}, {7.0, 79, 0.8},  {8.0, 76, 0.8},  {8.5, 72, 0.6}, // F
        {9.0, 74, 1.0}, {10.0, 79, 0.8}, {11.0, 71, 0.8}, {11.5, 74, 0.6}, // G
};
#define SCORE_NOTES (sizeof(score_melody) / sizeof(score_melody[0]))

#define SCORE_CHORDS        4 // equally long
#define SCORE_CHORD_VOICES  4
#define SCORE_CHORD_SECONDS ((double)SCORE_SECONDS / SCORE_CHORDS)

static const int score_chords[SCORE_CHORDS][SCORE_CHORD_VOICES] = {
        {48, 55, 64, 71},
        {45, 55, 60, 64},
        {41, 53, 57, 64},
        {43, 55, 59, 64},
};

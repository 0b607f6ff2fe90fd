// The sound of the whole recording: the programme's parts, decoded one after the other. Where none
// has sound there is silence.
#pragma once

#include <stdint.h>

#define SOUND_RATE     48000
#define SOUND_CHANNELS 2

struct film;
struct sound;

// NULL with errno.
[[nodiscard]] struct sound *sound_open(const struct film *, const char *folder);
void sound_close(struct sound *);

// The next `count` samples of each channel.
void sound_read(struct sound *, float *left, float *right, uint32_t count);

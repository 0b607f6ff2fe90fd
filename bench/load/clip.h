// The clip that speakers play: encoded VP8 frames from an IVF file, or opus packets of 20 ms from
// an Ogg file, in memory and never changed, so that any number of speakers may play the same clip.
//
// The target `clip` makes the files (build/<preset>/bench/clip/): 720p.ivf, 180p.ivf, sound.opus.
// They are equally long and loop without a seam.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define CLIP_VIDEO_CLOCK 90000 // Hz
#define CLIP_AUDIO_CLOCK 48000

struct clip_frame {
	const uint8_t *bytes;
	uint32_t len;
	bool key; // sound: always
	uint8_t level; // of sound: loudness of its 20 ms in -dBov, 0 (loudest) to 127 (RFC 6464)
};

struct clip {
	uint32_t clock_rate; // CLIP_VIDEO_CLOCK or CLIP_AUDIO_CLOCK
	uint32_t frame_ticks; // from each frame to the next, on this clock
	uint32_t count;
	struct clip_frame *frames; // the first is a key frame
	uint8_t *bytes; // memory of all frames
};

// 0 or -errno: -EBADMSG if the file is not VP8 of a constant frame rate in IVF, or not opus in
// packets of 20 ms in Ogg. Both log the reason on stderr.
[[nodiscard]] int clip_video_init(struct clip *, const char *path);

// Honours the tags LOOPSTART and LOOPLENGTH, in samples: the part that is played. LEVELS, which
// clip-sound computes from the samples before encoding, has the level of each played packet as two
// hexadecimal digits; without it, all levels are 127.
[[nodiscard]] int clip_audio_init(struct clip *, const char *path);
void clip_fini(struct clip *);

// The composed file: MP4 with H.264 and AAC, its index in front, or WebM with VP9 and Opus. It has
// a temporary name until it is complete.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OUTPUT_FRAME_RATE 25

struct AVFrame;
struct output;
struct sound;

enum output_format {
	OUTPUT_MP4,
	OUTPUT_WEBM,
	OUTPUT_FORMAT_COUNT,
};

// "mp4", "webm"; OUTPUT_FORMAT_COUNT for any other name.
enum output_format output_format_by_name(const char *);

// sound stays the caller's. NULL with a line in the log; -ENOSYS in errno: this machine's
// libavcodec lacks an encoder for the format.
[[nodiscard]] struct output *output_create(const char *path, enum output_format, struct sound *);

// The next picture, and the sound up to its time. Takes over the frame. 0 or -errno.
[[nodiscard]] int output_frame(struct output *, struct AVFrame *);

// True if that many bytes of the disk are free.
[[nodiscard]] bool output_leaves(const struct output *, uint64_t bytes);

// Completes the file and gives it its name. Frees the output in any case.
[[nodiscard]] int output_finish(struct output *);

// Removes what has been written.
void output_abort(struct output *);

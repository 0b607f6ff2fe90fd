// A Matroska (WebM) file that plays and seeks at every moment, however the writer ends: clusters of
// 250 ms, each one write; Cues in 64 KiB at the front whose CuePoints are put into place one by
// one; the Duration patched after each cluster. The file appears under its name with its first
// cluster.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/codec.h"

#define MATROSKA_CLUSTER_MS 250
#define MATROSKA_TRACK_MAX  2

struct disk;
struct matroska;

struct matroska_track {
	enum codec codec;
	uint16_t width, height; // pictures: of the first key frame
	uint8_t channels; // sound
};

// path: below the disk's directory. The first frames decide nothing: tracks are given. Times are
// milliseconds from the file's beginning. NULL with errno.
[[nodiscard]] struct matroska *matroska_create(
        struct disk *, const char *path, const struct matroska_track *tracks, uint8_t count
);

// Goes on with a file that lies on disk: cuts it after its last whole cluster, patches Duration and
// Cues. *end_ms of each track: the time of its last frame. NULL with errno: -ENOENT, -EBADMSG.
[[nodiscard]] struct matroska *
matroska_resume(struct disk *, const char *path, int64_t last_ms[MATROSKA_TRACK_MAX]);

// Adds a frame; of one track in order of time. A frame that would make the cluster's picture and
// sound differ in time by more than 1 s ends the cluster. 0, or -errno of the disk.
[[nodiscard]] int matroska_frame(
        struct matroska *, uint8_t track, int64_t time_ms, const uint8_t *data, size_t len, bool key
);

// Writes the cluster that is open if it is older than MATROSKA_CLUSTER_MS (force: in any case).
[[nodiscard]] int matroska_flush(struct matroska *, int64_t now_ms, bool force);

// duration_ms: of the whole file, at least up to its last frame. Frees the handle.
void matroska_close(struct matroska *, int64_t duration_ms);

uint64_t matroska_bytes(const struct matroska *); // written or queued
int64_t matroska_duration_ms(const struct matroska *);
bool matroska_is_on_disk(const struct matroska *); // its first cluster is
int matroska_error(const struct matroska *); // of the disk

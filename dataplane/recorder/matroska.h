// A Matroska (WebM) file that plays and seeks at every moment, however the writer ends: clusters of
// 250 ms, each one write; Cues in 64 KiB at the front whose CuePoints are put into place one by
// one; the Duration patched after each cluster. The file appears under its name with its first
// cluster. matroska_layout.h has the drawing.
//
// One track is written as it comes; with two, a cluster waits until both have reached its end, for
// MATROSKA_WAIT_MS more at most, so that its blocks are in order of time.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recorder/matroska_track.h"

#define MATROSKA_CLUSTER_MS     250
#define MATROSKA_WAIT_MS        450
#define MATROSKA_APART_MS       1000 // between the tracks: then nothing waits
#define MATROSKA_TEMPORARY_NAME ".part" // behind the path until the first cluster is there

struct disk;
struct matroska;

// path: below the disk's directory. The first frames decide nothing: tracks are given. Times are
// milliseconds from the file's beginning. Never waits for the disk: if there is such a file
// already, it stays as it is, and the new one has the error EEXIST. NULL with errno: EBADMSG for a
// key frame without parameters, EINVAL, ENOMEM.
[[nodiscard]] struct matroska *matroska_create(
        struct disk *, const char *path, const struct matroska_track *tracks, uint8_t count
);

// Goes on with a file that lies on disk: cuts it after its last whole cluster, patches Duration and
// Cues. last_ms: the time of each track's last frame, -1: it has none; if it is far back, a time
// behind it, but before the last clusters. NULL with errno: ENOENT, EBADMSG.
[[nodiscard]] struct matroska *
matroska_resume(struct disk *, const char *path, int64_t last_ms[MATROSKA_TRACK_MAX]);

// Adds a frame; of one track in order of time (one that is not is put 1 ms behind the last one).
// What a resumed file has already, by time, is left out. H.264: Annex B; AV1: low-overhead format
// without temporal delimiters. 0; -EAGAIN: the disk's queue is full, and the frame was not taken;
// -EINVAL; or -errno of the disk.
[[nodiscard]] int matroska_frame(
        struct matroska *, uint8_t track, int64_t time_ms, const uint8_t *data, size_t len, bool key
);

// Writes what has waited long enough; force: everything. Call at least every 100 ms. now_ms: of any
// clock that does not go back. 0 or -errno of the disk, -EAGAIN: it is tried again.
[[nodiscard]] int matroska_flush(struct matroska *, int64_t now_ms, bool force);

// The file ends here after all: drops frames of this time and later that wait, and cuts off
// clusters that begin then or later, those of the last 30 s at most and never the first one. 0;
// -EAGAIN: the disk's queue is full; or -errno of the disk.
[[nodiscard]] int matroska_cut(struct matroska *, int64_t time_ms);

// Queues an fdatasync of what has been written so far.
void matroska_sync(struct matroska *);

// How long a file will be that is closed with this duration: all of its sound fits, and its last
// picture begins. 0: as long as a picture lasts by the last two.
int64_t matroska_length_ms(const struct matroska *, int64_t duration_ms);

// Frees the handle. A file without any frame leaves nothing behind.
void matroska_close(struct matroska *, int64_t duration_ms);

uint64_t matroska_bytes(const struct matroska *); // written or queued
int64_t matroska_duration_ms(const struct matroska *);
bool matroska_is_on_disk(const struct matroska *); // its first cluster is
int matroska_error(const struct matroska *); // of the disk

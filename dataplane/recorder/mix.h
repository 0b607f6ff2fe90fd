// All voices of a recording in one Opus stream: the loudest MIX_VOICES of those above −60 dBov
// (RFC 6464; without a level: always), decoded, summed with a limiter, encoded once. Sound waits
// MIX_WAIT_US for late packets at most. Libopus is used here and in voice.c only.
//
// The stream has no pre-skip: a packet that begins at a time decodes to what sounded at that time,
// since the encoder is given sound earlier by its own delay. A player that starts anywhere hears
// the right moment.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MIX_VOICES   8
#define MIX_WAIT_US  400000
#define MIX_FRAME_MS 20
#define MIX_BITRATE  64000 // bit/s
#define MIX_TRACKS   256 // voices at a time, with those that have just ended

struct mix;
struct mix_voice;

// A packet of MIX_FRAME_MS that begins at this time of the recording.
typedef void mix_sink(void *owner, int64_t time_us, const uint8_t *opus, size_t len);

// NULL with errno.
[[nodiscard]] struct mix *mix_create(int64_t begin_us, mix_sink *, void *owner);
void mix_destroy(struct mix *);

[[nodiscard]] struct mix_voice *mix_voice_add(struct mix *); // NULL with errno
// What it has said still sounds.
void mix_voice_remove(struct mix_voice *);

// One Opus packet at its time on the recording's line. level: RFC 6464 byte, or -1. Ignored if it
// is malformed, its time has been emitted, or it is 4 s ahead of what has been: a recorder that
// catches up on old packets runs the mix as it reads.
void mix_packet(
        struct mix_voice *v, int64_t time_us, uint64_t seq, int level, const uint8_t *opus,
        size_t len
);

// Emits what is due: everything up to now_us − MIX_WAIT_US. Silence is emitted, too: no gaps.
void mix_run(struct mix *, int64_t now_us);
// Emits everything up to end_us.
void mix_finish(struct mix *, int64_t end_us);

// The tracks: what a publisher sends, and which of its encodings are wanted.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "am_schema.h"
#include "service/records.h"

struct message;
struct registry;
struct track;

// 0 or -errno: -EEXIST slot in use, -ENOENT no such transport, -EPROTO it is without SRTP, -E2BIG
// its tracks would send from more SSRCs than AM_SSRC_MAX, -ENOMEM.
[[nodiscard]] int source_add(struct registry *, const struct am_cmd_track_add *);
void source_pause(struct registry *, struct source *, bool paused);

// Begins or ends the copies for the recorder. Each begin repeats the last sender reports.
void source_tap(struct registry *, struct source *, bool tapped);
// Requests a key frame of each encoding that is being received.
void source_request_key_frame(struct registry *, const struct source *);

// Removes the track and its subscriptions.
void source_remove(struct registry *, struct source *);

// Gives the track to its session's worker. 0 or -ENOMEM.
[[nodiscard]] int source_place(struct registry *, struct source *);

// Handle what a worker hands back and reports: MESSAGE_FREE_TRACK, MESSAGE_WISHES.
void source_free_track(struct track *);
void source_wishes_told(struct registry *, uint16_t worker, const struct message *);

// Checks which encodings viewers wish for, of all tracks with several.
void source_look_all(struct registry *, int64_t now_us);

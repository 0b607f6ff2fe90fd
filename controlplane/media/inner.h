// What the other files of this folder use of media.c.
#pragma once

struct am_msg;
struct am_region_layout;
struct media;
struct media_call;

// The region; NULL: there is none.
const struct am_region_layout *media_map(const struct media *);

// Sends a command, with a result like those of media.h, and sets its sequence number in msg. If
// done, a media_done, is NULL, nobody waits for the answer.
[[nodiscard]] int media_command(
        struct media *m, struct am_msg *msg,
        void (*done)(void *owner, const struct media_call *, int result), void *owner,
        const struct media_call *call
);

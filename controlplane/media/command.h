// How the commands of media.h are sent: command.c makes them, media.c brings them to the data
// plane.
#pragma once

#include "media/media.h"

// As those commands; msg gets its place in the order. Without done nobody waits for its answer.
[[nodiscard]] int media_command(
        struct media *m, struct am_msg *msg, media_done *done, void *owner,
        const struct media_call *call
);

// How the commands of media.h are sent: command.c builds them, media.c sends them to the data
// plane.
#pragma once

#include "media/media.h"

// Sends a command, with a result like those of media.h, and sets its sequence number in msg. If
// done is NULL, nobody waits for the answer.
[[nodiscard]] int media_command(
        struct media *m, struct am_msg *msg, media_done *done, void *owner,
        const struct media_call *call
);

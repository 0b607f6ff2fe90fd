// Connects to the data plane, again and again until it is there, on a thread of its own: a data
// plane that accepts and then says nothing must not hold up the loop.
#pragma once

#include <stdint.h>

struct am_link_fds;
struct loop;
struct media_link;

// connected: called in the loop, once for each media_link_start; takes over the descriptors.
// path is the caller's memory. NULL with errno.
[[nodiscard]] struct media_link *media_link_create(
        struct loop *, const char *path,
        void (*connected)(void *owner, int connection, uint16_t epoch, const struct am_link_fds *),
        void *owner
);
void media_link_destroy(struct media_link *);

// Starts looking for the data plane. 0 or -errno. Not while it is looking already.
[[nodiscard]] int media_link_start(struct media_link *);

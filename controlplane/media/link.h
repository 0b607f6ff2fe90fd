// Connects to the data plane, on a thread of its own, and retries until the data plane is there:
// one that accepts and then sends nothing must not hold up the loop.
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

// Starts connecting to the data plane. Returns 0 or -errno. Must not be called while it is
// connecting already.
[[nodiscard]] int media_link_start(struct media_link *);

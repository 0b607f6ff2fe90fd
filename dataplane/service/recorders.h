// The recorders that read the tap: the socket over which each of them gets its memory. They are
// connected for as long as they read, so that each side learns of the other's end; nothing else
// ever comes from them.
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "am_tap.h"

#define RECORDERS_MAX     4 // that read
#define RECORDERS_WAITING 4 // connections more, which have said nothing yet or are refused
#define RECORDERS_FDS     (1 + RECORDERS_MAX + RECORDERS_WAITING) // to poll

struct recorder {
	int fd; // -1: none
	bool reads; // it has got the memory
	uint64_t since_ns; // when it connected
};

struct recorders {
	int listener; // -1: there is no tap
	int memfd; // of the tap, which owns it
	uint32_t user; // that may connect, besides root and our own
	struct recorder list[RECORDERS_MAX + RECORDERS_WAITING];
};

// Nobody listens and nobody is connected.
void recorders_init(struct recorders *);

// Listens at path. 0 or -errno.
[[nodiscard]] int
recorders_open(struct recorders *, const char *path, uint32_t user, const struct am_tap *);
void recorders_close(struct recorders *);

// Before poll(): what to wait for.
void recorders_poll(const struct recorders *, struct pollfd fds[RECORDERS_FDS]);

// After poll(): accepts and answers. Never waits.
void recorders_serve(struct recorders *, const struct pollfd fds[RECORDERS_FDS], uint64_t now_ns);

// Ends connections that have said nothing for AM_TAP_HELLO_MS.
void recorders_tick(struct recorders *, uint64_t now_ns);

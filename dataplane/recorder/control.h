// The control plane's end of the recorder: a listening Unix socket and one connection. A new
// connection takes the place of the one before as soon as it has said HELLO. Nothing waits: what
// cannot be sent now is refused, and the caller tries again.
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "am_record.h"

#define CONTROL_POLL_MAX 3 // descriptors to wait for

struct control;

struct control_events {
	void *owner;
	uint64_t (*free_bytes)(void *owner); // of the disk, for our HELLO
	void (*greeted)(void *owner); // a control plane has said HELLO: everything is stated anew
	void (*message)(void *owner, const struct am_record_msg *); // checked
};

// NULL with errno.
[[nodiscard]] struct control *control_create(const char *path, const struct control_events *);
void control_destroy(struct control *);

// Fills in what to wait for. Returns how many.
int control_poll(const struct control *, struct pollfd fds[CONTROL_POLL_MAX]);

// Takes connections and everything that has been said. False: there may be more.
bool control_receive(struct control *);

// 0; -EAGAIN: try again later; -ENOTCONN: nobody is there.
[[nodiscard]] int control_send(struct control *, const struct am_record_msg *);

// Says HELLO once more: how much of the disk is free.
void control_say_hello(struct control *);

bool control_is_connected(const struct control *);

// The connection to the recorder: connects without waiting, and again each second until there is
// one. What comes is checked before it is passed on.
//
//     down ──connected, both said HELLO──▶ up ──end, silence or nonsense──▶ down
#pragma once

#include <stdbool.h>

struct am_record_msg;
struct loop;
struct recorder_link;

#define RECORDER_RETRY_MS  1000
#define RECORDER_HELLO_MS  5000 // for the recorder to say HELLO
#define RECORDER_QUEUE_MAX 16384 // messages that wait for the recorder to read

struct recorder_link_events {
	void *owner;
	void (*up)(void *owner); // state everything now
	void (*down)(void *owner);
	void (*heard)(void *owner, const struct am_record_msg *); // HELLO, too, before up
};

// path and events are the caller's memory. Does nothing before recorder_link_open. NULL with errno.
[[nodiscard]] struct recorder_link *
recorder_link_create(struct loop *, const char *path, const struct recorder_link_events *);
void recorder_link_destroy(struct recorder_link *);

// Starts to connect; has no effect after the first time.
void recorder_link_open(struct recorder_link *);

bool recorder_link_is_up(const struct recorder_link *);

// Queues a message; without a connection, it is lost: `up` restates everything.
void recorder_link_send(struct recorder_link *, const struct am_record_msg *);

// Ends the connection, because the recorder is silent; the next one follows.
void recorder_link_reset(struct recorder_link *);

// A room's data channel: what its senders said last, for any number of readers. Plain logic: no
// SCTP, time passed in.
//
//	senders ──limits──▶ log of the last messages ◀── each reader's own place in it
//
// The log is the only memory, whatever the number of readers: a reader that is too slow loses the
// messages that have dropped out of the log, and a new one begins with those that are in it.
//
// Each message begins with an envelope, so that nobody can send in another's name. Its second line
// is the sender's tag, opaque here:
//
//	<sequence> <milliseconds since 1970> <of the channel's opening>\n<tag>\n<message>
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "am_schema.h"
#include "path/bucket.h"
#include "wire/drop.h"

#define CHANNEL_MESSAGES 200 // kept
#define CHANNEL_BYTES    65536 // of those in total
// Token buckets for one sender, and for all senders together.
#define CHANNEL_SENDER_PER_S       2
#define CHANNEL_SENDER_BURST       10
#define CHANNEL_SENDER_BYTES_PER_S 4096
#define CHANNEL_SENDER_BYTES_BURST 16384
#define CHANNEL_PER_S              20
#define CHANNEL_BURST              40

struct channel_message {
	am_id sender;
	size_t len;
	size_t text; // where the message itself begins
	uint8_t bytes[]; // with its envelope
};

struct channel {
	uint64_t room_id;
	int64_t opened_ms; // CLOCK_REALTIME
	uint32_t users; // senders and readers
	uint64_t first; // sequence number of the oldest message kept
	uint64_t next; // of the next message; the very first is 1
	size_t bytes; // kept
	struct bucket bucket;
	struct channel_message *log[CHANNEL_MESSAGES]; // by sequence number
	TAILQ_HEAD(channel_readers, channel_reader) readers;
	LIST_ENTRY(channel) entry; // of the owner's list
};

struct channel_sender {
	am_id id; // the owner sets it
	struct bucket messages, bytes;
	uint16_t tag_len;
	uint8_t tag[AM_DATA_TAG_MAX];
};

struct channel_reader {
	struct channel *channel;
	uint64_t next; // the first that it has not got
	TAILQ_ENTRY(channel_reader) entry;
};

struct channel_time {
	int64_t now_us; // CLOCK_MONOTONIC
	int64_t now_ms; // CLOCK_REALTIME
};

// NULL if out of memory.
[[nodiscard]] struct channel *channel_create(uint64_t room_id, const struct channel_time *);

// Readers must have left.
void channel_destroy(struct channel *);

void channel_sender_init(struct channel_sender *, const struct channel_time *);

// The reader begins with the oldest message.
void channel_join(struct channel *, struct channel_reader *);
// The reader begins with the next message.
void channel_join_late(struct channel *, struct channel_reader *);
void channel_leave(struct channel_reader *);

// Adds a message. True, or false with the reason in *why.
[[nodiscard]] bool channel_say(
        struct channel *c, struct channel_sender *, const uint8_t *text, size_t len,
        const struct channel_time *, enum drop *why
);

// The message that was added last; there must have been one.
const struct channel_message *channel_last(const struct channel *);

// What the reader gets next; NULL: it has everything. *lost: how many messages dropped out of the
// log before the reader got them; each is counted once.
const struct channel_message *channel_peek(struct channel_reader *, uint64_t *lost);

// The reader has got what channel_peek returned.
void channel_advance(struct channel_reader *);

// UTF-8 as in RFC 3629: shortest forms, no surrogates.
bool channel_is_text(const uint8_t *bytes, size_t len);

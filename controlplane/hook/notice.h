// An event about a recording, from when it happens until its receiver has accepted it.
#pragma once

#include <stdint.h>

#include "hook/request.h"

struct account;
struct history;
struct history_notice;
struct hook_queue;
struct recording_file_row;
struct recording_row;

struct notice {
	uint64_t account_id;
	uint64_t recording_id;
	enum hook_event_kind kind;
	int64_t sequence;
	int64_t time_ms;
	char *room_id, *recording, *url, *authorization, *secret; // owned; never NULL
};

// Makes the account's next event and stores it in the history. The files are those of a recording
// that is ready, or its new video.
struct notice *notice_create(
        const struct account *a, enum hook_event_kind kind, const struct recording_row *r,
        const struct recording_file_row *files, size_t count, struct history *history,
        struct hook_queue *queue
);

// Makes an event that the history has.
struct notice *notice_restore(const struct history_notice *);

// Frees the event; the history keeps it.
void notice_destroy(struct notice *);

// Frees the event, which needs no more tries.
void notice_forget(struct notice *, struct history *);

// The event as it is sent; the strings are lent.
struct hook_event notice_event_of(const struct notice *);

// A peer's stay as its integrator's server sees it, from the question whether the peer may join to
// the last event about it.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/map.h"
#include "hook/call.h"
#include "hook/request.h"

struct history;
struct history_admission;
struct hook_queue;

#define VISIT_KEY_SIZE 17 // a number in hexadecimal

struct visit {
	uint64_t id; // the admission's number
	char key[VISIT_KEY_SIZE];
	struct hook_peer peer; // owns its strings
	int64_t time_ms; // of joining, then of leaving
	int64_t sequence; // of the last event in version 2
	bool stored;
	uint64_t write; // the number of the write that stored it
	struct map_node by_id; // in the owner's map, from admission until closing
	TAILQ_ENTRY(visit) in_restored; // in the owner's list
};

// Make a visit that the history does not have yet, or one that it has.
struct visit *visit_create(uint64_t id, const struct hook_peer *);
struct visit *visit_restore(const struct history_admission *);

// Frees the visit; the history keeps its entry.
void visit_destroy(struct visit *);

// Frees the visit and removes it from the history: no more events follow.
void visit_forget(struct visit *, struct history *);

// Makes the visit's next event, numbers it within its account, and stores it in the history.
void visit_event(struct visit *, struct history *, struct hook_queue *, enum hook_event_kind);

// The visit's last event, as it is sent; the strings are lent.
struct hook_event visit_event_of(const struct visit *, enum hook_event_kind);

void visit_set_display_name(struct visit *, const char *);

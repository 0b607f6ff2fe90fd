// A peer's stay as its integrator hears of it, from the question whether it may join to the last
// word about it.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/map.h"
#include "hook/hook.h"

struct history;
struct history_admission;
struct hook_event;
struct hook_queue;

#define VISIT_KEY_SIZE 17 // a number in hexadecimal

struct visit {
	uint64_t id; // the admission's number
	char key[VISIT_KEY_SIZE];
	struct hook_peer peer; // owns its strings
	int64_t time_ms; // of joining, then of leaving
	int64_t sequence; // of the last event in version 2
	bool stored;
	uint64_t write; // of its storing
	struct map_node by_id; // of the owner's, once it is admitted, until it is closed
	TAILQ_ENTRY(visit) in_restored; // of the owner's list
};

// A new one, which the history does not have yet; and one that it has.
struct visit *visit_create(uint64_t id, const struct hook_peer *);
struct visit *visit_restore(const struct history_admission *);

// The history keeps what it has of it.
void visit_destroy(struct visit *);

// Nothing is left to be said about it: the history forgets it, and it is destroyed.
void visit_forget(struct visit *, struct history *);

// Something happens to the visit: the next event of its account, which goes into the history.
void visit_event(struct visit *, struct history *, struct hook_queue *, bool closed);

// Its last event, as it is sent; the strings are lent.
struct hook_event visit_event_of(const struct visit *, bool closed);

void visit_set_display_name(struct visit *, const char *);

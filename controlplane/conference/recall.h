// What is remembered after people have left: which sessions were sent out of a room, and what an
// empty room requires of newcomers.
#pragma once

#include <stdint.h>

#include "terms/refusal.h"

struct conference;
struct peer;
struct room;

// Refuses the peer's session from now on, even if its page could not be told.
void conference_turn_away(struct conference *, const struct peer *, enum refusal);

// Why the session is refused. REFUSAL_NONE: it may enter.
enum refusal conference_turned_away(
        const struct conference *c, uint64_t account_id, const char *room, const char *session
);

// Waiting room and PIN outlast the people in a room: a room that opens again has them until a
// moderator's token says otherwise.
void conference_keep_rules(struct conference *, const struct room *);
void conference_recall_rules(struct conference *, struct room *);
void conference_forget_rules(struct conference *, struct room *);

void conference_recall_init(struct conference *);
void conference_recall_fini(struct conference *);

// Reads both from the store.
void conference_recall_restore(struct conference *);

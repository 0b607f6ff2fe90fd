// What is remembered after people have left: which sessions were sent out of a room, and what an
// empty room requires of newcomers.
#pragma once

#include <stdint.h>

#include "terms/refusal.h"

struct conference;
struct peer;
struct room;

// Who is sent out stays out with this session, also where nobody could tell its page.
void conference_turn_away(struct conference *, const struct peer *, enum refusal);

// REFUSAL_NONE: the session may come.
enum refusal conference_turned_away(
        const struct conference *c, uint64_t account_id, const char *room, const char *session
);

// Waiting room and PIN outlast the people: a room that opens again has them until a moderator's
// token says otherwise.
void conference_keep_rules(struct conference *, const struct room *);
void conference_recall_rules(struct conference *, struct room *);
void conference_forget_rules(struct conference *, struct room *);

void conference_recall_init(struct conference *);
void conference_recall_fini(struct conference *);

// Reads both from the store.
void conference_recall_restore(struct conference *);

// How peers leave: when they or others want it, or when they have been gone, or have not joined,
// for too long. conference.h has the calls that others may make.
#pragma once

struct conference;
struct peer;

// Who is gone, and may come back.
void conference_gone_add(struct conference *, struct peer *);
void conference_gone_remove(struct conference *, struct peer *);

// A peer has come in, joined, come back or lost its membership: it has join_ms to join.
void conference_expect_join(struct conference *, struct peer *);

// The data plane has gone with the peer's media. It keeps its place for as long as a lost WebSocket
// does, and joins anew.
void conference_lose_media(struct conference *, struct peer *);

// Removes the peers that came before the data plane: the rooms for which it has media are older.
void conference_drop_all(struct conference *);

// Removes those who have been gone, or have not joined, for too long, from now on.
void conference_watch_absent(struct conference *);

// Frees all peers and rooms, and tells nobody.
void conference_forget_all(struct conference *);

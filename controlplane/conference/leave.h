// How peers leave: at their own or somebody else's request, or because they have been gone, or have
// not joined, for too long. conference.h declares what other folders may call.
#pragma once

struct conference;
struct peer;

// Marks a peer as gone, so that it may come back, or as back.
void conference_gone_add(struct conference *, struct peer *);
void conference_gone_remove(struct conference *, struct peer *);

// To be called when a peer enters, joins, comes back or loses its membership: starts or ends the
// time that it has to join.
void conference_expect_join(struct conference *, struct peer *);

// The data plane is gone, and with it the peer's media. The peer keeps its place for as long as
// with a lost WebSocket, and joins anew.
void conference_lose_media(struct conference *, struct peer *);

// Removes the peers that came before the data plane: the rooms for which it has media are older.
void conference_drop_all(struct conference *);

// Starts to remove peers that have been gone, or have not joined, for too long.
void conference_watch_absent(struct conference *);

// Frees all peers and rooms without telling anybody.
void conference_forget_all(struct conference *);

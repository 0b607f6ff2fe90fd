// Rooms and who may be in them. Plain state and rules; time is passed in.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "map.h"
#include "peer.h"

#define ROOM_NAME_MAX        64
#define ROOM_PARTICIPANT_MAX 50 // of a call
#define ROOM_SPEAKER_MAX     20 // of a webinar
#define ROOM_VIEWER_MAX      2000 // of a webinar

enum room_kind {
	ROOM_CALL,
	ROOM_WEBINAR,
};

enum refusal {
	REFUSAL_NONE,
	REFUSAL_ROOM_FULL,
	REFUSAL_SPEAKERS_FULL,
	REFUSAL_VIEWERS_FULL,
	REFUSAL_WRONG_ROOM_KIND,
};

TAILQ_HEAD(peer_list, peer);

struct room {
	uint64_t id; // for the data plane and the store; random
	char name[ROOM_NAME_MAX + 1];
	enum room_kind kind;
	int64_t created_ms; // CLOCK_REALTIME
	struct map peers; // by peer id
	struct peer_list speakers; // joined or not; all participants of a call
	struct peer_list viewers;
	uint32_t speaker_count; // joined
	uint32_t viewer_count; // joined
	struct map_node by_name;
};

struct rooms {
	struct map by_name;
};

void rooms_init(struct rooms *);

// All rooms must be gone.
void rooms_fini(struct rooms *);

// The room after `previous`, NULL: the first; in no order.
struct room *rooms_next(const struct rooms *, const struct room *previous);
struct room *rooms_find(const struct rooms *, const char *name);

struct room *
room_create(struct rooms *, uint64_t id, const char *name, enum room_kind, int64_t created_ms);

// The room must be empty.
void room_destroy(struct rooms *, struct room *);

// Whether one more may come in by this path. Counts those who have joined.
enum refusal room_admits(const struct room *, enum room_kind path, bool speaker);
const char *refusal_code(enum refusal);
const char *refusal_text(enum refusal);

struct peer *room_find_peer(const struct room *, const char *peer_id);

// The peer id must be new in the room.
void room_add_peer(struct room *, struct peer *);
void room_join_peer(struct peer *);

// Takes the peer out; the caller destroys it, and the room where it is empty.
void room_remove_peer(struct peer *);
bool room_is_empty(const struct room *);

// True if the others are told of this peer: viewers of a webinar are nobody's business.
bool peer_is_announced(const struct peer *);

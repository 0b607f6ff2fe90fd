// Rooms and who may be in them. Plain state and rules; time is passed in.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/map.h"
#include "room/news.h"
#include "room/peer.h"
#include "room/talk.h"
#include "room/usage.h"
#include "terms/kinds.h"
#include "terms/refusal.h"

// What tokens say about the room, besides its kind. For each rule, the newest token that sets it
// counts.
struct room_rules {
	bool waiting_room; // newcomers wait for a moderator
	uint32_t speakers_max, viewers_max; // 0: the server's own limits alone
	char pin[ROOM_PIN_MAX + 1]; // empty: none
	int64_t start_time_ms; // CLOCK_REALTIME, if somebody was let in before it; 0: none
	char *video; // the address of a player for everyone; owned; NULL: none
	bool auto_record; // it is recorded from its first speaker on
};

#define ROOM_BITRATE_MIN 10000 // bit/s; less is not enough for video
#define ROOM_BITRATE_MAX 1000000000

struct room {
	struct usage *usage;
	uint64_t id; // for the data plane and the store; random
	uint64_t account_id;
	char name[ROOM_NAME_MAX + 1];
	char key[ROOM_KEY_SIZE]; // account and name
	enum room_kind kind;
	int64_t created_ms; // CLOCK_REALTIME
	struct room_rules rules;
	uint32_t bitrate; // limit of each video, bit/s; 0: none
	struct map peers; // by peer id
	struct peer_list waiting; // for a moderator
	struct peer_list speakers; // admitted or joined; all participants of a call
	struct peer_list viewers;
	uint32_t speaker_count; // joined
	uint32_t viewer_count; // joined
	struct peer_list hands; // raised by members, in the order of raising
	struct talk talk;
	bool recorded; // a recording has begun: the rule auto_record begins no other one
	struct room_news news;
	struct map_node by_key;
};

struct rooms {
	struct map by_key;
	struct map usages; // of struct usage
};

void rooms_init(struct rooms *);

// NULL: the account has no room.
struct usage *rooms_usage(const struct rooms *, uint64_t account_id);

// All rooms must be gone.
void rooms_fini(struct rooms *);

// The room after `previous` (NULL: the first), in no particular order.
struct room *rooms_next(const struct rooms *, const struct room *previous);
void room_key_print(char key[ROOM_KEY_SIZE], uint64_t account_id, const char *name);
struct room *rooms_by_key(const struct rooms *, const char *key);
struct room *rooms_find(const struct rooms *, uint64_t account_id, const char *name);

struct room *room_create(
        struct rooms *rooms, uint64_t id, uint64_t account_id, const char *name, enum room_kind,
        int64_t created_ms
);

// The room must be empty.
void room_destroy(struct rooms *, struct room *);

// Applies the rules that are set in `rules`, which it copies. True if the room's rules changed.
bool room_add_rules(struct room *, const struct room_rules *rules);

// Whether one more peer may enter by this path. Counts the peers that have joined. `rules` are
// those of the newcomer's own token; NULL: the room's.
enum refusal room_admits(
        const struct room *r, enum room_kind path, bool speaker, const struct room_rules *rules
);

struct peer *room_find_peer(const struct room *, const char *peer_id);

// The codec for sharing a screen: AV1, which has tools for text, if all members that decode video
// decode AV1; otherwise VP8.
enum am_codec room_screen_codec(const struct room *);

// The peer id must be new in the room.
void room_add_peer(struct room *, struct peer *);
void room_join_peer(struct peer *);

// The peer stays, but is no longer a member.
void room_unjoin_peer(struct peer *);

// Lets a waiting peer in.
void room_admit_peer(struct peer *);

// Sets the address of a player for everyone, which is copied; NULL: none.
void room_set_video(struct room *, const char *url);

void room_raise_hand(struct peer *);
void room_lower_hand(struct peer *);

// Makes a viewer a speaker, or a speaker a viewer.
void room_set_speaker(struct peer *, bool speaker);

// Takes the peer out; the caller destroys it, and the room if that is empty.
void room_remove_peer(struct peer *);
bool room_is_empty(const struct room *);

// What a restarted control plane needs to go on: rooms, their peers, and the transports and tracks
// of peers that have joined. Subscriptions are not stored here, since the region's table has them.
// Only this folder uses SQLite.
//
// Writes go through a bounded queue to a thread of their own, several in a transaction, so that the
// loop never waits for a disk. The write-ahead log is not synced: what was committed survives a
// crash of this process. If the machine crashes, so does the data plane, and none of this is
// needed.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "am_schema.h"

struct store_rooms;
struct store_counts;

struct store_room {
	uint64_t id;
	uint64_t account_id;
	const char *name;
	int kind; // enum room_kind
	int64_t created_ms; // CLOCK_REALTIME
	bool waiting_room;
	uint32_t speakers_max, viewers_max;
	const char *pin; // empty: none
	const char *video; // empty: none
	uint32_t bitrate; // 0: no limit
};

// Flags of a peer.
enum store_flag {
	STORE_SPEAKER = 1 << 0,
	STORE_MODERATOR = 1 << 1,
	STORE_CAN_RECORD = 1 << 2,
	STORE_CHAT = 1 << 3,
	STORE_WAITING = 1 << 4,
	STORE_JOINED = 1 << 5,
	STORE_SIGNED_ID = 1 << 6,
	STORE_NAME_IS_FIXED = 1 << 7,
	STORE_HAND_ENABLED = 1 << 8,
	STORE_HAND = 1 << 9, // the hand is raised
	STORE_TAKES_DATA = 1 << 10,
	STORE_MUTED_AUDIO = 1 << 11, // by a moderator, and the page has not reacted yet
	STORE_MUTED_VIDEO = 1 << 12,
	STORE_MUTED_SHARE = 1 << 13,
	STORE_READS_ENVELOPE = 1 << 14,
	STORE_HEEDS_WANTED = 1 << 15,
	STORE_TAKES_LISTS = 1 << 16,
	STORE_CONSENTS = 1 << 17, // to being recorded
	STORE_REFUSES = 1 << 18, // … and has said so; neither: not decided
};

struct store_peer {
	uint64_t room_id;
	const char *id;
	const char *session;
	uint32_t flags; // enum store_flag
	const char *display_name;
	const char *device; // JSON
	const char *capabilities; // rtpCapabilities as JSON; empty: the peer does not consume
};

struct store_transport {
	am_id id;
	uint64_t room_id;
	const char *peer_id;
	bool consuming;
	bool connected;
	uint32_t mid_reserved;
	const char *cname;
};

struct store_track {
	am_id id;
	am_id transport_id;
	int kind; // enum ortc_kind
	bool paused;
	const char *parameters; // the publisher's RtpParameters as JSON
	const char *app_data; // JSON
};

// A session that may not come back into a room from which it was removed.
struct store_turned_away {
	const char *key; // made by the conference
	const char *refusal; // the code of the refusal
	int64_t until_ms; // CLOCK_REALTIME
	int64_t now_ms; // on writing: entries that ended before it are removed
};

// What an empty room requires of the people who enter it next.
struct store_kept_rules {
	const char *key; // account and name
	bool waiting_room;
	const char *pin; // empty: none
	int64_t until_ms; // CLOCK_REALTIME
	int64_t now_ms; // on writing: entries that ended before it are removed
};

// Receives what store_rooms_read finds: every room, then every peer, and so on. Strings are lent.
struct store_rooms_reader {
	void *owner;
	void (*room)(void *owner, const struct store_room *);
	void (*peer)(void *owner, const struct store_peer *);
	void (*transport)(void *owner, const struct store_transport *);
	void (*track)(void *owner, const struct store_track *);
	void (*turned_away)(void *owner, const struct store_turned_away *);
	void (*kept_rules)(void *owner, const struct store_kept_rules *);
};

// Opens or creates the file. NULL after one line in the log.
[[nodiscard]] struct store_rooms *store_rooms_open(const char *path);

// Waits until everything is written.
void store_rooms_close(struct store_rooms *);

// Numbers for metrics.
void store_rooms_count(const struct store_rooms *, struct store_counts *);

// The generation of the data plane to which these rooms belong; 0: none.
uint64_t store_rooms_generation(const struct store_rooms *);

// Reads what is in the file; writes that wait may be missing. 0 or -EIO.
[[nodiscard]] int store_rooms_read(const struct store_rooms *, const struct store_rooms_reader *);

// The same for what outlives a data plane: turned_away and kept_rules alone.
[[nodiscard]] int
store_rooms_read_recall(const struct store_rooms *, const struct store_rooms_reader *);

// Empties the store for the rooms of another data plane.
void store_rooms_reset(struct store_rooms *, uint64_t generation);

// put inserts or replaces. remove also removes everything that belongs to the object.
void store_room_put(struct store_rooms *, const struct store_room *);
void store_room_remove(struct store_rooms *, uint64_t id);
void store_peer_put(struct store_rooms *, const struct store_peer *);
void store_peer_rename(
        struct store_rooms *, uint64_t room_id, const char *id, const char *display_name
);
void store_peer_flags(struct store_rooms *, uint64_t room_id, const char *id, uint32_t flags);
void store_peer_remove(struct store_rooms *, uint64_t room_id, const char *id);
void store_transport_put(struct store_rooms *, const struct store_transport *);
void store_transport_remove(struct store_rooms *, am_id);
void store_track_put(struct store_rooms *, const struct store_track *);
void store_track_pause(struct store_rooms *, am_id, bool paused);
void store_track_remove(struct store_rooms *, am_id);
void store_kept_rules_put(struct store_rooms *, const struct store_kept_rules *);
void store_kept_rules_remove(struct store_rooms *, const char *key);
void store_turned_away_put(struct store_rooms *, const struct store_turned_away *);
void store_turned_away_remove(struct store_rooms *, const char *key);

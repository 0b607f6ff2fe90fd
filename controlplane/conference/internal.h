// What the conference's own files share.
#pragma once

#include "base/loop.h"
#include "conference/conference.h"
#include "conference/events.h"
#include "media/media.h"

struct shelves;
struct tally;

// How a worker of the data plane keeps up.
struct worker_look {
	uint64_t copies, late; // so far
	enum quality quality; // of the last look
	uint64_t weak_ms; // when it was last not good; 0: never
};

struct conference {
	struct loop *loop;
	struct media *media;
	struct store_rooms *store;
	struct hooks *hooks;
	struct statistics *statistics;
	const struct conference_events *events;
	struct media_events media_events;
	struct rooms rooms;
	const struct accounts *accounts; // from the settings, like the next three
	uint64_t join_ms;
	uint8_t voices[ROOM_KIND_COUNT];
	uint32_t client_transports;
	struct tally *transports_of; // by address
	struct peer_list gone; // oldest first
	struct peer_list idle; // admitted but not joined; oldest first
	struct shelves *turned_away, *kept_rules; // recall.c
	struct loop_timer absence; // of the peers that are gone, and of the idle: leave.c
	struct loop_timer activity; // activity.c
	uint32_t looks; // how often that timer has expired
	struct worker_look workers[AM_WORKER_MAX]; // quality.c
	uint64_t generation; // of the data plane that has the rooms' media; 0: none yet
	// Indexed by the id's slot.
	struct transport *transports[AM_TRANSPORT_MAX];
	struct track *tracks[AM_TRACK_MAX];
	struct subscription *subscriptions[AM_SUBSCRIPTION_MAX];
};

// Commands whose result a page waits for: the object, and who made the request.
static inline struct media_call conference_call(am_id id, const struct asker *by)
{
	return (struct media_call){id, by->connection, by->request_id};
}

static inline struct asker conference_asker(const struct media_call *call)
{
	return (struct asker){call->connection, call->request_id};
}

// Who is gone, and may come back (leave.c).
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
void conference_forget_all(struct conference *); // and tells nobody

// Whether the account may have one more; if not, logs that.
[[nodiscard]] bool conference_quota_allows(struct conference *, uint64_t account_id, enum quota);

// What happens, to those of the room whom it concerns (tell.c). joined, left, renamed: to the other
// members that may know of the peer.
void conference_tell_room(struct conference *, struct room *); // that the room has changed
void conference_tell_joined(struct conference *, const struct peer *);
void conference_tell_left(struct conference *, const struct peer *);
void conference_tell_renamed(struct conference *, const struct peer *, const char *old);

// A viewer has become a speaker, or a speaker a viewer.
void conference_tell_changed(struct conference *, const struct peer *);

// To moderators: somebody waits, or waits no more.
void conference_tell_waiting(struct conference *, const struct peer *, bool waits);
void conference_tell_hand(struct conference *, const struct peer *);

// Reports that a command failed; result is 0 if it succeeded, but its object is gone.
void conference_tell_failed(struct conference *, const struct media_call *, int result);

// Tells the owner which encodings of the track viewers want, if its page supports that.
void conference_tell_wanted(struct conference *, const struct track *);

// Tells the owner of a screen share that somebody in the room does not decode it.
void conference_tell_unfit(struct conference *, const struct track *);

// Transports, tracks, subscriptions. The functions named forget only free the object; the data
// plane removes it along with its transport or track.
void conference_transport_remove(struct conference *, struct transport *);
void conference_transport_forget(struct conference *, struct transport *);

// Ends a transport as conference_transport_close does, and tells its owner why.
void conference_transport_end(struct conference *, struct transport *, enum transport_end);
void conference_track_set_paused(struct conference *, struct track *, bool paused);
void conference_track_remove(struct conference *, struct track *);
void conference_track_forget(struct conference *, struct track *);

// The peer to what it lacks of its room, or everyone in the room to a new track.
void conference_subscribe_all(struct conference *, struct peer *);
void conference_subscribe_viewers(struct conference *, struct track *);

// Retries subscriptions for which there was no room; to be called now and then.
void conference_subscribe_again(struct conference *, struct peer *);
void conference_subscription_forget(struct conference *, struct subscription *);

// The room's data channel (chat.c). forget: the transport is about to be gone.
void conference_chat_forget(struct conference *, struct transport *);
void conference_chat_rename(struct conference *, struct peer *);
void conference_chat_restore(struct transport *, const struct am_transport_state *);
void conference_chat_verify(
        struct conference *c, struct transport *t, const struct am_transport_state *state
);

// Its readers (chat_readers.c). consume: gives the peer what it lacks, where it may, wants and can.
void conference_chat_consume(struct conference *, struct peer *);
// Offers a client that gets its senders apart those that it has not confirmed: when the data plane
// has its data consumer, and when it is back.
void conference_chat_senders_offer(struct conference *, struct transport *);
void conference_chat_sender_come(struct conference *, const struct transport *sender);
void conference_chat_sender_gone(struct conference *, const struct transport *sender);

// Starts to look regularly at who speaks, how many peers there are, and how good connections are
// (activity.c).
void conference_watch_activity(struct conference *);

// What participants experience, and what causes it (quality.c). conference_end_quality: the peer's
// stay is over.
void conference_look_at_quality(struct conference *);
void conference_end_quality(struct conference *, struct peer *);

// A session that was sent out may not come back, even if its page could not be told (recall.c).
// REFUSAL_NONE: the session may enter.
void conference_turn_away(struct conference *, const struct peer *, enum refusal);
enum refusal conference_turned_away(
        const struct conference *c, uint64_t account_id, const char *room, const char *session
);

// Waiting room and PIN outlast the people in a room: a room that opens again has them until a
// moderator's token says otherwise (recall.c).
void conference_keep_rules(struct conference *, const struct room *);
void conference_recall_rules(struct conference *, struct room *);
void conference_forget_rules(struct conference *, struct room *);
void conference_recall_init(struct conference *);
void conference_recall_fini(struct conference *);
void conference_recall_restore(struct conference *);

// Write to the store, once a data plane is known (store.c).
void conference_store_room(struct conference *, const struct room *);
void conference_store_peer(struct conference *, const struct peer *, const char *capabilities);
void conference_store_flags(struct conference *, const struct peer *);
bool conference_stores_media(const struct conference *, const struct peer *);
void conference_store_transport(struct conference *, const struct transport *);

// Those about transports, tracks and subscriptions (media_events.c).
void conference_media_events_init(struct conference *);

// Restores rooms from the store and the data plane's tables (restore.c).
void conference_restore(struct conference *);

// Holds what is known against the tables: drops what the data plane lacks, and removes there what
// nobody knows (verify.c).
void conference_verify(struct conference *);

// The domain at work: what happens in rooms, carried to the data plane and to the store. It knows
// neither JSON messages nor WebSockets: those who do are told by conference_events.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "media/media.h"
#include "room/room.h"
#include "room/track.h"

struct hooks;
struct json;
struct shelves;
struct statistics;
struct accounts;
struct tally;
struct store;

// Who asks for what only the data plane can do, and waits for the event of its result.
struct asker {
	uint64_t connection;
	int64_t request_id;
};

// What signaling passes on. Peers in here have a connection.
struct conference_events {
	void *owner;
	// Results, each before anything else that follows from it. The connection may be gone.
	void (*joined)(void *owner, const struct asker *, const struct peer *);
	void (*transport_made)(void *owner, const struct asker *, const struct transport *);
	void (*transport_connected)(void *owner, const struct asker *);
	void (*ice_restarted)(void *owner, const struct asker *, const struct transport *);
	void (*track_made)(void *owner, const struct asker *, const struct track *);
	void (*data_producer_made)(void *owner, const struct asker *, const struct transport *);
	void (*failed)(void *owner, const struct asker *, int error); // -errno
	void (*peer_joined)(void *owner, struct peer *to, const struct peer *who);
	void (*peer_left)(void *owner, struct peer *to, const char *peer_id);
	void (*peer_renamed)(void *owner, struct peer *to, const struct peer *who, const char *old);
	// To moderators, who know of viewers too: a speaker is a viewer now, or the other way
	// round.
	void (*peer_changed)(void *owner, struct peer *to, const struct peer *who);
	// To moderators: somebody waits, or waits no more.
	void (*waiting)(void *owner, struct peer *to, const struct peer *who, bool waits);
	void (*admitted)(void *owner, struct peer *to); // the wait is over
	void (*room_changed)(void *owner, struct peer *to);
	// What a moderator did to this peer: turned off its tracks of a kind, ended one, made it a
	// speaker or a viewer.
	void (*muted)(void *owner, struct peer *to, enum track_kind);
	void (*producer_closed)(void *owner, struct peer *to, am_id);
	// Its packets do not reach every viewer.
	void (*producer_too_long)(void *owner, const struct track *, uint32_t payload_len);
	// Which of its encodings viewers wish for.
	void (*encodings_wanted)(void *owner, const struct track *);
	// Its screen is in a codec that somebody in the room does not decode.
	void (*producer_unfit)(void *owner, const struct track *);
	void (*rights_changed)(void *owner, struct peer *to);
	// p->lacks: something that it is to see or hear finds no room, or does so no more.
	void (*lacking)(void *owner, struct peer *to);
	void (*consumer_new)(void *owner, struct subscription *);
	void (*consumer_closed)(void *owner, struct peer *to, am_id);
	void (*consumer_paused)(void *owner, struct subscription *, bool paused);
	void (*layers_changed)(void *owner, struct subscription *);
	// What everybody in the room is told: how many there are, who leads the talk, who speaks,
	// how good a speaker's connection is. A viewer's is told to the viewer alone.
	void (*counts)(void *owner, const struct room *);
	void (*leader)(void *owner, const struct room *);
	void (*speakers)(void *owner, const struct room *);
	void (*quality)(void *owner, const struct peer *who);
	// Somebody's hand went up or down.
	void (*hand)(void *owner, struct peer *to, const struct peer *who);
	void (*data_consumer_new)(void *owner, struct transport *);
	void (*data_consumer_closed)(void *owner, struct peer *to, am_id);
	// A transport of the peer has ended, with what it carried.
	void (*transport_closed)(void *owner, struct peer *to, am_id, enum transport_end);
	// Nothing goes over a transport of the peer any more, for want of ICE checks; or it does
	// again.
	void (*transport_path)(void *owner, const struct transport *, bool lost);
	// A sender of the chat comes to one who gets them apart, on this stream, or goes.
	void (*data_source_new)(void *owner, struct peer *to, uint8_t stream, const struct peer *);
	void (*data_source_gone)(void *owner, struct peer *to, uint8_t stream);
	void (*media_down)(void *owner, struct peer *to);
	// The peer is being removed: say why, and close its connection for good.
	void (*removed)(void *owner, struct peer *, enum refusal);
	// The peer has another connection now: this one is dead, only nobody had heard of it.
	void (*superseded)(void *owner, uint64_t connection);
	void (*ready)(void *owner); // rooms are as the last control plane left them
	void (*restart)(void *owner); // all rooms are gone: connections must come back
};

// How a worker of the data plane keeps up.
struct worker_look {
	uint64_t copies, late; // so far
	enum quality quality; // of the last look
	uint64_t weak_ms; // when that last was not good; 0: never
};

struct conference {
	struct loop *loop;
	struct media *media;
	struct store *store;
	struct hooks *hooks;
	struct statistics *statistics;
	const struct conference_events *events;
	struct media_events media_events;
	struct rooms rooms;
	const struct accounts *accounts; // whose quotas hold; NULL: none do
	uint64_t join_ms; // for an admitted peer to join; 0: as long as it likes
	uint8_t voices[ROOM_KIND_COUNT]; // forwarded in a room of this kind; 0: all
	uint32_t client_transports; // of one address at once; 0: any number
	struct tally *transports_of; // by address
	struct peer_list gone; // oldest first
	struct peer_list idle; // admitted, and not joined: oldest first
	struct shelves *turned_away, *kept_rules; // recall.c
	struct loop_timer timer; // of the peers that are gone, and of the idle
	struct loop_timer activity; // activity.c
	uint32_t looks; // of it
	struct worker_look workers[AM_WORKER_MAX]; // quality.c
	uint64_t generation; // of the data plane that the rooms live on, 0: none yet
	// By slot of the id.
	struct transport *transports[AM_TRANSPORT_MAX];
	struct track *tracks[AM_TRACK_MAX];
	struct subscription *subscriptions[AM_SUBSCRIPTION_MAX];
};

// socket is the caller's memory; store, hooks and statistics stay the caller's. NULL with errno.
[[nodiscard]] struct conference *conference_create(
        struct loop *l, const char *socket, struct store *store, struct hooks *hooks,
        struct statistics *statistics, const struct conference_events *events
);

// Forgets everything and tells nobody: media goes on.
void conference_destroy(struct conference *);

// Objects by id, or NULL.
struct transport *conference_transport(const struct conference *, am_id);
struct track *conference_track(const struct conference *, am_id);
struct subscription *conference_subscription(const struct conference *, am_id);

// Somebody whom the admission lets in.
struct newcomer {
	uint64_t account_id;
	enum room_kind kind;
	const char *room;
	const char *peer_id;
	const char *session; // may be empty
	const char *display_name; // not one: empty
	struct rights rights;
	bool signed_id, name_is_fixed; // as in struct peer
	bool waits; // by its own token; the room may want it too
	struct room_rules rules; // what its token says of the room; lent
	uint64_t hook_admission; // taken over in any case
	const char *client; // its address, as limits count it
};

// A newcomer enters, and replaces whoever has its peer id. connection is the higher, the more
// recent it is. NULL with the reason in *refusal.
struct peer *conference_enter(
        struct conference *c, const struct newcomer *n, uint64_t connection, enum refusal *refusal
);

// A connection takes up the peer that has this id and session, as it is. NULL: there is none, or
// the session was sent out of the room, for the reason in *refusal.
struct peer *conference_take_up(
        struct conference *c, const struct newcomer *n, uint64_t connection, enum refusal *refusal
);

// U18: who comes waits, by a token's word or the account's.
bool conference_has_waiting_room(const struct conference *, const struct room *);

// Makes the peer a member; then `joined`, then the others are told, and it is subscribed to what
// they publish.
void conference_join(
        struct conference *c, struct peer *p, const char *capabilities, const struct asker *by
);

// What a page that comes back still has: a bit for each slot of an id.
struct page_objects {
	uint64_t tracks[AM_TRACK_MAX / 64];
	uint64_t subscriptions[AM_SUBSCRIPTION_MAX / 64];
};

// False: it was there already.
bool page_objects_add(uint64_t bits[], am_id);

// Brings the page of a peer that was taken up and the server together: what only one side has goes,
// or is offered anew.
void conference_resume(struct conference *, struct peer *, const struct page_objects *);

void conference_subscribe_all(struct conference *, struct peer *);
// Tries again what found no room; to be called now and then.
void conference_subscribe_again(struct conference *, struct peer *);

// The connection died: the peer may come back. silent_ms: for how long it had said nothing.
void conference_lose(struct conference *, struct peer *, uint64_t silent_ms);

// Removes the peer, and the room with its last one. REFUSAL_NONE: it left by itself.
void conference_remove(struct conference *, struct peer *, enum refusal);

// Takes the peer's membership and media away, but not its connection.
void conference_reset(struct conference *, struct peer *);
void conference_close_room(struct conference *, struct room *);

// -EINVAL: as peer_set_display_name.
[[nodiscard]] int conference_rename(struct conference *, struct peer *, const char *name);

// Where clients reach the data plane, and its certificate.
struct endpoint {
	uint16_t udp_port;
	uint8_t fingerprint[32]; // SHA-256
	struct am_address addresses[AM_ADDRESS_MAX];
};

void conference_endpoint(const struct conference *, struct endpoint *out);

// 0: an event says what came of it; -errno: none does.

// Transports. data: the client asked for SCTP. -EPERM: a viewer, who may send data alone; -EMFILE:
// the peer has all it may have; -EDQUOT: its account or its address has.
[[nodiscard]] int conference_transport_add(
        struct conference *c, struct peer *p, bool consuming, bool data, const struct asker *by
);
[[nodiscard]] int conference_transport_connect(
        struct conference *c, struct transport *t, enum am_dtls_role role,
        const struct am_fingerprint *fingerprint, const struct asker *by
);
[[nodiscard]] int
conference_transport_restart_ice(struct conference *c, struct transport *t, const struct asker *by);
// Its owner wants it closed; what it received comes over another one, where there is one.
void conference_transport_close(struct conference *, struct transport *);
// It has ended by itself: the same, and its owner is told.
void conference_transport_end(struct conference *, struct transport *, enum transport_end);

// Tracks. -EINVAL with a reason in *why; -EMFILE, -EDQUOT as for transports.
[[nodiscard]] int conference_track_add(
        struct conference *, struct transport *, enum ortc_kind, const struct json *parameters,
        const struct json *app_data, const struct asker *, const char **why
);

// Tells the owner which encodings of the track viewers wish for, where its page knows what to do.
void conference_tell_wanted(struct conference *, const struct track *);

// Tells the owner of a screen that somebody in the room does not decode it.
void conference_tell_unfit(struct conference *, const struct track *);

// By its owner's page, which has heard of a mute by then.
void conference_track_pause(struct conference *, struct track *, bool paused);
void conference_track_close(struct conference *, struct track *);

void conference_track_set_paused(struct conference *, struct track *, bool paused);
void conference_track_remove(struct conference *, struct track *);

// Subscriptions.
void conference_subscription_confirm(struct conference *, struct subscription *);
void conference_subscription_pause(struct conference *, struct subscription *, bool paused);
void conference_subscription_layers(
        struct conference *, struct subscription *, uint8_t spatial, uint8_t temporal,
        uint8_t priority
);
void conference_subscription_remove(struct conference *, struct subscription *, bool tell);
void conference_subscription_key_frame(struct conference *, const struct subscription *);

// The room's data channel (data.c): a peer writes into it by one data producer, on a
// sending transport, and hears it by one data consumer. -EPERM: it may not chat (U05).
[[nodiscard]] int conference_data_produce(
        struct conference *c, struct transport *t, uint16_t stream, const struct asker *by
);
void conference_data_close(struct conference *, struct transport *);
void conference_data_consume(struct conference *, struct peer *); // where it may, wants and can
// The page listens: what is said may be sent to it.
void conference_data_confirm(struct conference *, struct transport *);

// The chat for clients that know no envelope (sources.c): each sender is a data consumer
// of its own, on a stream of its own. settle: gives the peer those whom it lacks.
void conference_data_consume_apart(struct conference *, struct transport *);
void conference_sources_settle(struct conference *, struct peer *);
// To be called when the data plane has the data consumer, and when the client is back.
void conference_sources_offer(struct conference *, struct transport *);
void conference_source_confirm(struct conference *, struct peer *, uint8_t stream);
void conference_source_come(struct conference *, const struct transport *sender);
void conference_source_gone(struct conference *, const struct transport *sender);

void conference_data_rename(struct conference *, struct peer *);
void conference_data_restore(struct transport *, const struct am_transport_state *);
void conference_data_verify(
        struct conference *c, struct transport *t, const struct am_transport_state *state
);

// What moderators do (moderation.c); who may ask for it is the caller's to check.
void conference_admit(struct conference *, struct peer *);
void conference_admit_all(struct conference *, struct room *);
void conference_decline_all(struct conference *, struct room *);
void conference_mute(
        struct conference *c, struct peer *p, enum track_kind kind, const struct peer *by
);
// The owner's page has said something about its tracks of this kind: it knows.
void conference_mute_heard(struct conference *, struct peer *, enum track_kind);
// All but the moderator.
void conference_mute_all(struct conference *, const struct peer *by, enum track_kind);
void conference_set_video(struct conference *, struct room *, const char *url); // NULL: none
void conference_set_bitrate(struct conference *, struct room *, uint32_t bitrate); // 0: no limit

// A viewer becomes a speaker where there is a place, a speaker a viewer; what the latter publishes
// ends. REFUSAL_WRONG_ROOM_KIND: everyone in a call is a speaker.
enum refusal conference_set_speaker(struct conference *, struct peer *, bool speaker);

// What the data plane has measured and counted (figures.c); 0 where it knows nothing yet.
struct transport_link {
	uint8_t lost; // /256
	uint8_t jitter_ms;
	uint16_t rtt_ms;
};

struct transport_link conference_link(const struct conference *, const struct transport *);
uint32_t conference_downlink_kbps(const struct conference *, const struct transport *);
void conference_transport_figures(const struct conference *, const struct transport *, struct am_transport_figures *);
void conference_track_figures(const struct conference *, const struct track *, struct am_track_figures *);
void conference_subscription_figures(const struct conference *, const struct subscription *, struct am_subscription_figures *);
// Its entry in the table; false: the data plane does not have it.
[[nodiscard]] bool
conference_transport_state(const struct conference *, const struct transport *, struct am_transport_state *);

// How participants fare, and whose doing it is (quality.c). server: at the data plane,
// before each look at peers; end: the peer's stay is over.
#define CONFERENCE_REPORT_MS 5000 // between two reports of one page
void conference_look_at_server(struct conference *);
void conference_look_at_quality(struct conference *, struct peer *);
void conference_end_quality(struct conference *, struct peer *);

// A page reports. from: whose tracks had the worst of it, as far as that is known; may be empty.
// -EAGAIN: too soon after the last one.
[[nodiscard]] int conference_report_quality(
        struct conference *c, struct peer *p, const struct page_report *report,
        const struct peer *const from[], int count
);

// A hand goes up or down (activity.c).
void conference_set_hand(struct conference *, struct peer *, bool raised);

// Whether the account may have one more. Says so in the log where not.
[[nodiscard]] bool conference_quota(struct conference *, uint64_t account_id, enum quota);

// To be called when a peer comes in, joins, or loses its membership: it has join_ms to join.
void conference_expect_join(struct conference *, struct peer *);

// The same, where the server could not let it join so far: its time begins anew.
void conference_expect_join_anew(struct conference *, struct peer *);

// Who is sent out stays out with this session, also where nobody could tell its page
// (recall.c). REFUSAL_NONE: the session may come.
void conference_turn_away(struct conference *, const struct peer *, enum refusal);
enum refusal conference_turned_away(
        const struct conference *c, uint64_t account_id, const char *room, const char *session
);

// Waiting room and PIN outlast the people: a room that opens again has them until a moderator's
// token says otherwise (recall.c). pin: of an open or an empty room; may be empty.
const char *conference_pin(const struct conference *, const char *room_key);
void conference_keep_rules(struct conference *, const struct room *);
void conference_recall_rules(struct conference *, struct room *);
void conference_forget_rules(struct conference *, struct room *);

// Commands that a page waits for: what goes with them, and who asked.
static inline struct media_call conference_call(am_id id, const struct asker *by)
{
	return (struct media_call){id, by->connection, by->request_id};
}

static inline struct asker conference_asker(const struct media_call *call)
{
	return (struct asker){call->connection, call->request_id};
}

// result: the command's; where that is none, its object is gone.
void conference_tell_failed(struct conference *, const struct media_call *, int result);

// Tells the others of a new member, and subscribes it to what they publish.
void conference_welcome(struct conference *, struct peer *);

// Between the conference's own files. forget: out of memory only; the data plane removes it with
// the transport or track that it hangs on.
void conference_store_room(struct conference *, const struct room *);
void conference_store_peer(struct conference *, const struct peer *, const char *capabilities);
void conference_store_flags(struct conference *, const struct peer *);
bool conference_stores_media(const struct conference *, const struct peer *);
void conference_store_transport(struct conference *, const struct transport *);
// Looks at who speaks, how many there are, and how good connections are, from now on.
void conference_watch(struct conference *);
void conference_tell_room(struct conference *, struct room *); // that it changed
void conference_tell_moderators(struct conference *, const struct peer *, bool waits);
void conference_recall_init(struct conference *);
void conference_recall_fini(struct conference *);
void conference_recall_restore(struct conference *);
void conference_gone_add(struct conference *, struct peer *);
void conference_forget_peer(struct conference *, struct peer *);
void conference_transport_remove(struct conference *, struct transport *);
void conference_transport_forget(struct conference *, struct transport *);
void conference_track_forget(struct conference *, struct track *);
void conference_subscription_forget(struct conference *, struct subscription *);

// Makes rooms of what the store and the data plane's tables hold (restore.c).
void conference_restore(struct conference *);

// Holds what is known against the tables: drops what the data plane lacks, and removes there what
// nobody knows (restore.c).
void conference_verify(struct conference *);

// The domain at work: what happens in rooms, carried to the data plane and to the store. It knows
// neither JSON messages nor WebSockets: those who do are told by conference_events.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "am_region.h"
#include "am_schema.h"
#include "room/room.h"
#include "room/track.h"

struct accounts;
struct conference;
struct conference_events;
struct hooks;
struct json;
struct loop;
struct media;
struct statistics;
struct store;

// All that is pointed to stays the caller's.
struct conference_settings {
	struct loop *loop;
	const char *socket; // the data plane's
	struct store *store;
	struct hooks *hooks;
	struct statistics *statistics;
	const struct accounts *accounts; // whose quotas hold; NULL: none do
	const struct conference_events *events;
	uint64_t join_ms; // for an admitted peer to join; 0: as long as it likes
	uint8_t voices[ROOM_KIND_COUNT]; // forwarded in a room of this kind; 0: all
	uint32_t client_transports; // of one address at once; 0: any number
};

// NULL with errno.
[[nodiscard]] struct conference *conference_create(const struct conference_settings *);

// Forgets everything and tells nobody: media goes on.
void conference_destroy(struct conference *);

// To look at, in figures of the server.
const struct rooms *conference_rooms(const struct conference *);
const struct media *conference_media(const struct conference *);

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

// Who comes waits, by a token's word or the account's.
bool conference_has_waiting_room(const struct conference *, const struct room *);

// Who asks for something that ends in an event: 0, and it comes; -errno, and it does not.
struct asker {
	uint64_t connection;
	int64_t request_id;
};

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

// The server could not let the peer join so far: its time to do so begins anew.
void conference_expect_join_anew(struct conference *, struct peer *);

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

// Tracks. -EINVAL with a reason in *why; -EMFILE, -EDQUOT as for transports.
[[nodiscard]] int conference_track_add(
        struct conference *, struct transport *, enum ortc_kind, const struct json *parameters,
        const struct json *app_data, const struct asker *, const char **why
);

// By its owner's page, which has heard of a mute by then.
void conference_track_pause(struct conference *, struct track *, bool paused);
void conference_track_close(struct conference *, struct track *);

// Subscriptions. confirm, remove: the page has it, or will not have it.
void conference_subscription_confirm(struct conference *, struct subscription *);
void conference_subscription_remove(struct conference *, struct subscription *);
void conference_subscription_pause(struct conference *, struct subscription *, bool paused);
void conference_subscription_layers(
        struct conference *, struct subscription *, uint8_t spatial, uint8_t temporal,
        uint8_t priority
);
void conference_subscription_key_frame(struct conference *, const struct subscription *);

// The room's data channel (data.c): a peer writes into it by one data producer, on a
// sending transport, and hears it by one data consumer. -EPERM: it may not chat.
[[nodiscard]] int conference_data_produce(
        struct conference *c, struct transport *t, uint16_t stream, const struct asker *by
);
void conference_data_close(struct conference *, struct transport *);
// The page listens: what is said may be sent to it.
void conference_data_confirm(struct conference *, struct transport *);

// … to one sender, for clients that get them apart (sources.c).
void conference_source_confirm(struct conference *, struct peer *, uint8_t stream);

// What moderators do (moderation.c); who may ask for it is the caller's to check.
void conference_admit(struct conference *, struct peer *);
void conference_admit_all(struct conference *, struct room *);
void conference_decline_all(struct conference *, struct room *);
void conference_mute(
        struct conference *c, struct peer *p, enum track_kind kind, const struct peer *by
);
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

// A page reports how it fares (quality.c). from: whose tracks had the worst of it, as far as that
// is known; may be empty. -EAGAIN: too soon after the last one.
#define CONFERENCE_REPORT_MS 5000 // between two reports of one page
[[nodiscard]] int conference_report_quality(
        struct conference *c, struct peer *p, const struct page_report *report,
        const struct peer *const from[], int count
);

// A hand goes up or down (activity.c).
void conference_set_hand(struct conference *, struct peer *, bool raised);

// The PIN of an open room, or of an empty one that is remembered; may be empty (recall.c).
const char *conference_pin(const struct conference *, const char *room_key);

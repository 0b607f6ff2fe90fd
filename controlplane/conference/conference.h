// The domain at work: carries what happens in rooms to the data plane and to the store. It knows
// neither JSON messages nor WebSockets: the layer that does is told through conference_events.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "am_region.h"
#include "am_schema.h"
#include "room/room.h"
#include "room/subscription.h"
#include "room/track.h"

struct accounts;
struct conference;
struct conference_events;
struct history;
struct hooks;
struct json;
struct loop;
struct media;
struct recording_view;
struct recordings;
struct s3_settings;
struct statistics;
struct store_rooms;

// The caller keeps everything that these pointers refer to.
struct conference_settings {
	struct loop *loop;
	const char *socket; // the data plane's
	struct store_rooms *store;
	struct hooks *hooks;
	struct statistics *statistics;
	const struct accounts *accounts; // whose quotas apply; NULL: there are no quotas
	const struct conference_events *events;
	uint64_t join_ms; // time that an admitted peer has to join; 0: any time
	uint8_t voices[ROOM_KIND_COUNT]; // voices forwarded in a room of this kind; 0: all
	uint32_t client_transports; // that one address may have at once; 0: any number
	struct history *history; // of recordings, like the next three
	const char *recorder; // its socket; empty: there is none
	const char *recordings; // their directory
	const struct s3_settings *s3; // the bucket to which they are copied; NULL: none
	const char *s3_prefix;
	uint32_t recording_free_min_mib; // of the disk; none starts below four times as much
};

// NULL with errno.
[[nodiscard]] struct conference *conference_create(const struct conference_settings *);

// Frees everything without telling anybody: media goes on.
void conference_destroy(struct conference *);

// Read access, for figures of the server.
const struct rooms *conference_rooms(const struct conference *);
const struct media *conference_media(const struct conference *);
const struct recordings *conference_recordings(const struct conference *);

// Objects by id, or NULL.
struct transport *conference_transport(const struct conference *, am_id);
struct track *conference_track(const struct conference *, am_id);
struct subscription *conference_subscription(const struct conference *, am_id);

// A peer that the admission lets in.
struct newcomer {
	uint64_t account_id;
	enum room_kind kind;
	const char *room;
	const char *peer_id;
	const char *session; // may be empty
	const char *display_name; // empty if it is not a valid name
	struct rights rights;
	bool signed_id, name_is_fixed; // as in struct peer
	bool waits; // its own token says so; the room may require it, too
	struct room_rules rules; // what its token says about the room; lent
	uint64_t hook_admission; // taken over, even if the peer is refused
	const char *client; // its address as limits count it
};

// Lets a newcomer enter, who replaces whoever has its peer id. A more recent connection has a
// higher number. NULL with the reason in *refusal.
struct peer *conference_enter(
        struct conference *c, const struct newcomer *n, uint64_t connection, enum refusal *refusal
);

// Connects the existing peer with this id and session, as it is, to a new connection. NULL if there
// is none, or if the session was sent out of the room, for the reason in *refusal.
struct peer *conference_take_up(
        struct conference *c, const struct newcomer *n, uint64_t connection, enum refusal *refusal
);

// Whether newcomers wait for a moderator, because a token or the account says so.
bool conference_has_waiting_room(const struct conference *, const struct room *);

// Who made a request whose result is an event. The function returns 0 if the event will come, or
// -errno if it will not.
struct asker {
	uint64_t connection;
	int64_t request_id;
};

// Makes the peer a member: `joined` is reported first, then the others are told, and the peer is
// subscribed to what they publish.
void conference_join(
        struct conference *c, struct peer *p, const char *capabilities, const struct asker *by
);

// What a returning page still has: a bit for each slot of an id.
struct page_objects {
	uint64_t tracks[AM_TRACK_MAX / 64];
	uint64_t subscriptions[AM_SUBSCRIPTION_MAX / 64];
};

// Adds an id. False if it was there already.
bool page_objects_add(uint64_t bits[], am_id);

// Brings a returning page and the server into agreement: what only one of them has is removed or
// offered again.
void conference_resume(struct conference *, struct peer *, const struct page_objects *);

// Restarts the time that a peer has to join, because the server could not let it join so far.
void conference_expect_join_anew(struct conference *, struct peer *);

// The connection is lost, and the peer may come back. silent_ms: how long it had been silent.
void conference_lose(struct conference *, struct peer *, uint64_t silent_ms);

// Removes the peer, and the room after its last peer. REFUSAL_NONE if the peer left by itself.
void conference_remove(struct conference *, struct peer *, enum refusal);

// Takes the peer's membership and media away, but not its connection.
void conference_reset(struct conference *, struct peer *);
void conference_close_room(struct conference *, struct room *);

// -EINVAL as for peer_set_display_name.
[[nodiscard]] int conference_rename(struct conference *, struct peer *, const char *name);

// Raises or lowers a hand.
void conference_set_hand(struct conference *, struct peer *, bool raised);

// The addresses at which clients reach the data plane, and its certificate's fingerprint.
struct endpoint {
	uint16_t udp_port;
	uint8_t fingerprint[32]; // SHA-256
	struct am_address addresses[AM_ADDRESS_MAX];
};

void conference_endpoint(const struct conference *, struct endpoint *out);

// Transports. data: the client requests SCTP. -EPERM: the peer is a viewer, who may send nothing
// but data; -EMFILE: the peer has as many as it may have; -EDQUOT: its account or its address has.
[[nodiscard]] int conference_transport_add(
        struct conference *c, struct peer *p, bool consuming, bool data, const struct asker *by
);
[[nodiscard]] int conference_transport_connect(
        struct conference *c, struct transport *t, enum am_dtls_role role,
        const struct am_fingerprint *fingerprint, const struct asker *by
);
[[nodiscard]] int
conference_transport_restart_ice(struct conference *c, struct transport *t, const struct asker *by);
// Closes a transport at its owner's request. What it received then comes over another transport, if
// there is one.
void conference_transport_close(struct conference *, struct transport *);

// Tracks. -EINVAL with a reason in *why; -EMFILE, -EDQUOT as for transports.
[[nodiscard]] int conference_track_add(
        struct conference *, struct transport *, enum ortc_kind, const struct json *parameters,
        const struct json *app_data, const struct asker *, const char **why
);

// Pauses or resumes a track at the request of its owner's page, which knows of any mute by then.
void conference_track_pause(struct conference *, struct track *, bool paused);
void conference_track_close(struct conference *, struct track *);

// Subscriptions. confirm: the page has it. remove: the page will not have it.
void conference_subscription_confirm(struct conference *, struct subscription *);
void conference_subscription_remove(struct conference *, struct subscription *);
void conference_subscription_pause(struct conference *, struct subscription *, bool paused);
void conference_subscription_layers(
        struct conference *, struct subscription *, uint8_t spatial, uint8_t temporal,
        uint8_t priority
);
void conference_subscription_key_frame(struct conference *, const struct subscription *);

// The room's data channel (chat.c): a peer writes to it through one data producer, on a sending
// transport, and reads it through one data consumer. -EPERM: the peer may not chat.
[[nodiscard]] int conference_chat_produce(
        struct conference *c, struct transport *t, uint16_t stream, const struct asker *by
);
void conference_chat_close(struct conference *, struct transport *);
// The page is ready to receive the data channel.
void conference_chat_confirm(struct conference *, struct transport *);

// The page is ready to receive one sender, if senders have separate streams (chat_readers.c).
void conference_chat_sender_confirm(struct conference *, struct peer *, uint8_t stream);

// What moderators do (moderation.c); the caller checks who may do so.
void conference_admit(struct conference *, struct peer *);
void conference_admit_all(struct conference *, struct room *);
void conference_decline_all(struct conference *, struct room *);
void conference_mute(
        struct conference *c, struct peer *p, enum track_kind kind, const struct peer *by
);
// Mutes everybody but the moderator.
void conference_mute_all(struct conference *, const struct peer *by, enum track_kind);
void conference_set_video(struct conference *, struct room *, const char *url); // NULL: none
void conference_set_bitrate(struct conference *, struct room *, uint32_t bitrate); // 0: no limit

// Makes a viewer a speaker, if there is a place, or a speaker a viewer, whose tracks then end.
// REFUSAL_WRONG_ROOM_KIND: everyone in a call is a speaker.
enum refusal conference_set_speaker(struct conference *, struct peer *, bool speaker);

// Recordings (recording.c, recording/recording.h); the caller checks who may ask for one. by: NULL
// for the API. Each is idempotent. -ENOTCONN: no recorder, or no data plane; -ENOSPC: the disk is
// nearly full; -EMFILE: as many recordings as there may be; -EDQUOT: the account's bytes are used
// up; -ENOENT: (all but start) nothing is being recorded.
[[nodiscard]] int
conference_record_start(struct conference *, struct room *, const struct peer *by);
[[nodiscard]] int conference_record_stop(struct conference *, struct room *, const struct peer *by);
[[nodiscard]] int
conference_record_pause(struct conference *, struct room *, const struct peer *by);
[[nodiscard]] int
conference_record_resume(struct conference *, struct room *, const struct peer *by);

// A speaker's answer, where speakers are asked. It lasts for the peer's stay.
void conference_record_consent(struct conference *, struct peer *, bool consents);
bool conference_record_asks(const struct conference *, const struct peer *); // not answered yet

// What is being recorded in the room, or NULL; lent until the next turn of the loop.
const struct recording_view *conference_recording(const struct conference *, const struct room *);

// The codec for sharing a screen: room_screen_codec, but that of the cameras while the room is
// being recorded, since the programme is one file with one codec of pictures.
enum am_codec conference_screen_codec(const struct conference *, const struct room *);

// What the data plane has measured and counted (figures.c); 0 as long as it knows nothing.
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
// The transport's entry in the data plane's table. False if the data plane does not have it.
[[nodiscard]] bool
conference_transport_state(const struct conference *, const struct transport *, struct am_transport_state *);

// A page reports what its participant sees and hears (quality.c). from: the peers whose tracks were
// affected, as far as that is known; may be empty. -EAGAIN: too soon after the last report.
#define CONFERENCE_REPORT_MS 5000 // between two reports of one page
[[nodiscard]] int conference_report_quality(
        struct conference *c, struct peer *p, const struct page_report *report,
        const struct peer *const from[], int count
);

// Whether a worker of the data plane leaves out work to keep up (am_lifecycle.h).
[[nodiscard]] bool conference_is_short(const struct conference *);

// The PIN of an open room, or of an empty room that is remembered; may be empty (recall.c).
const char *conference_pin(const struct conference *, const char *room_key);

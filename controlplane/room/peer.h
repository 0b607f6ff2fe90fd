// One person in a room, from admission until the peer leaves, or has been gone for PEER_RESUME_MS.
// While a peer is gone, its media goes on, and it keeps its place and its rights.
//
//     waiting ──a moderator admits──▶ admitted ──join──▶ joined
//        ▲                               ▲                 ▲
//        └──────── socket dies, another one comes within 15 s: the same state again
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "account/account.h"
#include "am_schema.h"
#include "base/address.h"
#include "base/map.h"
#include "room/news.h"
#include "room/ortc.h"
#include "room/transport.h"
#include "room/voice.h"
#include "terms/kinds.h"
#include "terms/quality.h"
#include "terms/stretch.h"

#define PEER_SESSION_MAX   64
#define PEER_TRANSPORT_MAX 2 // in each direction
// Receiving transports that a peer may create at once, and the interval at which it may create
// more. Each costs every speaker a key frame, and the data plane's own limit on key frames ends
// with the transport.
#define PEER_RECEIVING_BURST  10
#define PEER_RECEIVING_MS     AM_KEY_FRAME_PACE_MS
#define PEER_TRACK_MAX        16
#define PEER_SUBSCRIPTION_MAX 2048
#define PEER_RESUME_MS        15000

struct room;
struct subscription;
struct track;
struct usage;

// What a peer has said to being recorded.
enum consent {
	CONSENT_UNDECIDED,
	CONSENT_GIVEN,
	CONSENT_REFUSED,
};

// What a peer may do. Checked with every request; kept in the store.
struct rights {
	bool speaker; // may publish; in a call, everyone is a speaker
	bool moderator;
	bool can_record;
	bool chat;
	bool hand; // may raise a hand
};

// A sender that a peer receives in the chat, if each sender has a stream of its own.
struct chat_sender {
	am_id sender; // its sending transport; 0: nobody
	bool told; // the page was told of the sender
	bool confirmed; // the page has confirmed it
};

// What a peer's page has reported of what its participant sees and hears.
struct page_view {
	struct page_report report; // the last one
	uint64_t at_ms; // when the report arrived; 0: none
	enum quality quality; // of the report
	enum stretch_cause cause;
	char *speaker; // for STRETCH_SPEAKER; owned
	uint32_t frozen_ms; // sum of the reports since the last look
};

struct peer {
	char id[PEER_ID_SIZE];
	char session[PEER_SESSION_MAX + 1]; // a secret of the page; empty: the peer cannot resume
	struct room *room;
	struct usage *usage; // of the room's account; NULL: the peer is in no room
	struct rights rights;
	bool waiting; // for a moderator
	bool joined;
	bool signed_id; // only a token with the same peerId may take its place
	bool name_is_fixed; // its token sets the name
	uint64_t hook_admission; // of hook/hook.h: to be closed when the peer goes
	uint64_t statistics_session; // 0: none
	bool consumes; // has sent rtpCapabilities
	struct peer_news news;
	struct voice voice;
	struct connection_quality quality;
	struct link_quality up, down; // the links on which the peer sends and receives
	uint64_t narrow_ms; // when the link last kept a video below what was requested; 0: never
	struct page_view page;
	struct stretches stretches; // of this stay
	bool takes_data; // receives the chat, unless it refuses
	bool takes_lists; // understands newConsumers
	bool heeds_wanted; // switches off encodings that nobody wants
	bool reads_envelope; // all senders on one stream; else plain text on one for each
	struct chat_sender chat_senders[AM_DATA_SOURCES];
	char display_name[PEER_NAME_SIZE];
	char *device; // JSON object, owned
	struct ortc_caps caps;
	struct transport transports[2 * PEER_TRANSPORT_MAX];
	uint64_t transport_count; // of all transports that the peer has had
	uint32_t receiving_used; // receiving transports; one is forgotten every PEER_RECEIVING_MS
	uint64_t receiving_ms; // the time up to which transports were forgotten
	uint32_t track_count;
	uint32_t subscription_count;
	LIST_HEAD(, track) tracks;
	LIST_HEAD(, subscription) subscriptions;
	uint64_t connection; // the number of its WebSocket's connection; 0: none
	uint64_t gone_ms; // since when there is no connection; 0: there is one
	int64_t seen_ms; // while gone_ms is set: CLOCK_REALTIME of its old WebSocket's last sign
	uint64_t idle_ms; // since when the peer is expected to join; 0: it is not
	char client[ADDRESS_TEXT_SIZE]; // the client's address as limits count it; empty: unknown
	uint32_t muted; // kinds that a moderator has muted, as bits, until the page knows
	char muted_by_id[PEER_ID_SIZE]; // the last moderator who muted; empty: no longer known
	char muted_by_name[PEER_NAME_SIZE];
	bool hand; // the hand is raised
	enum consent consent; // to being recorded, where speakers are asked
	struct map_node by_id; // in the room
	TAILQ_ENTRY(peer) in_room;
	TAILQ_ENTRY(peer) in_gone; // while gone_ms is set
	TAILQ_ENTRY(peer) in_idle; // while idle_ms is set
	TAILQ_ENTRY(peer) in_hands; // while hand is set
};

TAILQ_HEAD(peer_list, peer);

struct peer *peer_create(const char *id, const char *session, const struct rights *);

// The peer must have neither tracks nor subscriptions left.
void peer_destroy(struct peer *);

void peer_set_device(struct peer *, char *json); // takes it over

// Sets the name, of 1 to PEER_NAME_MAX code points once cleaned (text_clean_name). Returns 0, or
// -EINVAL if the peer keeps its previous name.
[[nodiscard]] int peer_set_display_name(struct peer *, const char *);

// Takes a free transport of this direction for this id; NULL if the peer has as many as it may
// have. Counts receiving transports.
struct transport *peer_transport_add(struct peer *, am_id, bool consuming);

// Whether the peer may create one more receiving transport. False: it must wait.
[[nodiscard]] bool peer_receiving_allows(struct peer *, uint64_t now_ms);

void peer_transport_remove(struct transport *);
bool peer_has_transport(const struct peer *);

// True if one of its transports has a path.
bool peer_is_connected(const struct peer *);

// The transport for new subscriptions: the first consuming one that the data plane has, or NULL.
struct transport *peer_transport_consuming(struct peer *);

// Counts what the peer uses of its account's quota: n is 1 or -1.
void peer_use(const struct peer *, enum quota, int n);

// True if `to` is told of this member's hand: in a webinar, only those who can give the member the
// floor.
bool peer_sees_hand(const struct peer *to, const struct peer *who);

// True if `to` is told of this member: only moderators learn of a webinar's viewers.
bool peer_is_announced(const struct peer *, const struct peer *to);

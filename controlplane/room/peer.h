// One person in a room, from admission until the peer leaves, or has been gone for PEER_RESUME_MS:
// meanwhile its media goes on, and it keeps its place and its rights.
//
//     waiting ──a moderator admits──▶ admitted ──join──▶ joined
//        ▲                               ▲                 ▲
//        └──────── socket dies, another one comes within 15 s: the same state again
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "am_schema.h"
#include "base/address.h"
#include "base/map.h"
#include "room/ortc.h"
#include "room/talk.h"
#include "terms/kinds.h"
#include "terms/quality.h"
#include "terms/stretch.h"

#define PEER_SESSION_MAX   64
#define PEER_TRANSPORT_MAX 2 // in each direction
// Receiving transports that a peer may create at once, and the pace after that: each costs every
// speaker a key frame, and the data plane's own limit on those ends with the transport.
#define PEER_RECEIVING_BURST  10
#define PEER_RECEIVING_MS     16000 // KEYFRAME_SHARE_WAIT_MAX_US of the data plane
#define PEER_TRACK_MAX        16
#define PEER_SUBSCRIPTION_MAX 2048
#define PEER_RESUME_MS        15000
#define PEER_MID_BLOCK        64 // MIDs that the store reserves at once
#define PEER_MID_COUNT        10000 // AM_SUBSCRIPTION_MID_MAX digits

struct room;
struct subscription;
struct track;

// What a peer may do. Checked with every request; kept in the store.
struct rights {
	bool speaker; // may publish; everyone in a call is one
	bool moderator;
	bool can_record;
	bool chat;
	bool hand; // may be raised
};

// Why a transport ended, if neither at its owner's request nor with its owner.
enum transport_end {
	TRANSPORT_DTLS_FAILED, // no handshake, or not with the certificate that was signaled
	TRANSPORT_DTLS_CLOSED, // the client's close_notify
	TRANSPORT_REPLACED, // it had no path, and a new one needed its place
};

struct transport {
	am_id id; // 0: unused
	char client[ADDRESS_TEXT_SIZE]; // the client whose limit counts it; empty: none
	uint64_t number; // counts the peer's transports
	struct peer *peer;
	bool consuming; // else producing
	bool ready; // the data plane has it
	bool connected; // the client's fingerprint is known
	bool takes_data; // the client asked for SCTP when it made it
	bool data_ready; // the data plane has its data producer or, if it is consuming, consumer
	bool data_confirmed; // the page has the data consumer
	uint16_t data_stream; // of that data producer or consumer, or AM_DATA_NONE
	uint8_t ice; // enum am_ice_state
	uint8_t dtls; // enum am_dtls_state
	uint32_t mid_next;
	uint32_t mid_reserved; // the store knows that MIDs below this may be in use
	char cname[AM_CNAME_MAX + 1]; // for publishers that give none
	char ufrag[AM_UFRAG_LEN + 1]; // newest credentials that the client was or will be told
	char pwd[AM_PWD_LEN + 1];
};

// A sender that a peer hears in the chat, if it gets its senders apart: one per stream.
struct data_source {
	am_id sender; // its sending transport; 0: nobody
	bool told; // the page was told
	bool confirmed; // it has it
};

// What a peer's page has reported of its participant's sight and hearing.
struct page_view {
	struct page_report report; // the last one
	uint64_t at_ms; // when that came, 0: none
	enum quality quality; // of it
	enum stretch_cause cause;
	char *speaker; // with STRETCH_SPEAKER; owned
	uint32_t frozen_ms; // of reports, since the last look
};

struct peer {
	char id[PEER_ID_SIZE];
	char session[PEER_SESSION_MAX + 1]; // a secret of its page; empty: cannot resume
	struct room *room;
	struct rights rights;
	bool waiting; // for a moderator
	bool joined;
	bool signed_id; // only a token with the same peerId may take its place
	bool name_is_fixed; // by its token
	uint64_t hook_admission; // of hook/hook.h: to be closed when the peer goes
	uint64_t statistics_session; // 0: none
	bool consumes; // gave rtpCapabilities
	bool lacks; // some subscription did not fit, and the page was told
	bool lack_seen; // since the last attempt
	struct voice voice;
	struct connection_quality quality;
	struct link_quality up, down; // what it sends, and what it is sent
	uint64_t narrow_ms; // when bandwidth last kept a video below what was requested; 0:
	                    // never
	struct page_view page;
	struct stretches stretches; // of its stay
	bool takes_data; // is to have the chat, unless it said no
	bool takes_lists; // newConsumers
	bool heeds_wanted; // switches encodings off that nobody wants
	bool reads_envelope; // hears all senders on one stream; else plain text, each on its own
	struct data_source sources[AM_DATA_SOURCES];
	char display_name[PEER_NAME_SIZE];
	char *device; // JSON object, owned
	struct ortc_caps caps;
	struct transport transports[2 * PEER_TRANSPORT_MAX];
	uint64_t transport_count; // of all that it has had
	uint32_t receiving_used; // receiving transports; each PEER_RECEIVING_MS forgets one
	uint64_t receiving_ms; // the time up to which they were forgotten
	uint32_t track_count;
	uint32_t subscription_count;
	LIST_HEAD(, track) tracks;
	LIST_HEAD(, subscription) subscriptions;
	uint64_t connection; // its WebSocket's number, 0: none
	uint64_t gone_ms; // since when it has none, 0: it has one
	int64_t seen_ms; // while gone_ms is set: CLOCK_REALTIME of its old WebSocket's last sign
	uint64_t idle_ms; // since when it may join, 0: it is not expected to
	char client[ADDRESS_TEXT_SIZE]; // its address, as limits count it; empty: unknown
	uint32_t muted; // kinds that a moderator has muted, as bits, until the page knows
	char muted_by_id[PEER_ID_SIZE]; // the last moderator who did; empty: no longer known
	char muted_by_name[PEER_NAME_SIZE];
	bool hand; // is raised
	struct map_node by_id; // in the room
	TAILQ_ENTRY(peer) in_room;
	TAILQ_ENTRY(peer) in_gone; // while gone_ms is set
	TAILQ_ENTRY(peer) in_idle; // while idle_ms is set
	TAILQ_ENTRY(peer) in_hands; // while hand is set
};

struct peer *peer_create(const char *id, const char *session, const struct rights *);

// The peer must have neither tracks nor subscriptions left.
void peer_destroy(struct peer *);

void peer_set_device(struct peer *, char *json); // takes it over

// As text_clean_name writes it, 1 to PEER_NAME_MAX code points. 0, or -EINVAL: it keeps the
// previous name.
[[nodiscard]] int peer_set_display_name(struct peer *, const char *);

// Takes a free transport of that direction for this id; NULL if the peer has all it may have.
// Counts receiving ones.
struct transport *peer_transport_add(struct peer *, am_id, bool consuming);

// Whether the peer may create one more receiving transport. False: it must wait.
[[nodiscard]] bool peer_receiving_allows(struct peer *, uint64_t now_ms);

// The transport of that direction that gives way if none is free: one without a path, preferably
// without media, and the oldest of these. NULL: one is free, or all are alive.
struct transport *peer_transport_replaceable(struct peer *, bool consuming);
void peer_transport_remove(struct transport *);
bool peer_has_transport(const struct peer *);

// True if one of its transports has a path.
bool peer_is_connected(const struct peer *);

// Where new subscriptions go: the first consuming transport that the data plane has, or NULL.
struct transport *peer_transport_consuming(struct peer *);

// The next MID on the transport, not in use there. `reserve` is set if the store must learn of a
// higher mid_reserved.
uint16_t transport_mid_new(struct transport *, bool *reserve);

// An SSRC that no subscription of the peer uses; never 0 nor 1234 (a client's own probe stream).
uint32_t peer_ssrc_new(const struct peer *);

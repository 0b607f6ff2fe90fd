// What the two processes say to each other: ids, messages, state tables, limits. No behaviour.
//
// Commands go from the control plane to the data plane, each answered by one AM_EVENT_ACK with the
// command's sequence. Events are hints; the state tables in the region are the truth.
// Every enum travels as a fixed-width integer, every id is a value, never a pointer.
#pragma once

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AM_VERSION 7u

// Limits of one data plane. Tables have exactly this many entries.
#define AM_WORKER_MAX       16
#define AM_TRANSPORT_MAX    32768
#define AM_TRACK_MAX        8192
#define AM_SUBSCRIPTION_MAX 131072
#define AM_ENCODING_MAX     4 // simulcast encodings of a track, lowest first
#define AM_SSRC_MAX         32 // of all encodings that come from one transport, with their RTX
#define AM_ADDRESS_MAX      4 // host candidates
#define AM_ROOM_TAP_MAX     64 // rooms whose chat is tapped
#define AM_DROP_MAX         96

// The drop reason that tells the control plane that a worker does not keep up.
#define AM_DROP_LATE "late"

// The interval between the key frames that one client may cause in the long run: a viewer by its
// requests, a peer by its new receiving transports.
#define AM_KEY_FRAME_PACE_MS 16000

// Data channels (RFC 8831). A room has one: what its senders say goes to all of its readers.
#define AM_DATA_MESSAGE_MAX 8192 // bytes of one message
#define AM_DATA_STREAMS_OUT 16 // SCTP streams to a client
#define AM_DATA_STREAMS_IN  1024 // from a client; many never reuse a closed stream's id
#define AM_DATA_SOURCES                                                                            \
	AM_DATA_STREAMS_OUT // senders that a consumer gets separately, a stream each
#define AM_DATA_TAG_MAX 448 // bytes that identify a sender; they travel in a command
#define AM_DATA_NONE    0xffff // no stream

// An id is slot | epoch << 32: the slot indexes the table, the epoch (from 1) counts the slot's
// uses, so an id is never reused in a region's life. The control plane chooses ids. 0 is no id.
typedef uint64_t am_id;

static inline am_id am_id_make(uint32_t slot, uint32_t epoch)
{
	return (am_id)epoch << 32 | slot;
}

static inline uint32_t am_id_slot(am_id id)
{
	return (uint32_t)id;
}

static inline uint32_t am_id_epoch(am_id id)
{
	return (uint32_t)(id >> 32);
}

// ICE credentials (RFC 8445 5.3), chosen by the control plane. The first AM_UFRAG_SLOT_LEN
// characters of a ufrag are the transport's slot in lower-case hex: with it the data plane finds a
// check's transport without a table, and recognises a stranger's check by one comparison.
#define AM_UFRAG_LEN      16
#define AM_UFRAG_SLOT_LEN 8
#define AM_PWD_LEN        24

#define AM_MID_MAX              16 // publisher's MID, RID: RFC 8852 strings, bounded here
#define AM_CNAME_MAX            63
#define AM_SUBSCRIPTION_MID_MAX 4 // decimal digits, chosen by the control plane

// RTP header extensions. The value is the room-wide id of the extension (RFC 8285 one-byte form).
enum am_extension {
	AM_EXT_NONE = 0,
	AM_EXT_MID = 1,
	AM_EXT_RID = 2,
	AM_EXT_REPAIRED_RID = 3,
	AM_EXT_ABS_SEND_TIME = 4,
	AM_EXT_TRANSPORT_CC = 5,
	AM_EXT_AUDIO_LEVEL = 6,
	AM_EXT_DEPENDENCY_DESCRIPTOR = 7,
	AM_EXT_VIDEO_ORIENTATION = 8, // known, but not offered
	AM_EXT_TOFFSET = 9,
	AM_EXT_ABS_CAPTURE_TIME = 10,
	AM_EXT_PLAYOUT_DELAY = 11,
	AM_EXT_COUNT,
};

enum am_codec {
	AM_CODEC_OPUS,
	AM_CODEC_VP8,
	AM_CODEC_H264,
	AM_CODEC_VP9,
	AM_CODEC_AV1,
	AM_CODEC_COUNT,
};

enum am_ice_state {
	AM_ICE_NEW, // no valid check yet
	AM_ICE_CONNECTED, // a tuple is selected
	AM_ICE_EXPIRED, // 30 s without a valid check (RFC 7675 5.1)
	AM_ICE_COUNT,
};

enum am_dtls_state {
	AM_DTLS_NEW,
	AM_DTLS_CONNECTING,
	AM_DTLS_CONNECTED, // fingerprint verified, SRTP keys installed
	AM_DTLS_FAILED,
	AM_DTLS_CLOSED, // close_notify from the peer
	AM_DTLS_COUNT,
};

enum am_msg_type {
	AM_MSG_NONE,
	// commands
	AM_CMD_TRANSPORT_ADD,
	AM_CMD_TRANSPORT_CONNECT,
	AM_CMD_TRANSPORT_RESTART_ICE,
	AM_CMD_TRANSPORT_REMOVE, // with its tracks and subscriptions
	AM_CMD_TRACK_ADD,
	AM_CMD_TRACK_PAUSE,
	AM_CMD_TRACK_TAP, // its packets are copied for the recorder, or are no longer (am_tap.h)
	AM_CMD_TRACK_KEY_FRAME, // for the recorder: of each encoding that is being received
	AM_CMD_TRACK_REMOVE, // with its subscriptions
	AM_CMD_SUBSCRIPTION_ADD,
	AM_CMD_SUBSCRIPTION_PAUSE,
	AM_CMD_SUBSCRIPTION_LAYERS,
	AM_CMD_SUBSCRIPTION_KEY_FRAME,
	AM_CMD_SUBSCRIPTION_REMOVE,
	AM_CMD_DATA_PRODUCER_ADD, // makes the transport's only one, or changes it
	AM_CMD_DATA_PRODUCER_REMOVE,
	AM_CMD_DATA_CONSUMER_ADD, // likewise; nothing is sent before its start
	AM_CMD_DATA_CONSUMER_SOURCE, // if it gets senders separately: the sender of a stream
	AM_CMD_DATA_CONSUMER_START, // from the oldest message on; a second start does nothing
	AM_CMD_DATA_CONSUMER_REMOVE,
	AM_CMD_ROOM_TAP, // its chat is copied, or is no longer; also before it has a chat
	// events
	AM_EVENT_ACK,
	AM_EVENT_TRANSPORT_STATE,
	AM_EVENT_SUBSCRIPTION_LAYERS,
	AM_EVENT_TRACK_TOO_LONG, // once for each track
	AM_EVENT_TRACK_WANTED,
	AM_MSG_COUNT,
};

struct am_cmd_transport_add {
	am_id transport_id;
	uint64_t room_id; // a subscription's track and transport are in the same room
	char ufrag[AM_UFRAG_LEN];
	char pwd[AM_PWD_LEN];
};

// What a certificate hashes to (RFC 8122 5), the weakest first.
enum am_hash {
	AM_HASH_SHA256,
	AM_HASH_SHA384,
	AM_HASH_SHA512,
	AM_HASH_COUNT,
};
#define AM_FINGERPRINT_MAX 64

struct am_fingerprint {
	uint8_t hash; // enum am_hash
	uint8_t bytes[AM_FINGERPRINT_MAX]; // am_hash_len of them
};

static inline uint32_t am_hash_len(uint8_t hash)
{
	return 32u + hash * 16u;
}

// Who begins the handshake (RFC 8842 5).
enum am_dtls_role {
	AM_DTLS_SERVER, // the client does
	AM_DTLS_CLIENT, // the data plane does
	AM_DTLS_EITHER, // the data plane, if the client does not
	AM_DTLS_ROLE_COUNT,
};

// The client's DTLS certificate, as signaled, and the data plane's role.
struct am_cmd_transport_connect {
	am_id transport_id;
	uint8_t role; // enum am_dtls_role
	struct am_fingerprint fingerprint;
};

struct am_cmd_transport_restart_ice {
	am_id transport_id;
	char ufrag[AM_UFRAG_LEN];
	char pwd[AM_PWD_LEN];
};

// Body of every command that requires only an id and a flag: pause, tap, key frame request,
// removal.
struct am_cmd_id {
	am_id id;
	uint8_t on; // bool; TRACK_PAUSE, SUBSCRIPTION_PAUSE and TRACK_TAP only
};

// One simulcast encoding. Either ssrc or rid is given; what is missing is learned (RFC 8852).
struct am_encoding {
	uint32_t ssrc; // 0: unknown
	uint32_t rtx_ssrc; // 0: unknown or none
	char rid[AM_MID_MAX + 1]; // empty: none
};

// A media source as its publisher sends it, and the room-wide numbers that it is rewritten to.
struct am_cmd_track_add {
	am_id track_id;
	am_id transport_id;
	uint32_t clock_rate; // Hz
	uint8_t codec; // enum am_codec
	uint8_t payload_type; // publisher's
	uint8_t rtx_payload_type; // publisher's, 0: none
	uint8_t room_payload_type;
	uint8_t room_rtx_payload_type; // 0: none
	uint8_t paused; // bool
	uint8_t nack; // bool: send NACKs to the publisher
	uint8_t transport_cc; // bool: send transport-wide feedback to the publisher
	uint8_t voices; // audio: forwarded while among this many loudest of its room; 0: always
	uint8_t screen; // bool: a shared screen, which may stand still and then change all at once
	uint8_t encoding_count;
	uint8_t extension_id[AM_EXT_COUNT]; // publisher's id of each extension, 0: not used
	char mid[AM_MID_MAX + 1]; // empty: none
	char cname[AM_CNAME_MAX + 1];
	struct am_encoding encodings[AM_ENCODING_MAX];
};

struct am_cmd_subscription_add {
	am_id subscription_id;
	am_id track_id;
	am_id transport_id; // the viewer's
	uint32_t ssrc;
	uint32_t rtx_ssrc; // 0: no retransmission
	char mid[AM_SUBSCRIPTION_MID_MAX + 1];
	uint8_t paused; // bool
	uint8_t spatial_layer; // preferred, upper bound
	uint8_t temporal_layer; // preferred, upper bound
	uint8_t priority; // among the viewer's, if its link does not carry all; highest first
	uint8_t transport_cc; // bool: the viewer answers transport-wide numbers with feedback
	uint8_t red_payload_type; // of redundant audio (RFC 2198), 0: the viewer takes none
};

struct am_cmd_subscription_layers {
	am_id subscription_id;
	uint8_t spatial_layer;
	uint8_t temporal_layer;
	uint8_t priority;
};

// Lets a transport send in its room's data channel, or receive what is sent there. The tag is put
// before each of its messages to readers; it contains no line break.
struct am_cmd_data_add {
	am_id transport_id;
	uint16_t stream; // of SCTP, below AM_DATA_STREAMS_IN; a consumer's: below
	                 // AM_DATA_STREAMS_OUT
	uint8_t apart; // bool; consumers only: each source has its own stream, and no tag
	uint8_t reserved;
	uint16_t tag_len; // 0: a consumer
	uint8_t tag[AM_DATA_TAG_MAX];
};

// From now on the consumer gets this sender's messages on this stream.
struct am_cmd_data_source {
	am_id transport_id; // the consumer's
	am_id source_id; // transport of the data producer; 0: none
	uint8_t stream; // below AM_DATA_SOURCES
};

// Refused with -ENOSPC if AM_ROOM_TAP_MAX rooms are tapped.
struct am_cmd_room_tap {
	uint64_t room_id; // not 0
	uint8_t on; // bool
};

struct am_event_ack {
	uint32_t sequence; // the command's
	int32_t result; // 0 or -errno
};

struct am_event_transport_state {
	am_id transport_id;
	uint8_t ice; // enum am_ice_state
	uint8_t dtls; // enum am_dtls_state
};

#define AM_LAYER_NONE 0xff // nothing is being sent
struct am_event_subscription_layers {
	am_id subscription_id;
	uint8_t spatial_layer; // now being sent, or AM_LAYER_NONE
	uint8_t temporal_layer;
	uint8_t withheld; // why nothing is sent: AM_LIMIT_BANDWIDTH, AM_LIMIT_OVERLOAD; or
	                  // AM_LIMIT_NONE
};

// Some of the track's packets are too long for some viewers' paths, and are dropped.
struct am_event_track_too_long {
	am_id track_id;
	uint32_t payload_len; // of the first such packet
};

// The set of encodings that viewers want has changed: the publisher need not send the others.
struct am_event_track_wanted {
	am_id track_id;
	uint8_t encodings; // a bit each
};

#define AM_MSG_SIZE 512

struct am_msg {
	uint16_t type; // enum am_msg_type
	uint16_t epoch; // of the control plane's connection; an ack of an older one is ignored
	uint32_t sequence; // of a command, counted by the control plane
	union {
		struct am_cmd_transport_add transport_add;
		struct am_cmd_transport_connect transport_connect;
		struct am_cmd_transport_restart_ice transport_restart_ice;
		struct am_cmd_id id;
		struct am_cmd_track_add track_add;
		struct am_cmd_subscription_add subscription_add;
		struct am_cmd_subscription_layers subscription_layers;
		struct am_cmd_data_add data_add;
		struct am_cmd_data_source data_source;
		struct am_cmd_room_tap room_tap;
		struct am_event_ack ack;
		struct am_event_transport_state transport_state;
		struct am_event_subscription_layers subscription_layer;
		struct am_event_track_too_long track_too_long;
		struct am_event_track_wanted track_wanted;
		uint8_t bytes[AM_MSG_SIZE - 8];
	};
};
static_assert(sizeof(struct am_msg) == AM_MSG_SIZE);

// Name of a message type for logs; "unknown" for any other number.
const char *am_msg_name(uint16_t type);

// Checks a message that the other process wrote, after it was copied out of the ring: type, bounds
// of each index and enum, termination of each string. 0, or -EINVAL.
[[nodiscard]] int am_msg_check(const struct am_msg *);

// Writes the ufrag's slot part; the caller fills the rest with random ice-chars.
void am_ufrag_set_slot(char ufrag[AM_UFRAG_LEN], uint32_t slot);

// The slot that a ufrag names, or -EINVAL.
[[nodiscard]] int64_t am_ufrag_slot(const char *ufrag, uint32_t len);

// State tables. Written by the data plane's service thread only, read by anyone through
// am_table_read. id 0: the entry is free.
struct am_transport_state {
	_Atomic uint32_t version; // odd while being written
	uint8_t ice; // enum am_ice_state
	uint8_t dtls; // enum am_dtls_state
	uint16_t worker; // that has the transport, or UINT16_MAX
	am_id id;
	uint64_t room_id;
	uint64_t checked_ns; // CLOCK_MONOTONIC of the last valid ICE check, 0: none
	uint16_t data_producer; // its stream, or AM_DATA_NONE
	uint16_t data_consumer; // likewise
	uint8_t reserved[4];
	uint64_t data_messages_in, data_bytes_in; // from its data producer
	uint64_t data_messages_out, data_bytes_out; // sent to its data consumer
};

struct am_track_state {
	_Atomic uint32_t version;
	uint8_t codec; // enum am_codec
	uint8_t paused;
	uint8_t encoding_count;
	uint8_t wanted; // encodings that the publisher is to send, a bit each
	am_id id;
	am_id transport_id;
	uint64_t room_id;
	uint8_t tapped;
	uint8_t reserved[7];
};

struct am_subscription_state {
	_Atomic uint32_t version;
	uint8_t paused;
	uint8_t spatial_layer; // preferred
	uint8_t temporal_layer; // preferred
	uint8_t spatial_layer_now; // or AM_LAYER_NONE
	am_id id;
	am_id track_id;
	am_id transport_id;
	uint32_t ssrc;
	uint32_t rtx_ssrc;
	char mid[AM_SUBSCRIPTION_MID_MAX + 1];
	uint8_t temporal_layer_now;
	uint8_t withheld; // as in am_event_subscription_layers
	uint8_t priority;
};
// What changes with each packet: one word for each track and transport, with the epoch of its id
// above the value. Its worker stores the word whole, so there is no version. A word of another
// epoch belongs to the slot's previous owner.
//     track: loudness of audio, 0 (silence) to 127 (0 dBov)
//     transport: lost (/256, smoothed) | jitter_ms << 8 | rtt_ms << 16, each at its maximum if more
//     downlink: what a viewer's transport may be sent, as estimated; kbit/s
struct am_gauges {
	_Atomic uint64_t tracks[AM_TRACK_MAX];
	_Atomic uint64_t transports[AM_TRANSPORT_MAX];
	_Atomic uint64_t downlinks[AM_TRANSPORT_MAX];
};

static inline void am_gauge_set(_Atomic uint64_t *gauges, am_id id, uint32_t value)
{
	atomic_store_explicit(
	        &gauges[am_id_slot(id)], (uint64_t)am_id_epoch(id) << 32 | value,
	        memory_order_relaxed
	);
}

// 0 if nothing was measured yet.
static inline uint32_t am_gauge_get(const _Atomic uint64_t *gauges, am_id id)
{
	uint64_t word = atomic_load_explicit(&gauges[am_id_slot(id)], memory_order_relaxed);
	return am_id_epoch(word) == am_id_epoch(id) ? (uint32_t)word : 0;
}

static inline uint32_t am_gauge_link(uint8_t lost, uint8_t jitter_ms, uint16_t rtt_ms)
{
	return lost | (uint32_t)jitter_ms << 8 | (uint32_t)rtt_ms << 16;
}

// Why a viewer gets less of a video than the speaker's client could send.
enum am_limit {
	AM_LIMIT_NONE,
	AM_LIMIT_BANDWIDTH, // the viewer's link does not carry more
	AM_LIMIT_ASKED, // the viewer requests no more
	AM_LIMIT_SPEAKER, // the speaker sends no more
	AM_LIMIT_OVERLOAD, // the worker has no time for more
	AM_LIMIT_COUNT,
};

// The name in statistics. NULL for AM_LIMIT_NONE and for any other number.
const char *am_limit_name(enum am_limit);

// Loss as in a reception report (RFC 3550 6.4.1): the fraction lost in the last interval, /256,
// above 24 bits of the cumulative number lost.
static inline uint32_t am_loss_make(uint8_t fraction, int32_t cumulative)
{
	return (uint32_t)fraction << 24 | ((uint32_t)cumulative & 0xffffff);
}

static inline uint8_t am_loss_fraction(uint32_t loss)
{
	return (uint8_t)(loss >> 24);
}

// Negative if packets arrived twice.
static inline int32_t am_loss_cumulative(uint32_t loss)
{
	return (int32_t)(loss << 8) >> 8;
}

// Each object's totals since it was made. Its worker writes the entry about once a second; anyone
// reads it through am_table_read. An entry of another epoch belongs to the slot's previous owner.
// octets: of payload, as in sender reports; bps: over the last interval.
struct am_subscription_figures {
	_Atomic uint32_t version;
	uint32_t epoch; // of the subscription's id
	uint64_t octets;
	uint32_t packets;
	uint32_t bps;
	uint32_t retransmitted; // packets
	uint32_t nacks; // sequence numbers that the viewer requested again
	uint32_t loss; // am_loss_make, as the viewer reports it
	uint16_t plis; // key frames that it requested; wraps
	uint8_t jitter_ms; // likewise
	uint8_t limit; // enum am_limit
};

struct am_transport_figures {
	_Atomic uint32_t version;
	uint32_t epoch;
	uint64_t octets; // sent to a viewer, or received from a publisher
	uint32_t packets;
	uint32_t bps;
};

struct am_encoding_figures {
	uint64_t octets;
	uint32_t packets;
	uint32_t bps;
	uint32_t loss; // am_loss_make, on the way from the publisher, before repairs
	uint32_t nacks; // sequence numbers requested again
	uint32_t repaired; // packets that came by retransmission
	uint16_t plis; // key frames requested; wraps
	uint8_t jitter_ms;
	uint8_t reserved;
};

struct am_track_figures {
	_Atomic uint32_t version;
	uint32_t epoch;
	struct am_encoding_figures encodings[AM_ENCODING_MAX];
};

struct am_figures {
	struct am_subscription_figures subscriptions[AM_SUBSCRIPTION_MAX];
	struct am_transport_figures transports[AM_TRANSPORT_MAX];
	struct am_track_figures tracks[AM_TRACK_MAX];
};

static_assert(sizeof(struct am_subscription_figures) == 40);
static_assert(offsetof(struct am_subscription_figures, epoch) == 4);
static_assert(offsetof(struct am_transport_figures, epoch) == 4);
static_assert(offsetof(struct am_track_figures, epoch) == 4);
static_assert(sizeof(struct am_transport_figures) == 24);
static_assert(sizeof(struct am_track_figures) == 8 + AM_ENCODING_MAX * 32);
static_assert(sizeof(struct am_transport_state) == 72);
static_assert(sizeof(struct am_track_state) == 40);
static_assert(sizeof(struct am_subscription_state) == 48);

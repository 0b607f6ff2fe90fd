// What the packet path works on: transports, tracks, fan-outs, subscriptions.
//
//     publisher's worker                                       each worker with subscribers
//     transport ─▶ track ─▶ stream (one encoding)  ──packet──▶  fanout ─▶ subscription ─▶ transport
//
// The service thread allocates every object and hands it to one worker by message; from then on
// only that worker touches it, until it hands it back to be freed. The track and its fan-outs are
// different objects because they may live on different workers: only read-only packets cross
// between them.
#pragma once

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "am_schema.h"
#include "crypto/cipher.h"
#include "crypto/srtp.h"
#include "host/port.h"
#include "media/access_unit.h"
#include "media/allocation.h"
#include "media/chain.h"
#include "media/dependency_descriptor.h"
#include "media/downlink.h"
#include "media/expected.h"
#include "media/history.h"
#include "media/hold.h"
#include "media/keyframe.h"
#include "media/level.h"
#include "media/link.h"
#include "media/nack.h"
#include "media/numbering.h"
#include "media/rates.h"
#include "media/reception.h"
#include "media/red.h"
#include "media/repeats.h"
#include "media/selector.h"
#include "media/shed.h"
#include "media/temporal.h"
#include "media/track_packet.h"
#include "media/twcc.h"
#include "media/voices.h"
#include "path/flow.h"
#include "wire/clock.h"
#include "wire/packet.h"
#include "wire/rtp.h"

// Incoming SSRCs of one transport. Tracks that require more are refused.
#define RELAY_SSRC_MAX      AM_SSRC_MAX
#define RELAY_SSRC_OVER     128 // SSRCs that have ended; the oldest are forgotten
#define RELAY_HISTORY       512 // packets kept for retransmission, per encoding
#define RELAY_HISTORY_MS    1000 // a repair later than this is of no use to a viewer
#define RELAY_SCREEN_MS     3000 // … but a screen's pictures are large and may be late
#define RELAY_STREAM_AGE_US 1000000 // without a packet for this long, an encoding is inactive
#define RELAY_SCREEN_AGE_US                                                                        \
	3000000 // … for a screen, which stands still and whose pictures are large
// Retransmissions that one viewer's NACKs may cost, so that a lying viewer cannot make us multiply
// its traffic.
#define RELAY_RTX_PER_S 1000
#define RELAY_RTX_BURST 500
// The same for all viewers of a worker, about a tenth of its time: after a stall, thousands request
// what they missed, and answering all of them would make them miss what is current.
#define RELAY_RTX_WORKER_PER_S 150000
#define RELAY_RTX_WORKER_BURST 8192

// What a client's RTCP may cost, in units of work. One unit is about the time to look up one number
// of a NACK (feedback.c). Without this limit, one viewer's lists of useless numbers could take a
// whole core.
#define RELAY_RTCP_PER_S 10000
#define RELAY_RTCP_BURST 5000
// The same for all clients of a worker, again about a tenth of its time.
#define RELAY_RTCP_WORKER_PER_S 1000000
#define RELAY_RTCP_WORKER_BURST 65536

#define RELAY_AWAITED   4 // as many as ICE keeps paths
#define RELAY_NO_WORKER UINT16_MAX // not connected yet

struct rte_mbuf;

// An SSRC that a transport receives, as signaled or learned from MID and RID (RFC 8843 9.2).
struct ssrc_route {
	uint32_t ssrc;
	uint8_t stream; // index of the encoding
	bool rtx;
	bool held; // its SRTP stream is kept
	struct track *track;
};

// How many buffers of a pool one worker holds, in histories or while packets wait for repairs. Each
// publisher may hold as many as the budget has left: one alone takes half, two take a third each,
// and a newcomer always finds some.
struct buffer_share {
	uint32_t budget; // buffers
	uint32_t held;
	uint32_t *held_of; // of each publisher, by its transport's slot
};

// True if the publisher may hold one more.
static inline bool buffer_share_is_left(const struct buffer_share *share, uint32_t publisher)
{
	return share->held < share->budget &&
	       share->held_of[publisher] < share->budget - share->held;
}

struct ssrc_table {
	uint16_t count;
	uint16_t over_count, over_next; // a ring
	uint32_t over[RELAY_SSRC_OVER]; // SSRCs that have ended; never learned again
	struct ssrc_route routes[RELAY_SSRC_MAX];
};

#define RELAY_BUCKET_US 60000000 // fills any bucket

// A budget that fills with time.
struct relay_bucket {
	int64_t refilled_us;
	uint32_t tokens;
};

static inline void
relay_bucket_refill(struct relay_bucket *b, int64_t now_us, int64_t per_s, int64_t burst)
{
	int64_t since_us = now_us - b->refilled_us;
	int64_t earned = (since_us < RELAY_BUCKET_US ? since_us : RELAY_BUCKET_US) * per_s;
	int64_t refill = earned / 1000000;

	if (refill <= 0)
		return;
	int64_t tokens = b->tokens + refill;
	b->tokens = (uint32_t)(tokens < burst ? tokens : burst);
	b->refilled_us = now_us - earned % 1000000 / per_s; // keeps the fraction of a token
}

// The viewer's side of a transport that has had subscriptions: what its link carries, and how much
// of that each video gets.
struct viewer {
	alignas(64) struct downlink downlink;
	struct allocation allocation;
	int64_t looked_us; // of the last look at it
	int64_t hurried_us; // of the last extra look, when its queue grew
	int64_t figured_us; // when its figures were last published
	struct relay_bucket repairs; // bytes of retransmissions
	struct repeats repeats; // recent ones
	struct expected expected; // packets covered by its reports
	int64_t reported_us; // of the last report that covered any packets
	bool changed; // subscriptions or wishes have changed since the last look
	bool probing; // it is in the worker's list of viewers being probed
	uint32_t audio_bps; // of all audio that may be sent twice, counted once
	uint8_t shed; // the worker's shedding level that is applied to it
	bool roomy; // its link carries more than enough for everything
	int64_t pace_us; // when pace_bytes was updated
	int32_t pace_bytes; // bytes that may be sent
	uint32_t pace_sent; // bytes sent by then, low bits
	struct subscription *waiting; // first of the subscriptions with waiting packets
	int64_t rest_us; // when a video beyond ALLOCATION_PICTURES was last taken away
	uint8_t rest; // looks that may be skipped, since it is roomy
};

struct transport {
	// What each copy requires, in two cache lines.
	alignas(64) am_id id;
	struct viewer *viewer; // set once it has had a subscription; NULL before
	struct cipher_key *key; // for sending; NULL until DTLS is connected
	uint8_t key_profile; // of key
	bool slow; // its link has little to spare: video is paced
	bool doubled; // audio is sent twice: RED
	struct packet_route route; // to the selected tuple; route.len 0: not connected
	struct srtcp_receiver *rtcp_receiver; // NULL until DTLS is connected
	struct srtp_receiver *receiver; // of RTP; NULL until then and until it has a track
	uint32_t rtcp_index; // of the last SRTCP packet sent
	uint32_t feedback_ssrc; // of the RTCP that we originate towards a publisher
	struct ssrc_table *ssrcs; // set once it has had a track; NULL before
	TAILQ_HEAD(, track) tracks;
	TAILQ_HEAD(, subscription) subscriptions;
	struct twcc *twcc; // NULL: no transport-wide feedback
	int64_t twcc_sent_us;
	int64_t report_sent_us;
	struct link link;
	struct flow_key awaited[RELAY_AWAITED]; // new paths, which an authentic packet proves
	uint8_t awaits; // bit per awaited path from which none has come yet
	uint8_t awaited_next; // index of the oldest, which the next one replaces
	struct relay_bucket rtx; // retransmissions
	struct relay_bucket rtcp; // work for its RTCP
	struct relay_bucket in_packets, in_bytes; // authentic RTP that it may still send
	TAILQ_ENTRY(transport) publishers; // in the worker's list while it has tracks
	TAILQ_ENTRY(transport) viewers; // in the worker's list once it is a viewer
	TAILQ_ENTRY(transport) probing; // likewise, while a probe is sent to it
	TAILQ_ENTRY(transport) pacing; // likewise, while packets wait for its pace
};
static_assert(offsetof(struct transport, route) + sizeof(struct packet_route) <= 2 * 64);

// True once there is a path and a key to send with.
static inline bool transport_is_reachable(const struct transport *t)
{
	return t->key && t->route.len;
}

// A viewer chooses among spatial layers if there is one encoding and the payload format describes
// them: VP9 (RFC 9628). AV1's are relayed whole, because browsers decode them only with a
// dependency descriptor, which would have to be rewritten for each viewer. 1: no spatial layers.
static inline uint8_t relay_spatial_limits(const struct am_cmd_track_add *p)
{
	static_assert(SPATIAL_LIMITS <= AM_ENCODING_MAX);
	return p->codec == AM_CODEC_VP9 && p->encoding_count == 1 ? SPATIAL_LIMITS : 1;
}

// One encoding of a track, as it comes in.
struct track_stream {
	uint32_t ssrc; // 0: not seen yet, here and below
	uint32_t rtx_ssrc;
	struct numbering numbering;
	int64_t arrived_us; // of the last packet, 0: none yet
	uint64_t octets; // of payload received
	uint32_t packets; // received, including repairs
	uint32_t repaired; // by retransmission
	bool left; // it sent a BYE, and nothing has come since
	struct rtp_clock clock;
	struct reception reception;
	struct hold hold; // of mbufs, if NACKs may repair gaps
	struct nack nack;
	struct keyframe keyframe;
	uint64_t key_seq; // source number with which the last key frame began; 0: none
	uint32_t key_timestamp; // of that key frame
	struct layer_counter counter;
	struct access_unit unit; // of H.264
	struct dependency_structure dependencies; // of AV1
	LIST_ENTRY(track_stream) holding; // in the worker's list while packets wait in hold
};

struct track {
	struct am_cmd_track_add params;
	struct transport *transport;
	struct rtp_track_format format;
	uint32_t workers; // bit per worker that has a fan-out
	bool paused;
	bool too_long_told; // the service thread has been told
	struct level level; // of audio
	struct voice voice; // of audio
	struct voices *voices; // of its room; NULL: the track is always forwarded
	// If there are spatial layers, stream n counts for spatial limit n, and its arrived_us is
	// that of layer n.
	struct track_stream streams[AM_ENCODING_MAX];
	struct ssrc_table *ssrcs; // for its transport if that has none yet; NULL otherwise
	struct twcc *twcc; // likewise
	TAILQ_ENTRY(track) entry; // of its transport
};

// A packet of a track, in the private area of the mbuf that holds the decrypted payload. Written
// once by the publisher's worker; read-only for everyone from the moment it is passed on.
struct media_packet {
	am_id track_id;
	struct track_packet info;
	struct rtp_template template;
	uint8_t active; // encodings or spatial layers that are being received, a bit each
	uint8_t picture_id_offset; // in the payload, with info.picture_id_bits
	uint8_t tl0picidx_offset;
	uint8_t patch_len; // bytes of the payload up to the last of those fields
	uint8_t header[RTP_TRACK_HEADER_LEN_MAX];
	int64_t ready_us; // when it was passed on; it may have waited for a repair before that
};
static_assert(sizeof(struct media_packet) <= PORT_MBUF_PRIV);

// What all subscribers get from a publisher's sender report (RFC 3550 6.4.1).
struct fanout_clock {
	uint64_t ntp;
	uint32_t rtp_timestamp;
	uint8_t serial; // of the report, so that each subscriber gets it once
	bool known;
};

struct fanout_stream {
	struct history history; // of mbuf references
	struct history_slot slots[RELAY_HISTORY];
	// At each temporal limit: the low half of the extended sequence number of the packet with a
	// given seq_at. If there are spatial layers, stream n has those of spatial limit n.
	uint32_t seq_of[TEMPORAL_LIMITS][RELAY_HISTORY];
	struct fanout_clock clock;
	struct chain chain;
	uint8_t source; // of the last packet
	int64_t key_frame_asked_us; // when this worker last requested one
};

#define RELAY_CHUNK 64 // subscriptions of one chunk: bits of a word

// Layers in a byte, ordered so that more layers compare as more.
static inline uint8_t layers_make(uint8_t spatial, uint8_t temporal)
{
	return (uint8_t)((spatial < 15 ? spatial : 15) << 4 | (temporal < 15 ? temporal : 15));
}

// Why a subscription is sent nothing, a bit each.
enum subscription_pause {
	SUBSCRIPTION_PAUSED = 1, // the client requested it
	SUBSCRIPTION_STARVED = 2, // its link does not carry it
	SUBSCRIPTION_SHED = 4, // the worker has no time for it
};

// One viewer's copy of one track. Each burst reads it in full, so it is dense and in the order of
// use.
struct subscription {
	alignas(64) struct selector selector;
	struct transport *transport;
	uint32_t ssrc;
	uint32_t rtx_ssrc; // 0: no retransmission
	uint32_t sent_packets; // for sender reports
	uint32_t sent_octets;
	uint8_t mid_len;
	char mid[AM_SUBSCRIPTION_MID_MAX];
	uint8_t paused : 4; // enum subscription_pause
	uint8_t withheld_told : 4; // enum am_limit, as last told to the service thread
	uint16_t reported; // layer and serial of the last sender report, layer 0 being 1
	uint8_t layer_told; // layers last reported to the service thread
	uint8_t place; // in its chunk
	uint8_t source; // of the last packet forwarded
	uint8_t red_payload_type; // of redundant audio, 0: the viewer takes none
	uint8_t priority; // among the viewer's subscriptions: media/allocation.h
	uint8_t asked; // highest layers that the client requests: layers_make
	uint8_t given; // highest layers that its link carries, or SELECTOR_NONE: all
	bool transport_cc : 1; // copies carry transport-wide numbers
	bool paced : 1; // its packets wait for their turn: path/pace.h
	bool waits : 1; // packets do wait: it is in the viewer's list `waiting`
	bool lags : 1; // its queue is old: only the base layer is sent
	uint8_t wish : 3; // how many encodings it wishes the publisher to send: path/wish.h
	uint64_t rtx_index; // of rtx_ssrc, the last one used; RFC 3711 3.3.1
	struct fanout *fanout;
	am_id id;
	TAILQ_ENTRY(subscription) of_transport;
	struct cipher_index index; // of ssrc
	struct keyframe_share key_frames;
	struct subscription *waiting_next; // of the same viewer
	uint32_t reported_us; // when the last sender report went to the viewer, low bits
	uint32_t reported_ntp; // of that report, as the viewer's reports quote it; 0: none sent
	uint32_t pace_next; // number of its encoding to send next
	uint32_t pace_until; // numbers before this may be sent
};
// The lines that a round prefetches hold everything that a packet in order requires.
static_assert(offsetof(struct subscription, index.blocks) <= 3 * 64);
static_assert(AM_ENCODING_MAX < 1 << 3); // wish
static_assert(AM_LIMIT_COUNT <= 1 << 4); // withheld_told
static_assert(sizeof(struct subscription) == 6 * 64); // a webinar's viewer has 40

// Subscriptions in a row, so that a burst walks memory forwards. The service thread decides which
// place a new one takes, and knows when a place is free again.
struct fanout_chunk {
	// worker
	uint64_t used; // bit per place
	struct fanout_chunk *next;
	struct subscription subscriptions[RELAY_CHUNK];
	// service thread
	struct fanout *fanout;
	uint64_t taken; // bit per place, set until the worker has handed it back
	LIST_ENTRY(fanout_chunk) roomy; // in the list of its fan-out, while a place is free
};

// A place among the subscriptions of a fan-out.
struct fanout_cursor {
	struct fanout_chunk *chunk; // NULL: none yet
	unsigned place;
};

#define FANOUT_PACKETS 256 // waiting to be forwarded

struct fanout_packet {
	struct rte_mbuf *mbuf;
	int64_t queued_us; // by this worker's clock
};

// Packets of a track on their way to its subscribers. A round takes all packets queued when it
// begins to each subscriber once, viewer by viewer, and may last many turns of the worker.
struct fanout_queue {
	uint16_t count; // of packets
	uint16_t round; // number of the first packets, which are in the current round; 0: no round
	bool wrapped; // the round has passed the last chunk and continued with the first
	bool late; // the round was given up
	uint8_t layers; // encodings that have packets in the round, a bit each
	struct fanout_cursor at; // the next subscription that the round visits
	struct fanout_cursor start; // where the round started
	struct fanout_cursor next; // where the next round will start
	struct fanout_packet packets[FANOUT_PACKETS]; // oldest first
};

// A track as seen by a worker that has subscribers to it.
struct fanout {
	am_id track_id;
	uint16_t owner; // worker of the track, or RELAY_NO_WORKER
	uint32_t publisher; // slot of the track's transport
	uint8_t codec; // enum am_codec
	uint8_t room_rtx_payload_type;
	bool screen; // it is a shared screen
	uint8_t stream_count;
	uint8_t spatial_limits; // relay_spatial_limits
	uint8_t active; // encodings or spatial layers being received
	char cname[AM_CNAME_MAX + 1];
	struct rates rates; // of its encodings or spatial layers
	uint32_t wishes[AM_ENCODING_MAX]; // subscriptions that wish for the lowest n + 1 encodings
	uint8_t wish_told; // the highest of these, as last reported to the service thread
	struct fanout_chunk *chunks;
	TAILQ_ENTRY(fanout) entry; // of the worker's list
	TAILQ_ENTRY(fanout) waiting; // likewise, while there are packets in the queue
	struct fanout_queue queue;
	struct red_sound before; // of the last packet forwarded, if this is audio
	uint8_t before_bytes[RED_SOUND_MAX];
	struct fanout_stream
	        streams[]; // one per encoding or spatial limit; audio uses only the clock
};

// Number of encodings, or of spatial layers if there are any: what a viewer chooses among.
static inline uint8_t fanout_layers(const struct fanout *f)
{
	return f->spatial_limits > 1 ? f->spatial_limits : f->stream_count;
}

// How many of them there are now, up to the highest that is being received.
static inline uint8_t fanout_layers_active(const struct fanout *f)
{
	return f->active ? (uint8_t)(32 - __builtin_clz(f->active)) : 0;
}

// The chunk in which a subscription has its place.
static inline struct fanout_chunk *fanout_chunk_of(struct subscription *s)
{
	uint8_t *first = (uint8_t *)(s - s->place);
	return (struct fanout_chunk *)(first - offsetof(struct fanout_chunk, subscriptions));
}

// The next used place from `from` on, or RELAY_CHUNK.
static inline unsigned fanout_chunk_next(const struct fanout_chunk *c, unsigned from)
{
	uint64_t rest = from < RELAY_CHUNK ? c->used >> from << from : 0;
	return rest ? (unsigned)__builtin_ctzll(rest) : RELAY_CHUNK;
}

// Visits every subscription of a fan-out, in order. Do not remove any meanwhile.
#define FANOUT_FOREACH(s, f)                                                                       \
	for (struct fanout_chunk *chunk_ = (f)->chunks; chunk_; chunk_ = chunk_->next)             \
		for (unsigned place_ = fanout_chunk_next(chunk_, 0);                               \
		     place_ < RELAY_CHUNK && ((s) = &chunk_->subscriptions[place_], true);         \
		     place_ = fanout_chunk_next(chunk_, place_ + 1))

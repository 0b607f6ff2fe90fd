// A track's subscribers on one worker, and what the fan-out keeps for them.
#pragma once

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "am_schema.h"
#include "crypto/cipher.h"
#include "media/chain.h"
#include "media/history.h"
#include "media/keyframe.h"
#include "media/rates.h"
#include "media/red.h"
#include "media/selector.h"
#include "media/temporal.h"
#include "path/transport.h"

#define FANOUT_HISTORY    512 // packets kept for retransmission, per encoding
#define FANOUT_HISTORY_MS 1000 // a repair later than this is of no use to a viewer
#define FANOUT_SCREEN_MS  3000 // … but a screen's pictures are large and may be late

struct rte_mbuf;

// What all subscribers get from a publisher's sender report (RFC 3550 6.4.1).
struct fanout_clock {
	uint64_t ntp;
	uint32_t rtp_timestamp;
	uint8_t serial; // of the report, so that each subscriber gets it once
	bool known;
};

struct fanout_stream {
	struct history history; // of mbuf references
	struct history_slot slots[FANOUT_HISTORY];
	// At each temporal limit: the low half of the extended sequence number of the packet with a
	// given seq_at. If there are spatial layers, stream n has those of spatial limit n.
	uint32_t seq_of[TEMPORAL_LIMITS][FANOUT_HISTORY];
	struct fanout_clock clock;
	struct chain chain;
	uint8_t source; // of the last packet
	int64_t key_frame_asked_us; // when this worker last requested one
};

#define FANOUT_CHUNK 64 // subscriptions of one chunk: bits of a word

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
	struct subscription subscriptions[FANOUT_CHUNK];
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
	uint16_t owner; // worker of the track, or WORKER_NONE
	uint32_t publisher; // slot of the track's transport
	uint8_t codec; // enum am_codec
	uint8_t room_rtx_payload_type;
	bool screen; // it is a shared screen
	uint8_t stream_count;
	uint8_t spatial_limits; // track_spatial_limits
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

// The next used place from `from` on, or FANOUT_CHUNK.
static inline unsigned fanout_chunk_next(const struct fanout_chunk *c, unsigned from)
{
	uint64_t rest = from < FANOUT_CHUNK ? c->used >> from << from : 0;
	return rest ? (unsigned)__builtin_ctzll(rest) : FANOUT_CHUNK;
}

// The first number of an encoding that is still to be forwarded. The history is the encoding's.
uint32_t fanout_queue_begin(const struct fanout_queue *, uint8_t layer, const struct history *);

// Visits every subscription of a fan-out, in order. Do not remove any meanwhile.
#define FANOUT_FOREACH(s, f)                                                                       \
	for (struct fanout_chunk *chunk_ = (f)->chunks; chunk_; chunk_ = chunk_->next)             \
		for (unsigned place_ = fanout_chunk_next(chunk_, 0);                               \
		     place_ < FANOUT_CHUNK && ((s) = &chunk_->subscriptions[place_], true);        \
		     place_ = fanout_chunk_next(chunk_, place_ + 1))

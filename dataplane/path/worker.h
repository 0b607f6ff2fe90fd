// One pinned core: its queue of the port, its tables, its rings. Once the worker runs, only its
// thread touches anything in here; others reach it through its rings.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "am_counters.h"
#include "am_lifecycle.h"
#include "am_schema.h"
#include "host/port.h"
#include "media/shed.h"
#include "path/bucket.h"
#include "path/fanout.h"
#include "path/message.h"
#include "path/tap_writer.h"
#include "path/track.h"
#include "path/transport.h"
#include "wire/drop.h"
#include "wire/packet.h"

#define WORKER_BURST     32 // packets per receive call
#define WORKER_INBOX     16384 // messages from the service thread
#define WORKER_REPLIES   32768 // messages to it that must not be lost
#define WORKER_PUNTS     1024 // packets to it, per kind; more are dropped
#define WORKER_HANDOVERS 4096 // messages from one other worker
#define WORKER_NAME_LEN  32

// Packets per second from one transport that go to the service thread as known: DTLS, with data
// channel messages, and checks. More wait with strangers' packets.
#define WORKER_PUNT_PER_S 500
#define WORKER_PUNT_BURST 500

// Retransmissions for all viewers of a worker, about a tenth of its time: after a stall, thousands
// request what they missed, and answering all of them would make them miss what is current.
#define WORKER_RTX_PER_S 150000
#define WORKER_RTX_BURST 8192
// What the RTCP of all clients of a worker may cost, in the units of TRANSPORT_RTCP_PER_S, again
// about a tenth of its time.
#define WORKER_RTCP_PER_S 1000000
#define WORKER_RTCP_BURST 65536

// Packets for the service thread. Each kind has a ring of its own, most important first, so a
// sender that fills one ring keeps no packets out of another.
enum worker_punt {
	PUNT_KNOWN, // from tuples that a check has proven: consent, DTLS
	PUNT_NEIGHBOUR, // ARP and neighbour discovery
	PUNT_STRANGER, // STUN from others, such as the first check of a join
	PUNT_OTHER, // ICMP and fragments
	PUNT_COUNT,
};

struct rte_mbuf;
struct rte_ring;

#define TX_BURST 64 // frames per transmit call
#define TX_SPARE 64 // buffers taken from the pool at once
#define TX_QUEUE 4096 // frames that wait for the port; a power of two
#define TX_FULL  1024 // waiting frames: no more copies are made until the port has taken some

// What a worker sends: a queue of frames, the oldest at tail, and spare buffers.
struct tx {
	uint32_t head, tail; // run freely
	bool refused; // by the port, since the last flush
	uint16_t spare_count;
	struct rte_mbuf *spare[TX_SPARE];
	struct rte_mbuf *queue[TX_QUEUE];
};

#define BATCH_SPENT 64

// Copies that wait to be encrypted together.
struct batch {
	uint16_t copy_count;
	uint16_t spent_count;
	struct cipher_job jobs[CIPHER_BURST];
	const struct packet_route *routes[CIPHER_BURST]; // of each job
	struct rte_mbuf *copies[CIPHER_BURST];
	struct rte_mbuf *spent[BATCH_SPENT]; // packets to release once the copies are made
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

// What buffers are held for: received ones in histories, copies of small packets in histories, and
// received ones whose packets wait for repairs.
enum worker_share { WORKER_LARGE, WORKER_SMALL, WORKER_WAITING, WORKER_SHARES };

// Audio goes before video: it is small, and its loss is noticed first.
enum worker_class { WORKER_SOUND, WORKER_PICTURES, WORKER_CLASSES };

struct worker {
	uint16_t index;
	uint16_t queue; // of the port, RX and TX
	uint16_t worker_count;
	bool adaptive; // sleep when idle
	bool adapts; // fit what viewers are sent to their links
	bool port_stopped; // until the service thread starts or restarts it
	const struct port *port;
	struct packet_local local;
	struct rte_ring *inbox; // service: producer
	struct rte_ring *replies; // service: consumer
	struct rte_ring *punts[PUNT_COUNT]; // service: consumer
	struct rte_ring *handovers[AM_WORKER_MAX]; // from worker i; NULL for itself
	struct worker *workers; // all of them, for their handover rings

	struct am_counters *counters; // in the region; this worker: w
	struct am_gauges *gauges; // in the region; for this worker's tracks and transports: w
	struct am_figures *figures; // likewise
	struct am_lifecycle *lifecycle; // in the region; this worker: w
	struct tap_writer tap; // this worker's ring

	int64_t now_us; // CLOCK_MONOTONIC, of this turn
	int64_t receive_us; // of the last receive_tick
	int64_t feedback_us; // of the last feedback_tick
	int64_t levels_us; // of the last feedback_levels
	int64_t expiry_us; // of the last keep_expire and wish_tell
	int64_t viewers_us; // of the last viewer_tick
	int64_t probes_us; // of the last viewer_probe
	int64_t pace_us; // of the last pace
	uint64_t tsc_base;
	int64_t tsc_base_us;
	uint64_t tsc_per_s;

	struct flow_table *flows;
	struct bucket *punt_shares; // by slot, of all transports
	struct transport **transports; // by slot, those of this worker
	struct track **tracks; // by slot, those whose publisher is here
	struct fanout **fanouts; // by slot of the track
	TAILQ_HEAD(, transport) publishers; // those with tracks
	LIST_HEAD(, track_stream) holding; // of their tracks, those with waiting packets
	TAILQ_HEAD(, transport) viewers; // those with a struct viewer
	TAILQ_HEAD(, transport) probing; // of them
	TAILQ_HEAD(, transport) pacing; // of them, those with packets that wait for their pace
	uint32_t viewer_count;
	TAILQ_HEAD(, fanout) fanout_list; // all of fanouts
	TAILQ_HEAD(, fanout) waiting[WORKER_CLASSES]; // those with packets to forward

	struct cipher *cipher;
	struct batch batch;
	bool behind; // video has waited long to be forwarded
	struct shed shedding; // what is left out because of that
	uint8_t shed; // counts SRTCP packets while behind
	struct bucket rtx; // retransmissions of all its viewers together
	struct bucket rtcp; // work for the RTCP of all its clients together
	uint32_t publisher_packets_per_s; // RTP that one transport may send; 0: no limit
	uint32_t publisher_bytes_per_s; // likewise, in whole frames
	struct buffer_share shares[WORKER_SHARES];
	struct tx tx;
};

static inline void worker_count(struct worker *w, enum am_counter c, uint64_t n)
{
	uint64_t v = atomic_load_explicit(&w->counters->value[c], memory_order_relaxed);
	atomic_store_explicit(&w->counters->value[c], v + n, memory_order_relaxed);
}

static inline void worker_count_drop(struct worker *w, enum drop reason)
{
	uint64_t v = atomic_load_explicit(&w->counters->drops[reason], memory_order_relaxed);
	atomic_store_explicit(&w->counters->drops[reason], v + 1, memory_order_relaxed);
}

// Counts that the worker begins to leave out one more step.
static inline void worker_count_shed(struct worker *w, uint8_t level)
{
	uint64_t v = atomic_load_explicit(&w->counters->shed[level], memory_order_relaxed);
	atomic_store_explicit(&w->counters->shed[level], v + 1, memory_order_relaxed);
}

// The transport, track or fan-out with this id, if this worker still has it.
static inline struct transport *worker_transport(const struct worker *w, am_id id)
{
	struct transport *t = w->transports[am_id_slot(id) % AM_TRANSPORT_MAX];
	return t && t->id == id ? t : NULL;
}

static inline struct track *worker_track(const struct worker *w, am_id id)
{
	struct track *t = w->tracks[am_id_slot(id) % AM_TRACK_MAX];
	return t && t->params.track_id == id ? t : NULL;
}

static inline struct fanout *worker_fanout(const struct worker *w, am_id track_id)
{
	struct fanout *f = w->fanouts[am_id_slot(track_id) % AM_TRACK_MAX];
	return f && f->track_id == track_id ? f : NULL;
}

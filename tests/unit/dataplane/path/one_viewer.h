// One viewer of one track, behind a test port: what it gets, by number and timestamp.
#pragma once

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <rte_mbuf.h>

#include "path/copy.h"
#include "path/forward.h"
#include "path/inbox.h"
#include "path/tx.h"
#include "rig.h"

#define BUFFERS   4095
#define FRAME_LEN 42 // Ethernet, IPv4 and UDP, before RTP
#define PAYLOAD   600
#define FRAME_US  33000
#define TICKS     3000 // per frame, at 90 kHz
#define LAYERS    3
#define GOT_MAX   2048

struct packet {
	uint32_t timestamp;
	uint16_t seq;
};

static struct rig rig;
static struct packet got[GOT_MAX];
static uint32_t got_count;
static uint32_t given;
static uint16_t at[LAYERS][TEMPORAL_LIMITS]; // packets so far, by encoding and temporal limit

static uint32_t get_u32(const uint8_t *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof(value));
	return ntohl(value);
}

static void take(const struct rte_mbuf *m)
{
	const uint8_t *rtp = rte_pktmbuf_mtod_offset(m, const uint8_t *, FRAME_LEN);
	uint32_t ssrc = get_u32(rtp + 8);

	if (rtp[1] == 200 || ssrc >> 31) // reports and repeats
		return;
	assert_true(got_count < GOT_MAX);
	got[got_count++] = (struct packet){get_u32(rtp + 4), (uint16_t)get_u32(rtp)};
}

static int eal_begin(void **)
{
	return rig_port_begin("relay_test", take);
}

static struct subscription *viewer(void)
{
	return &rig.fanouts[0]->chunks->subscriptions[0];
}

static inline struct fanout_stream *stream(uint8_t layer)
{
	return &rig.fanouts[0]->streams[layer];
}

// One viewer of one track, whose path is not open.
static void begin(void)
{
	assert_int_equal(rig_init(&rig, BUFFERS, 0), 0);
	assert_int_equal(rig_fill(&rig, 1, 1, SRTP_PROFILE_AEAD_AES_128_GCM), 0);
	memset(at, 0, sizeof(at));
	got_count = given = 0;
	viewer()->paused = SUBSCRIPTION_PAUSED;
	selector_pause(&viewer()->selector);
}

static void end(void)
{
	assert_int_equal(rig.counters->drops[DROP_duplicate], 0);
	assert_int_equal(
	        given + rig.counters->value[AM_COUNTER_made_copies] +
	                rig.counters->value[AM_COUNTER_made_retransmissions] +
	                rig.counters->value[AM_COUNTER_made_probes],
	        rig.counters->value[AM_COUNTER_tx_packets] +
	                rig.counters->value[AM_COUNTER_consumed]
	);
	rig_clear(&rig);
	tx_drain(rig.worker);
	assert_int_equal(rte_mempool_avail_count(rig.port.pool), BUFFERS);
	assert_int_equal(rte_mempool_avail_count(rig.port.small_pool), BUFFERS);
	rig_fini(&rig);
}

static inline void come_back(void)
{
	viewer()->paused = 0;
	selector_resume(&viewer()->selector);
}

static void settle(void)
{
	struct worker *w = rig.worker;

	do {
		forward_some(w);
		tx_flush(w);
	} while (w->tx.head != w->tx.tail || !TAILQ_EMPTY(&w->waiting[WORKER_PICTURES]));
}

// Counts a packet of the next picture, and forwards it unless it is lost.
static void part(uint8_t layer, uint8_t temporal, bool key, bool first, bool last, bool lost)
{
	static uint32_t seq[LAYERS];

	if (at[layer][TEMPORAL_LIMITS - 1] == 0)
		seq[layer] = 100;
	for (uint8_t t = temporal; t < TEMPORAL_LIMITS; t++)
		at[layer][t]++;
	seq[layer]++;
	if (lost)
		return;
	struct rte_mbuf *m = rig_packet(&rig, 0, seq[layer], PAYLOAD);
	assert_non_null(m);
	struct track_packet *p = &((struct media_packet *)rte_mbuf_to_priv(m))->info;
	p->layer = layer;
	p->temporal_id = temporal;
	p->timestamp = (uint32_t)(rig.worker->now_us / FRAME_US) * TICKS;
	p->flags = (uint16_t
	)((first ? TRACK_BEGIN | TRACK_SWITCH_UP : 0) | (last ? TRACK_END : 0) |
	  (key && first ? TRACK_KEY_FRAME : 0));
	memcpy(p->seq_at, at[layer], sizeof(at[layer]));
	((struct media_packet *)rte_mbuf_to_priv(m))->active = rig.fanouts[0]->active;
	forward(rig.worker, m);
	given++;
}

// Pictures of one packet, beginning with a key frame of two. Two upper layers' pictures follow each
// of the base layer.
static inline void pictures(int n, bool key)
{
	static const uint8_t pattern[] = {0, 2, 1, 2};
	static unsigned next;

	if (key)
		next = 0;
	for (int i = 0; i < n; i++) {
		rig.worker->now_us += FRAME_US;
		if (key && i == 0)
			part(0, 0, true, true, false, false);
		part(0, pattern[next++ % 4], key && i == 0, !key || i > 0, true, false);
		settle();
	}
}

static void expect_no_gap(void)
{
	for (uint32_t i = 1; i < got_count; i++) {
		assert_int_equal((uint16_t)(got[i].seq - got[i - 1].seq), 1);
		assert_true((int32_t)(got[i].timestamp - got[i - 1].timestamp) >= 0);
	}
}

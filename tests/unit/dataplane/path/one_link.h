// One viewer of some tracks, the bitrate of each encoding, and the link's rate as given by the
// viewer's REMB; in virtual time.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <rte_mbuf.h>

#include "path/forward.h"
#include "path/tx.h"
#include "path/viewer.h"
#include "rig.h"

#define BUFFERS 4095
#define TICKS   300 // of VIEWER_TICK_US: more than a step up and a step down need

static struct rig rig;
static bool silent[RIG_TRACKS_MAX]; // these tracks send nothing any more

static struct subscription *subscription(uint16_t track)
{
	return &rig.fanouts[track]->chunks->subscriptions[0];
}

static struct viewer *viewer(void)
{
	return rig.transports[0]->viewer;
}

// Each track has three encodings of 150, 500 and 1500 kbit/s.
static void begin(uint16_t tracks, bool transport_wide)
{
	static const uint32_t bps[] = {150000, 500000, 1500000};

	assert_int_equal(rig_init(&rig, BUFFERS, 0), 0);
	assert_int_equal(rig_fill(&rig, 1, tracks, SRTP_PROFILE_AEAD_AES_128_GCM), 0);
	for (uint16_t i = 0; i < tracks; i++) {
		struct fanout *f = rig.fanouts[i];
		f->stream_count = 3;
		f->active = 7;
		for (int layer = 0; layer < 3; layer++) {
			for (int t = 0; t < TEMPORAL_LIMITS; t++)
				f->rates.layers[layer].bps[t] = bps[layer];
		}
		f->rates.begun_us = rig.worker->now_us;
		selector_set_active(&subscription(i)->selector, 7);
	}
	downlink_init(&viewer()->downlink, rig.worker->now_us, 0, 0, transport_wide);
	memset(silent, 0, sizeof(silent));
}

static void end(void)
{
	rig_clear(&rig);
	tx_drain(rig.worker);
	assert_int_equal(rte_mempool_avail_count(rig.port.pool), BUFFERS);
	rig_fini(&rig);
}

static void tick(int times)
{
	struct worker *w = rig.worker;

	for (int i = 0; i < times; i++) {
		w->now_us += VIEWER_TICK_US;
		for (uint16_t k = 0; k < rig.tracks; k++) {
			if (!silent[k])
				rig.fanouts[k]->rates.begun_us = w->now_us;
		}
		viewer_tick(w);
		viewer_probe(w);
		tx_flush(w);
	}
}

// The viewer's REMB reports this rate until the next call, and has just fallen to it.
static void carries(uint64_t bps)
{
	for (int i = 0; i < TICKS; i++) {
		downlink_remb(&viewer()->downlink, rig.worker->now_us, bps);
		viewer()->downlink.remb_fell_ms = (uint32_t)(rig.worker->now_us / 1000);
		tick(1);
	}
}

static void expect_layer(uint16_t track, uint8_t layer)
{
	const struct subscription *s = subscription(track);

	assert_int_equal(
	        s->paused & SUBSCRIPTION_STARVED ? SELECTOR_NONE : s->selector.preferred, layer
	);
}

// A picture of this encoding.
static inline void show(uint8_t layer, bool key)
{
	static uint32_t seq;
	struct rte_mbuf *m = rig_packet(&rig, 0, ++seq, 900);

	assert_non_null(m);
	struct media_packet *p = rte_mbuf_to_priv(m);
	p->info.layer = layer;
	p->active = 7;
	p->info.flags |= key ? TRACK_KEY_FRAME : 0;
	forward(rig.worker, m);
	forward_some(rig.worker);
	tick(1);
}

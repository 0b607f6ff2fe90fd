// One viewer behind a narrow link, in virtual time: the path's own pacing, probes and layers
// against the link model of tests/link. If NARROW_SEEDS is set in the environment, prints a table
// of that many runs instead.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rte_mbuf.h>

#include "media/twcc.h"
#include "model.h"
#include "path/forward.h"
#include "path/keep.h"
#include "path/pace.h"
#include "path/tx.h"
#include "path/viewer.h"
#include "rig.h"
#include "wire/rtcp.h"
#include "xorshift.h"

#define BUFFERS     8191
#define FRAME_LEN   42 // Ethernet, IPv4 and UDP, before RTP
#define WIRE_LEN    14 // bytes of Ethernet, which the link model does not count
#define LAYERS      3
#define PICTURE_US  33000
#define SOUND_US    20000
#define FEEDBACK_US 50000
#define KEY_US      1000000 // between two key frames of an encoding
#define KEY_FACTOR  4
#define PACKET_MAX  1100
#define WAIT_MS_MAX 1000
#define FROZEN_US   300000

enum kind { SOUND, PICTURE, OTHER };

static const uint32_t bps[LAYERS] = {150000, 330000, 1500000};

struct encoding {
	uint32_t left; // bytes of the current picture
	int32_t budget; // bytes that the pacer may send
	uint32_t seq;
	uint16_t at[TEMPORAL_LIMITS];
	uint8_t temporal;
	bool begins, key;
	int64_t asked_us, key_us;
};

// What the viewer got since measure().
struct result {
	uint32_t waits[WAIT_MS_MAX]; // audio packets by ms in the queue
	uint32_t sounds, pictures, lost;
	int64_t frozen_us, lag_us, us;
	uint64_t given_up;
};

static struct {
	struct rig rig;
	struct encoding encodings[LAYERS];
	struct twcc twcc;
	struct lane *lane;
	struct result result;
	struct xorshift random;
	int64_t picture_us; // when the last one came
	uint32_t pictures, sounds; // sent by the publisher
} n;

static struct subscription *subscription(uint16_t track)
{
	return &n.rig.fanouts[track]->chunks->subscriptions[0];
}

static uint32_t word(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

// Sends the frame into the link, as a word: its number, its kind, and whether it ends a picture.
static void take(const struct rte_mbuf *m)
{
	const uint8_t *rtp = rte_pktmbuf_mtod_offset(m, const uint8_t *, FRAME_LEN);
	uint32_t ssrc = word(rtp + 8);
	enum kind kind = ssrc == subscription(0)->ssrc   ? PICTURE
	                 : ssrc == subscription(1)->ssrc ? SOUND
	                                                 : OTHER;

	if (rtp[1] == 200) // a report
		return;
	uintptr_t packet = (uintptr_t)1 << 32 | (uintptr_t)(rtp[1] >> 7) << 20 |
	                   (uintptr_t)kind << 16 | (uintptr_t)(rtp[21] << 8 | rtp[22]);
	if (lane_send(n.lane, n.rig.worker->now_us, m->pkt_len - WIRE_LEN, (void *)packet) !=
	    LANE_ACCEPTED)
		n.result.lost++;
}

static int eal_begin(void **)
{
	return rig_port_begin("viewer_narrow_test", take);
}

static struct lane_config link_of(uint32_t bit_s, uint64_t seed)
{
	return (struct lane_config
	){.rate.bit_s = bit_s, .queue_us = 200000, .delay_us = 20000, .seed = seed};
}

static void measure(void)
{
	memset(&n.result, 0, sizeof(n.result));
	n.result.given_up = n.rig.counters->value[AM_COUNTER_pace_given_up];
	n.picture_us = n.rig.worker->now_us;
}

static void begin(uint32_t bit_s, uint64_t seed)
{
	struct lane_config link = link_of(bit_s, seed);

	memset(&n, 0, sizeof(n));
	xorshift_seed(&n.random, seed, 0);
	assert_int_equal(rig_init(&n.rig, BUFFERS, 0), 0);
	assert_int_equal(rig_fill(&n.rig, 1, 2, SRTP_PROFILE_AEAD_AES_128_GCM), 0);
	n.lane = lane_create(&link, n.rig.worker->now_us);
	assert_non_null(n.lane);
	twcc_init(&n.twcc);
	struct fanout *f = n.rig.fanouts[0];
	f->stream_count = LAYERS;
	f->active = (1 << LAYERS) - 1;
	selector_set_active(&subscription(0)->selector, f->active);
	n.rig.fanouts[1]->codec = AM_CODEC_OPUS;
	struct viewer *v = n.rig.transports[0]->viewer;
	downlink_init(&v->downlink, n.rig.worker->now_us, 0, 0, true);
	v->changed = true;
	measure();
}

static void end(void)
{
	lane_destroy(n.lane, NULL);
	rig_clear(&n.rig);
	tx_drain(n.rig.worker);
	assert_int_equal(rte_mempool_avail_count(n.rig.port.pool), BUFFERS);
	assert_int_equal(rte_mempool_avail_count(n.rig.port.small_pool), BUFFERS);
	rig_fini(&n.rig);
}

static void part_send(uint8_t layer, uint32_t bytes, bool last)
{
	struct encoding *e = &n.encodings[layer];
	struct rte_mbuf *m = rig_packet(&n.rig, 0, ++e->seq, (uint16_t)bytes);

	assert_non_null(m);
	struct media_packet *p = rte_mbuf_to_priv(m);
	for (uint8_t t = e->temporal; t < TEMPORAL_LIMITS; t++)
		e->at[t]++;
	p->active = (1 << LAYERS) - 1;
	p->info.layer = layer;
	p->info.temporal_id = e->temporal;
	p->info.timestamp = n.pictures * (PICTURE_US / 1000) * 90;
	p->info.flags = (uint16_t
	)((e->begins ? TRACK_BEGIN | TRACK_SWITCH_UP : 0) | (last ? TRACK_END : 0) |
	  (e->begins && e->key ? TRACK_KEY_FRAME : 0));
	p->header[1] |= last ? 0x80 : 0;
	memcpy(p->info.seq_at, e->at, sizeof(e->at));
	e->begins = false;
	forward(n.rig.worker, m);
}

// The base layer has a third of the bytes of all three temporal layers.
static void picture_begin(uint8_t layer)
{
	static const uint8_t pattern[] = {0, 2, 1, 2};
	struct encoding *e = &n.encodings[layer];
	const struct fanout_stream *s = &n.rig.fanouts[0]->streams[layer];
	int64_t now_us = n.rig.worker->now_us;
	uint32_t mean = (uint32_t)((uint64_t)bps[layer] * PICTURE_US / 8000000);

	e->temporal = pattern[n.pictures % 4];
	e->key = n.pictures == 0 ||
	         (s->key_frame_asked_us > e->asked_us && now_us - e->key_us >= KEY_US);
	double size = 0.8 + 0.4 * xorshift_share(&n.random);
	e->left = (uint32_t)(mean * size * (e->key ? KEY_FACTOR : 1));
	e->begins = true;
	if (!e->key)
		return;
	e->temporal = 0;
	e->asked_us = s->key_frame_asked_us;
	e->key_us = now_us;
}

// Pacers let out 2.5 times the rate.
static void publish(void)
{
	int64_t us = n.rig.worker->now_us;

	if (us % SOUND_US == 0) {
		struct rte_mbuf *m = rig_packet(&n.rig, 1, ++n.sounds, 100);
		assert_non_null(m);
		forward(n.rig.worker, m);
	}
	for (uint8_t i = 0; i < LAYERS; i++) {
		struct encoding *e = &n.encodings[i];
		if (us % PICTURE_US == 0 && e->left == 0)
			picture_begin(i);
		e->budget = e->left > 0 ? e->budget + (int32_t)(bps[i] * 5 / 2 / 8000) : 0;
		while (e->left > 0 && e->budget >= 0) {
			uint32_t bytes = e->left < PACKET_MAX ? e->left : PACKET_MAX;
			e->left -= bytes;
			e->budget -= (int32_t)bytes;
			part_send(i, bytes, e->left == 0);
		}
	}
	n.pictures += us % PICTURE_US == 0;
}

static void view(void)
{
	struct worker *w = n.rig.worker;
	struct result *r = &n.result;
	uint8_t bytes[1200];
	struct lane_packet p;
	struct rtcp_view v;
	size_t len;

	while (lane_take(n.lane, w->now_us, &p)) {
		uintptr_t packet = (uintptr_t)p.packet;
		enum kind kind = packet >> 16 & 3;
		twcc_arrived(&n.twcc, (uint16_t)packet, p.out_us);
		int64_t ms = p.queue_us / 1000;
		if (kind == SOUND) {
			r->waits[ms < WAIT_MS_MAX ? ms : WAIT_MS_MAX - 1]++;
			r->sounds++;
		} else if (kind == PICTURE && packet >> 20 & 1) {
			int64_t gap_us = p.out_us - n.picture_us;
			r->frozen_us += gap_us > FROZEN_US ? gap_us : 0;
			n.picture_us = p.out_us;
			r->pictures++;
		}
	}
	while (w->now_us % FEEDBACK_US == 0 &&
	       (len = twcc_build(&n.twcc, bytes, sizeof(bytes), 1, 2)) > 0) {
		struct rtcp_iter it = rtcp_begin(bytes, len);
		while (rtcp_next(&it, &v))
			viewer_feedback(w, n.rig.transports[0], &v);
	}
}

static void run(int64_t us)
{
	struct worker *w = n.rig.worker;

	for (int64_t until_us = w->now_us + us; w->now_us < until_us;) {
		w->now_us += 1000;
		publish();
		while (forward_some(w) > 0)
			;
		if (w->now_us % VIEWER_TICK_US == 0)
			viewer_tick(w);
		if (w->now_us % PACE_US == 0)
			pace(w);
		if (w->now_us % VIEWER_PROBE_US == 0)
			viewer_probe(w);
		if (w->now_us % 100000 == 0)
			keep_expire(w);
		tx_flush(w);
		view();
		n.result.us += 1000;
		n.result.lag_us += subscription(0)->lags ? 1000 : 0;
	}
}

static int wait_ms(int percent)
{
	uint32_t left = n.result.sounds * (uint32_t)percent / 100;
	int ms = 0;

	while (ms < WAIT_MS_MAX - 1 && left >= n.result.waits[ms])
		left -= n.result.waits[ms++];
	return ms;
}

// The link opens wide, then is narrow.
static void narrow(uint32_t bit_s, uint64_t seed, int64_t us)
{
	struct lane_config link = link_of(bit_s, seed);

	begin(3000000, seed);
	run(20000000 + (int64_t)seed * 7000);
	measure();
	assert_int_equal(lane_configure(n.lane, n.rig.worker->now_us, &link), 0);
	run(us);
}

static void print(const char *name)
{
	const struct result *r = &n.result;

	printf("%-22s %5.1f/s frozen %4.1f s, sound p50 %3d p95 %3d p99 %3d ms, lags %4.1f s, "
	       "lost %3u, given up %2u\n",
	       name, r->pictures * 1e6 / (double)r->us, (double)r->frozen_us / 1e6, wait_ms(50),
	       wait_ms(95), wait_ms(99), (double)r->lag_us / 1e6, r->lost,
	       (unsigned)(n.rig.counters->value[AM_COUNTER_pace_given_up] - r->given_up));
}

static void table(uint64_t seeds)
{
	static const uint32_t links[] = {1000000, 600000, 250000};
	char name[64];

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		for (uint64_t seed = 1; seed <= seeds; seed++) {
			narrow(links[i], seed, 6000000);
			snprintf(name, sizeof(name), "%u, first 6 s", links[i]);
			print(name);
			measure();
			run(34000000);
			snprintf(name, sizeof(name), "%u, then", links[i]);
			print(name);
			end();
		}
	}
}

// The link carries 30 pictures a second beside the audio.
static void a_link_that_becomes_narrow_has_no_queue_for_long(void **)
{
	narrow(600000, 1, 6000000);
	assert_in_range(n.result.frozen_us, 0, 1000000);
	measure();
	run(14000000);
	assert_in_range(wait_ms(95), 0, 50);
	assert_true(n.result.pictures >= 14 * 25);
	assert_int_equal(n.result.lost, 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_link_that_becomes_narrow_has_no_queue_for_long),
	};
	const char *seeds = getenv("NARROW_SEEDS");

	if (!seeds)
		return cmocka_run_group_tests(tests, eal_begin, NULL);
	if (eal_begin(NULL) < 0)
		return 1;
	table(strtoull(seeds, NULL, 10));
	return 0;
}

// What a viewer's link carries becomes the layers that it is sent.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring_elem.h>

#include "am_reader.h"
#include "inbox.h"
#include "path/copy.h"
#include "path/tx.h"
#include "path/viewer.h"
#include "rig.h"

#define BUFFERS   4095
#define FRAME_LEN 42 // Ethernet, IPv4 and UDP, before RTP
#define TICKS     300 // of VIEWER_TICK_US: more than a step up and a step down need

static struct rig rig;
static uint32_t frames, padded;
static bool silent[RIG_TRACKS_MAX]; // of these tracks nothing comes any more
static uint16_t numbers[1000]; // transport-wide, in the order sent

static void take(const struct rte_mbuf *m)
{
	const uint8_t *rtp = rte_pktmbuf_mtod_offset(m, const uint8_t *, FRAME_LEN);

	padded += rtp[0] >> 5 & 1;
	// Where our own headers have the number: behind the send time.
	if (frames < 1000 && rtp[20] >> 4 == AM_EXT_TRANSPORT_CC)
		numbers[frames] = (uint16_t)(rtp[21] << 8 | rtp[22]);
	frames++;
}

// In the place of a driver.
static uint16_t port_take(void *, struct rte_mbuf **m, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		take(m[i]);
		rte_pktmbuf_free(m[i]);
	}
	return n;
}

static int eal_begin(void **)
{
	static void *queues[1] = {&frames};
	char *argv[] = {
	        "viewer_test",    "--no-huge",      "-m",          "128", "--no-pci",
	        "--no-telemetry", "--iova-mode=va", "--no-shconf", NULL,
	};

	if (rte_eal_init(8, argv) < 0)
		return -1;
	rte_eth_fp_ops[0].tx_pkt_burst = port_take;
	rte_eth_fp_ops[0].txq.data = queues;
	return 0;
}

static struct subscription *subscription(uint16_t track)
{
	return &rig.fanouts[track]->chunks->subscriptions[0];
}

static struct viewer *viewer(void)
{
	return rig.transports[0]->viewer;
}

// Three encodings of each track, of 150, 500 and 1500 kbit/s, which go on so.
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
	viewer()->answers = transport_wide;
	frames = padded = 0;
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

// The client's REMB says so until the next one.
static void carries(uint64_t bps)
{
	for (int i = 0; i < TICKS; i++) {
		downlink_remb(&viewer()->downlink, rig.worker->now_us, bps);
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

// Layers as last told to the service thread.
static bool told(uint16_t track, struct message *out)
{
	struct message msg;
	bool any = false;

	while (rte_ring_sc_dequeue_elem(rig.worker->replies, &msg, sizeof(msg)) == 0) {
		if (msg.type == MESSAGE_LAYERS && msg.id == subscription(track)->id) {
			*out = msg;
			any = true;
		}
	}
	return any;
}

static void who_says_nothing_gets_what_it_asks_for(void **)
{
	begin(1, false);
	tick(TICKS);
	assert_int_equal(subscription(0)->given, SELECTOR_NONE);
	assert_int_equal(subscription(0)->paused, 0);
	end();
}

static void a_picture_fits_the_link(void **)
{
	static const struct {
		uint64_t bps;
		uint8_t layer;
	} cases[] = {
	        {100000, SELECTOR_NONE}, {200000, 0}, {600000, 1}, {4000000, 2}, {300000, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(1, false);
		carries(cases[i].bps);
		if (cases[i].layer == 2)
			assert_int_equal(subscription(0)->given, SELECTOR_NONE); // no limit
		else
			expect_layer(0, cases[i].layer);
		end();
	}
}

static void a_starved_picture_says_so_and_comes_back(void **)
{
	struct message msg;

	begin(1, false);
	carries(100000);
	assert_true(subscription(0)->paused == SUBSCRIPTION_STARVED);
	assert_true(told(0, &msg));
	assert_int_equal(msg.value & 0xff, SELECTOR_NONE);
	assert_int_equal(msg.value >> 16, 1);
	for (int i = 0; i < 4; i++)
		carries(1000000);
	assert_int_equal(subscription(0)->paused, 0);
	expect_layer(0, 1);
	assert_true(told(0, &msg));
	assert_int_equal(msg.value >> 16, 0);
	end();
}

static void what_the_client_pauses_takes_nothing(void **)
{
	begin(2, false);
	carries(700000);
	expect_layer(0, 1);
	expect_layer(1, 0);
	struct message pause = {
	        .type = MESSAGE_SUBSCRIPTION_PAUSE, .object = subscription(0), .value = 1};
	assert_int_equal(rte_ring_sp_enqueue_elem(rig.worker->inbox, &pause, sizeof(pause)), 0);
	inbox_service(rig.worker, 8);
	for (int i = 0; i < 6; i++)
		carries(700000);
	expect_layer(1, 1);
	end();
}

static void sound_comes_first(void **)
{
	begin(2, false);
	rig.fanouts[0]->codec = AM_CODEC_OPUS;
	carries(600000); // 150 of it for the sound
	expect_layer(1, 0);
	end();
}

// Muted, it weighs nothing, whatever it weighed before.
static void what_has_fallen_silent_takes_nothing(void **)
{
	begin(3, false);
	rig.fanouts[0]->codec = AM_CODEC_OPUS;
	carries(700000); // 150 of it for the sound, 500 for one picture, or 150 for each
	expect_layer(1, 0);
	silent[0] = silent[2] = true;
	for (int i = 0; i < 8; i++)
		carries(700000);
	expect_layer(1, 1);
	end();
}

// VP9 with spatial layers: what is sent of it weighs as much as all up to it.
static void spatial_layers_weigh_with_those_beneath(void **)
{
	begin(1, false);
	struct fanout *f = rig.fanouts[0];
	f->stream_count = 1;
	f->spatial_limits = 3;
	carries(640000); // the second alone would fit, with the first it does not
	expect_layer(0, 0);
	for (int i = 0; i < 8; i++)
		carries(720000);
	expect_layer(0, 1);
	end();
}

// A shared screen that stands still: nobody knows what it weighs.
static void a_starved_picture_of_unknown_weight_is_tried(void **)
{
	begin(1, false);
	carries(100000);
	assert_true(subscription(0)->paused == SUBSCRIPTION_STARVED);
	silent[0] = true;
	for (int i = 0; i < 8; i++)
		carries(100000);
	assert_int_equal(subscription(0)->paused, 0);
	end();
}

// The sound came first, and its numbers are not answered.
static void who_answers_for_pictures_alone_is_estimated(void **)
{
	begin(1, false);
	assert_true(downlink_target(&viewer()->downlink, rig.worker->now_us) > 10000000);
	viewer_answers(rig.transports[0]);
	assert_in_range(downlink_target(&viewer()->downlink, rig.worker->now_us), 1, 1000000);
	end();
}

static void who_never_answers_gets_what_it_asks_for(void **)
{
	begin(1, true);
	for (int i = 0; i < 5 * TICKS; i++) {
		(void)downlink_sent(&viewer()->downlink, rig.worker->now_us, 1000);
		tick(1);
	}
	assert_true(downlink_target(&viewer()->downlink, rig.worker->now_us) > 10000000);
	assert_int_equal(subscription(0)->given, SELECTOR_NONE);
	const struct rtcp_view answer = {.body = (uint8_t[64]){0}, .body_len = 64};
	viewer_feedback(rig.worker, rig.transports[0], &answer);
	assert_true(downlink_target(&viewer()->downlink, rig.worker->now_us) < 10000000);
	end();
}

// A number that is never sent would look like a loss on the viewer's way.
static void what_is_too_long_takes_no_number(void **)
{
	begin(1, true);
	uint64_t next = viewer()->downlink.sent.next;
	const struct selector_out out = {.seq = 1};
	struct rte_mbuf *m = rig_packet(&rig, 0, 1, 1460);
	assert_non_null(m);
	assert_false(copy_queue(rig.worker, subscription(0), m, &out, 0, false));
	assert_int_equal(rig.counters->drops[DROP_too_long], 1);
	assert_int_equal(viewer()->downlink.sent.next, next);
	rte_pktmbuf_free(m);
	end();
}

static void the_client_gets_no_more_than_it_asks_for(void **)
{
	begin(1, false);
	struct message layers = {
	        .type = MESSAGE_SUBSCRIPTION_LAYERS,
	        .object = subscription(0),
	        .value = 0 | 1 << 8};
	assert_int_equal(rte_ring_sp_enqueue_elem(rig.worker->inbox, &layers, sizeof(layers)), 0);
	inbox_service(rig.worker, 8);
	carries(5000000);
	expect_layer(0, 0);
	assert_int_equal(limit_temporal(subscription(0)->selector.preferred_limit), 1);
	end();
}

// A new viewer's estimate carries the middle picture; a probe asks for the large one.
static void a_wish_is_probed_with_padding(void **)
{
	begin(1, true);
	viewer()->changed = true;
	tick(20);
	expect_layer(0, 1);
	assert_int_equal(padded, 0);
	for (int i = 0; i < 400 && padded < 5; i++)
		tick(1);
	assert_true(padded >= 5);
	assert_int_equal(rig.counters->value[AM_COUNTER_made_probes], padded);
	for (uint32_t i = 1; i < padded; i++)
		assert_int_equal((uint16_t)(numbers[i] - numbers[i - 1]), 1);
	end();
}

// Where there is no stream of retransmissions nothing may be sent that the client did not agree to.
static void without_retransmissions_nothing_is_probed(void **)
{
	begin(1, true);
	subscription(0)->rtx_ssrc = 0;
	viewer()->changed = true;
	tick(800);
	assert_int_equal(frames, 0);
	assert_false(viewer()->probing);
	end();
}

static void any_feedback_is_survived(void **)
{
	uint8_t body[64];
	uint64_t seed = 88172645463325252u;

	begin(1, true);
	for (int i = 0; i < 20000; i++) {
		for (size_t k = 0; k < sizeof(body); k++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			body[k] = (uint8_t)seed;
		}
		const struct rtcp_view v = {.body = body, .body_len = (uint16_t)(seed % 65)};
		viewer_feedback(rig.worker, rig.transports[0], &v);
		assert_true(viewer_feedback_statuses(&v) <= UINT16_MAX);
		viewer_remb(rig.worker, rig.transports[0], &v);
		if (i % 20 == 0)
			tick(1);
	}
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(who_says_nothing_gets_what_it_asks_for),
	        cmocka_unit_test(a_picture_fits_the_link),
	        cmocka_unit_test(a_starved_picture_says_so_and_comes_back),
	        cmocka_unit_test(what_the_client_pauses_takes_nothing),
	        cmocka_unit_test(sound_comes_first),
	        cmocka_unit_test(what_has_fallen_silent_takes_nothing),
	        cmocka_unit_test(spatial_layers_weigh_with_those_beneath),
	        cmocka_unit_test(a_starved_picture_of_unknown_weight_is_tried),
	        cmocka_unit_test(who_answers_for_pictures_alone_is_estimated),
	        cmocka_unit_test(who_never_answers_gets_what_it_asks_for),
	        cmocka_unit_test(what_is_too_long_takes_no_number),
	        cmocka_unit_test(the_client_gets_no_more_than_it_asks_for),
	        cmocka_unit_test(a_wish_is_probed_with_padding),
	        cmocka_unit_test(without_retransmissions_nothing_is_probed),
	        cmocka_unit_test(any_feedback_is_survived),
	};
	return cmocka_run_group_tests(tests, eal_begin, NULL);
}

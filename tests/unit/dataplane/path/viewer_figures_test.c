// The totals of copies in the region.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <rte_mbuf.h>

#include "am_region.h"
#include "path/figures.h"
#include "path/forward.h"
#include "path/tx.h"
#include "path/viewer.h"
#include "path/viewer_figures.h"
#include "rig.h"

#define BUFFERS 4095
#define VIEWERS 3
#define PAYLOAD 1000
#define LATER   (3 * VIEWER_FIGURES_US)

static struct rig rig;

static int eal_begin(void **)
{
	return rig_port_begin("figures_test", NULL);
}

static int begin(void **)
{
	assert_int_equal(rig_init(&rig, BUFFERS, 0), 0);
	rig.worker->adapts = false;
	return rig_fill(&rig, VIEWERS, 1, SRTP_PROFILE_AEAD_AES_128_GCM);
}

static int end(void **)
{
	rig_clear(&rig);
	tx_drain(rig.worker);
	rig_fini(&rig);
	return 0;
}

static struct subscription *subscription(unsigned viewer)
{
	return &rig.fanouts[0]->chunks->subscriptions[viewer];
}

static struct am_subscription_figures of_subscription(unsigned viewer)
{
	struct am_subscription_figures f;

	assert_true(am_table_read(&rig.figures->subscriptions[viewer + 1], &f, sizeof(f)));
	return f;
}

static struct am_transport_figures of_transport(unsigned viewer)
{
	struct am_transport_figures f;

	assert_true(am_table_read(&rig.figures->transports[viewer + 1], &f, sizeof(f)));
	return f;
}

// Sends this many packets to all viewers in this time.
static void play(uint32_t first, uint32_t packets, int64_t us)
{
	for (uint32_t i = 0; i < packets; i++) {
		forward(rig.worker, rig_packet(&rig, 0, first + i, PAYLOAD));
		while (forward_some(rig.worker) > 0)
			tx_flush(rig.worker);
	}
	for (int64_t t = 0; t < us; t += VIEWER_TICK_US) {
		rig.worker->now_us += VIEWER_TICK_US;
		viewer_tick(rig.worker);
	}
}

static void each_viewer_is_told_of_within_a_second(void **)
{
	play(1, 0, VIEWER_FIGURES_US); // the first looks are over
	play(1, 50, VIEWER_FIGURES_US + 200000);
	for (unsigned v = 0; v < VIEWERS; v++) {
		struct am_subscription_figures f = of_subscription(v);
		assert_int_equal(f.packets, 50);
		assert_int_equal(f.octets, 50 * PAYLOAD);
		assert_in_range(f.bps, 50 * PAYLOAD * 8 * 9 / 10, 50 * PAYLOAD * 8);
		assert_int_equal(of_transport(v).octets, 50 * PAYLOAD);
		assert_int_equal(of_transport(v).bps, f.bps);
	}
	play(51, 0, LATER);
	assert_int_equal(of_subscription(0).bps, 0);
	assert_int_equal(of_transport(0).bps, 0);
	assert_int_equal(of_subscription(0).octets, 50 * PAYLOAD);
}

static void octets_go_on_where_the_sender_reports_begin_again(void **)
{
	subscription(0)->sent_octets = UINT32_MAX - 10;
	play(1, 0, LATER);
	play(1, 1, LATER);
	assert_true(of_subscription(0).octets == UINT64_C(0xffffffff) - 10 + PAYLOAD);
}

static void why_there_is_no_more_is_said(void **)
{
	static const struct {
		uint8_t streams, active, asked, given, paused;
		enum am_limit limit;
		enum shed_level shed;
	} rows[] = {
	        {3, 7, 2, SELECTOR_NONE, 0, AM_LIMIT_NONE, SHED_NOTHING},
	        {3, 7, 1, SELECTOR_NONE, 0, AM_LIMIT_ASKED, SHED_NOTHING},
	        {3, 3, 2, SELECTOR_NONE, 0, AM_LIMIT_SPEAKER, SHED_NOTHING},
	        {3, 3, 1, SELECTOR_NONE, 0, AM_LIMIT_ASKED, SHED_NOTHING},
	        {3, 1, 1, SELECTOR_NONE, 0, AM_LIMIT_SPEAKER, SHED_NOTHING},
	        {3, 0, 2, SELECTOR_NONE, 0, AM_LIMIT_SPEAKER, SHED_NOTHING},
	        {3, 7, 2, 0, 0, AM_LIMIT_BANDWIDTH, SHED_NOTHING},
	        {3, 7, 2, SELECTOR_NONE, SUBSCRIPTION_STARVED, AM_LIMIT_BANDWIDTH, SHED_NOTHING},
	        {3, 7, 2, SELECTOR_NONE, SUBSCRIPTION_PAUSED, AM_LIMIT_ASKED, SHED_NOTHING},
	        {1, 1, 7, SELECTOR_NONE, 0, AM_LIMIT_NONE, SHED_NOTHING},
	        {3, 7, 2, SELECTOR_NONE, 0, AM_LIMIT_NONE, SHED_SECOND},
	        {3, 7, 2, SELECTOR_NONE, 0, AM_LIMIT_OVERLOAD, SHED_LARGE},
	        {3, 7, 1, SELECTOR_NONE, 0, AM_LIMIT_OVERLOAD, SHED_SMALL},
	        {3, 7, 0, SELECTOR_NONE, 0, AM_LIMIT_ASKED, SHED_MIDDLE},
	        {3, 1, 2, SELECTOR_NONE, 0, AM_LIMIT_SPEAKER, SHED_MIDDLE},
	        {1, 1, 7, SELECTOR_NONE, 0, AM_LIMIT_NONE, SHED_MIDDLE},
	        {3, 7, 2, 0, 0, AM_LIMIT_BANDWIDTH, SHED_MIDDLE},
	        {3, 7, 2, SELECTOR_NONE, SUBSCRIPTION_STARVED, AM_LIMIT_BANDWIDTH, SHED_MIDDLE},
	        {3, 7, 2, SELECTOR_NONE, SUBSCRIPTION_PAUSED, AM_LIMIT_ASKED, SHED_MIDDLE},
	        {3, 7, 0, SELECTOR_NONE, SUBSCRIPTION_SHED, AM_LIMIT_OVERLOAD, SHED_REST},
	        {3, 7, 2, 0, SUBSCRIPTION_SHED | SUBSCRIPTION_STARVED, AM_LIMIT_OVERLOAD,
	         SHED_REST},
	        {3, 7, 2, SELECTOR_NONE, SUBSCRIPTION_SHED | SUBSCRIPTION_PAUSED, AM_LIMIT_ASKED,
	         SHED_REST},
	};
	struct subscription *s = subscription(0), other = *s; // more important, if one is shed
	other.id ^= 1;
	other.priority = UINT8_MAX;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rig.fanouts[0]->stream_count = rows[i].streams;
		rig.fanouts[0]->active = rows[i].active;
		s->asked = layers_make(rows[i].asked, 2);
		s->given = rows[i].given;
		s->paused = rows[i].paused;
		rig.worker->shedding.level = s->transport->viewer->shed = rows[i].shed;
		rig.worker->shedding.calm_us = INT64_MAX; // the level stays
		if (rows[i].shed == SHED_REST)
			TAILQ_INSERT_TAIL(&s->transport->subscriptions, &other, of_transport);
		play(1, 0, LATER);
		if (rows[i].shed == SHED_REST)
			TAILQ_REMOVE(&s->transport->subscriptions, &other, of_transport);
		if (of_subscription(0).limit != rows[i].limit)
			fail_msg("row %zu: %d", i, of_subscription(0).limit);
	}
	s->paused = 0;
	rig.worker->shedding = (struct shed){0};
}

static void what_a_viewer_says_is_told(void **)
{
	const struct rtcp_report r = {.cumulative_lost = -3, .fraction_lost = 40, .jitter = 900};
	const struct subscription *s = subscription(1);

	figures_nack(rig.worker, s, 5, 3);
	figures_nack(rig.worker, s, 1, 0);
	figures_pli(rig.worker, s);
	figures_report(rig.worker, s, &r, 90000);
	struct am_subscription_figures f = of_subscription(1);
	assert_int_equal(f.nacks, 6);
	assert_int_equal(f.retransmitted, 3);
	assert_int_equal(f.plis, 1);
	assert_int_equal(am_loss_fraction(f.loss), 40);
	assert_int_equal(am_loss_cumulative(f.loss), -3);
	assert_int_equal(f.jitter_ms, 10);
	assert_int_equal(of_subscription(0).nacks, 0);
}

static void a_slot_begins_anew(void **)
{
	struct subscription next = *subscription(0);

	play(1, 50, LATER);
	next.id = am_id_make(am_id_slot(next.id), 7);
	figures_subscription_begin(rig.worker, &next);
	struct am_subscription_figures f = of_subscription(0);
	assert_int_equal(f.epoch, 7);
	assert_int_equal(f.packets, 0);
	assert_int_equal(f.octets, 0);
}

static void what_a_subscription_came_to_stays_its_transports(void **)
{
	play(1, 0, LATER);
	play(1, 10, 0);
	viewer_figures_end(rig.worker, subscription(2));
	assert_int_equal(of_transport(2).octets, 10 * PAYLOAD);
	assert_int_equal(of_transport(2).packets, 10);
}

static void encodings_are_told_apart(void **)
{
	static struct track track;
	struct transport t = {.id = am_id_make(9, 1)};
	const struct rtcp_report r = {.fraction_lost = 12, .jitter = 90};

	track.transport = &t;
	track.params = (struct am_cmd_track_add){.track_id = am_id_make(5, 1), .clock_rate = 90000};
	figures_track_begin(rig.worker, track.params.track_id);
	figures_transport_begin(rig.worker, t.id);
	track.streams[2].octets = 125000;
	track.streams[2].packets = 100;
	track.streams[2].repaired = 4;
	uint32_t bps = figures_stream(rig.worker, &track, 2, &r, 1000000);
	figures_stream_nack(rig.worker, &track, 2, 9);
	figures_stream_pli(rig.worker, &track, 1);
	figures_publisher(rig.worker, t.id, bps);
	const struct am_track_figures *f = &rig.figures->tracks[5];
	assert_int_equal(f->epoch, 1);
	assert_int_equal(f->encodings[2].bps, 1000000);
	assert_int_equal(f->encodings[2].octets, 125000);
	assert_int_equal(f->encodings[2].repaired, 4);
	assert_int_equal(f->encodings[2].nacks, 9);
	assert_int_equal(f->encodings[1].plis, 1);
	assert_int_equal(am_loss_fraction(f->encodings[2].loss), 12);
	assert_int_equal(f->encodings[2].jitter_ms, 1);
	assert_int_equal(rig.figures->transports[9].octets, 125000);
	assert_int_equal(rig.figures->transports[9].bps, 1000000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(each_viewer_is_told_of_within_a_second),
	        TEST(octets_go_on_where_the_sender_reports_begin_again),
	        TEST(why_there_is_no_more_is_said),
	        TEST(what_a_viewer_says_is_told),
	        TEST(a_slot_begins_anew),
	        TEST(what_a_subscription_came_to_stays_its_transports),
	        TEST(encodings_are_told_apart),
	};
	return cmocka_run_group_tests(tests, eal_begin, NULL);
}

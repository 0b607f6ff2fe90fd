// A viewer behind a slow link gets video at the link's pace, from the history.
#include "one_viewer.h"

#include "path/pace.h"
#include "path/viewer.h"

#define KBIT 1000

// The link carries this much, and a queue was seen recently, so the pace is 1.2 times that.
static void link_carries(uint32_t bps)
{
	struct transport *t = viewer()->transport;

	downlink_init(&t->viewer->downlink, rig.worker->now_us, bps, 0, true);
	t->viewer->downlink.overuse_us = rig.worker->now_us;
	t->viewer->pace_us = rig.worker->now_us;
	t->viewer->pace_sent = 0;
	rig.worker->adapts = true;
	t->slow = true;
}

static void link_is_wide(void)
{
	viewer()->transport->slow = false;
}

static void wait_ms(int ms)
{
	for (int i = 0; i < ms; i++) {
		rig.worker->now_us += 1000;
		if (i % 2 == 0)
			pace(rig.worker);
		tx_flush(rig.worker);
	}
}

static void begin_seen(uint32_t bps)
{
	begin();
	come_back();
	viewer()->transport_cc = true; // its copies are counted
	pictures(1, true);
	link_carries(bps);
	pictures(1, false);
	wait_ms(200);
	got_count = 0;
}

// A frame of this many packets.
static void picture(uint8_t layer, uint8_t temporal, bool key, int n)
{
	for (int i = 0; i < n; i++)
		part(layer, temporal, key, i == 0, i == n - 1, false);
	settle();
}

static void a_large_picture_goes_out_at_the_pace(void **)
{
	begin_seen(500 * KBIT);
	picture(0, 0, false, 20); // 13.7 kB on the wire: 183 ms at 600 kbit/s
	assert_in_range(got_count, 1, 4);
	wait_ms(80);
	assert_in_range(got_count, 8, 13);
	wait_ms(80);
	assert_in_range(got_count, 16, 20);
	wait_ms(60);
	assert_int_equal(got_count, 20);
	expect_no_gap();
	end();
}

static void without_a_queue_the_pace_is_more(void **)
{
	begin_seen(500 * KBIT);
	viewer()->transport->viewer->downlink.overuse_us -= 20000000;
	picture(0, 0, false, 20);
	wait_ms(100);
	assert_int_equal(got_count, 20);
	end();
}

static void what_comes_late_goes_out_at_once(void **)
{
	begin_seen(500 * KBIT);
	part(0, 0, false, true, false, false);
	uint32_t missing = 101u + at[0][TEMPORAL_LIMITS - 1];
	part(0, 0, false, false, false, true); // lost
	part(0, 0, false, false, true, false);
	settle();
	wait_ms(100);
	assert_int_equal(got_count, 2);
	assert_int_equal((uint16_t)(got[1].seq - got[0].seq), 2);
	struct rte_mbuf *m = rig_packet(&rig, 0, missing, PAYLOAD);
	struct track_packet *p = &((struct media_packet *)rte_mbuf_to_priv(m))->info;
	p->flags = 0;
	for (int t = 0; t < TEMPORAL_LIMITS; t++)
		p->seq_at[t] = (uint16_t)(at[0][t] - 1);
	forward(rig.worker, m);
	given++;
	settle();
	assert_int_equal(got_count, 3);
	assert_int_equal((uint16_t)(got[2].seq - got[0].seq), 1);
	end();
}

// 33 pictures of 686 bytes a second are 181 kbit/s, the base layer alone 45.
static void who_falls_behind_gets_fewer_pictures_and_none_twice(void **)
{
	bool lagged = false;

	begin_seen(80 * KBIT);
	for (int i = 0; i < 300; i++) {
		pictures(1, false);
		wait_ms(1);
		lagged |= viewer()->lags;
	}
	assert_true(lagged);
	assert_in_range(got_count, 120, 200);
	expect_no_gap();
	assert_int_equal(rig.counters->value[AM_COUNTER_pace_given_up], 0);
	end();
}

static void what_the_link_never_carries_is_given_up(void **)
{
	begin_seen(30 * KBIT);
	for (int i = 0; i < 40; i++) {
		rig.worker->now_us += FRAME_US;
		picture(0, 0, false, 4);
		pace(rig.worker);
	}
	assert_true(rig.counters->value[AM_COUNTER_pace_given_up] > 0);
	assert_int_equal(selector_layer(&viewer()->selector), SELECTOR_NONE);
	assert_true(stream(0)->key_frame_asked_us > 0);
	assert_true(viewer()->key_frames.used > 0); // the viewer's link causes the key frame
	end();
}

// A new page of a screen has 43 kB, which take 0.95 s at 360 kbit/s.
static void a_screens_page_is_waited_for(void **)
{
	for (int screen = 0; screen < 2; screen++) {
		begin_seen(300 * KBIT);
		rig.fanouts[0]->screen = screen;
		stream(0)->history.age_ms_max = FANOUT_SCREEN_MS;
		picture(0, 0, false, 62);
		wait_ms(1200);
		if (screen) {
			assert_int_equal(got_count, 62);
			assert_false(viewer()->lags);
			expect_no_gap();
		} else {
			assert_in_range(got_count, 40, 61);
		}
		assert_int_equal(rig.counters->value[AM_COUNTER_pace_given_up], !screen);
		end();
	}
}

// The viewer began with the history; later packets wait for their turn.
static void a_past_goes_out_once_and_the_pace_goes_on_behind_it(void **)
{
	begin_seen(500 * KBIT);
	viewer()->paused = SUBSCRIPTION_PAUSED;
	selector_pause(&viewer()->selector);
	pictures(12, true);
	assert_int_equal(got_count, 0);
	come_back();
	picture(0, 0, false, 8); // 5.5 kB: 73 ms at 600 kbit/s
	assert_int_equal(rig.counters->value[AM_COUNTER_catchups], 1);
	assert_int_equal(rig.counters->drops[DROP_duplicate], 0);
	assert_in_range(got_count, 4, 7);
	wait_ms(150);
	assert_int_equal(got_count, 4 + 8);
	expect_no_gap();
	end();
}

// 22 packets take 290 ms at 360 kbit/s, after a burst of three. Packets that come 150 ms later lag
// by about 140 ms, which is still too much for upper layers.
static void who_lags_does_so_until_little_is_left(void **)
{
	begin_seen(300 * KBIT);
	picture(0, 0, false, 22);
	wait_ms(150);
	assert_false(viewer()->lags);
	picture(0, 0, false, 2);
	wait_ms(250);
	assert_int_equal(got_count, 22 + 2);
	assert_true(viewer()->lags);
	assert_int_equal(limit_temporal(viewer()->selector.preferred_limit), 0);
	picture(0, 0, false, 1);
	wait_ms(10);
	assert_false(viewer()->lags);
	assert_true(limit_temporal(viewer()->selector.preferred_limit) > 0);
	end();
}

// A switch to a lower encoding drops waiting packets of the upper one.
static void another_encoding_begins_at_once(void **)
{
	begin_seen(200 * KBIT);
	rig.fanouts[0]->stream_count = 2;
	picture(0, 0, false, 30);
	assert_in_range(got_count, 1, 4);
	selector_set_active(&viewer()->selector, 3);
	selector_prefer(&viewer()->selector, 1, 3);
	uint32_t before = got_count;
	picture(1, 0, true, 1);
	assert_int_equal(got_count, before + 1);
	assert_int_equal(selector_layer(&viewer()->selector), 1);
	wait_ms(300);
	assert_int_equal(got_count, before + 1);
	end();
}

static void a_link_that_opens_ends_the_pace_without_a_gap(void **)
{
	begin_seen(200 * KBIT);
	picture(0, 0, false, 8);
	link_is_wide();
	assert_true(got_count < 8);
	for (int i = 0; i < 30; i++)
		pictures(1, false);
	assert_false(viewer()->paced);
	assert_int_equal(got_count, 38);
	expect_no_gap();
	end();
}

// During a round, the queue already holds packets of the next one.
static void nothing_goes_out_twice(void **)
{
	begin_seen(2000 * KBIT);
	for (int i = 0; i < 50; i++) {
		part(0, 0, false, true, true, false);
		rig.worker->now_us += 11000; // makes it a round of its own
		part(0, 0, false, true, true, false);
		settle();
		wait_ms(20);
	}
	assert_int_equal(got_count, 100);
	expect_no_gap();
	end();
}

// A probe's rate is 600 kbit/s; what waits goes out first, and padding only once nothing does.
static void pictures_that_wait_are_what_a_probe_sends(void **)
{
	begin_seen(500 * KBIT);
	struct transport *t = viewer()->transport;
	struct downlink *d = &t->viewer->downlink;
	const _Atomic uint64_t *probes = &rig.counters->value[AM_COUNTER_made_probes];

	picture(0, 0, false, 20); // 183 ms
	probe_start(&d->probe, rig.worker->now_us, 600 * KBIT, 0, 0, d->sent.next, d->sent.bytes);
	d->probe.bytes = 54000;
	t->viewer->probing = true;
	TAILQ_INSERT_TAIL(&rig.worker->probing, t, probing);
	for (int i = 0; i < 98; i++) {
		wait_ms(2);
		viewer_probe(rig.worker);
		tx_flush(rig.worker);
		if (got_count < 20)
			assert_in_range(*probes, 0, 1);
	}
	assert_true(*probes > 1);
	assert_int_equal(got_count, 20);
	end();
}

// A probe sends packets faster than the pace; later packets do not have to wait for that.
static void pictures_of_a_probe_are_no_debt_of_the_pace(void **)
{
	begin_seen(300 * KBIT);
	struct transport *t = viewer()->transport;
	struct downlink *d = &t->viewer->downlink;

	picture(0, 0, false, 60); // 41 kB
	probe_start(&d->probe, rig.worker->now_us, 1200 * KBIT, 0, 0, d->sent.next, d->sent.bytes);
	d->probe.bytes = 20000;
	for (int i = 0; i < 100 && downlink_probing(d); i++)
		wait_ms(2);
	assert_false(downlink_probing(d));
	uint32_t before = got_count;
	assert_in_range(before, 27, 34);
	wait_ms(100); // 4.5 kB
	assert_in_range(got_count - before, 4, 9);
	expect_no_gap();
	end();
}

static void only_who_has_packets_that_wait_is_visited(void **)
{
	begin_seen(500 * KBIT);
	struct worker *w = rig.worker;
	assert_true(viewer()->paced);
	assert_true(TAILQ_EMPTY(&w->pacing));
	picture(0, 0, false, 20);
	assert_ptr_equal(TAILQ_FIRST(&w->pacing), viewer()->transport);
	assert_ptr_equal(viewer()->transport->viewer->waiting, viewer());
	wait_ms(250);
	assert_int_equal(got_count, 20);
	assert_true(TAILQ_EMPTY(&w->pacing));
	assert_null(viewer()->transport->viewer->waiting);
	assert_false(viewer()->waits);
	end();
}

// A subscription is removed while other subscriptions' packets wait, or only its own.
static void who_leaves_waits_no_more(void **)
{
	static struct subscription more[3];

	for (size_t gone = 0; gone < 3; gone++) {
		begin_seen(500 * KBIT);
		struct transport *t = viewer()->transport;
		for (size_t i = 0; i < 3; i++) {
			more[i] = *viewer();
			struct track_packet p = {.seq = more[i].pace_next + 1};
			assert_true(pace_holds(rig.worker, &more[i], &p));
		}
		pace_leave(rig.worker, &more[gone]);
		size_t left = 0;
		for (const struct subscription *s = t->viewer->waiting; s; s = s->waiting_next) {
			assert_ptr_not_equal(s, &more[gone]);
			left++;
		}
		assert_int_equal(left, 2);
		assert_false(TAILQ_EMPTY(&rig.worker->pacing));
		for (size_t i = 0; i < 3; i++)
			pace_leave(rig.worker, &more[i]);
		assert_true(TAILQ_EMPTY(&rig.worker->pacing));
		end();
	}
}

// For seconds there was only audio, of 64 kbit/s: a fifth of the pace.
static void what_sound_takes_while_nothing_waits_is_no_debt(void **)
{
	begin_seen(250 * KBIT);
	struct viewer *v = viewer()->transport->viewer;
	v->downlink.unhurt = false;
	for (int i = 0; i < 150; i++) {
		rig.worker->now_us += 20000;
		downlink_sent(&v->downlink, rig.worker->now_us, 160);
		viewer_tick(rig.worker);
	}
	assert_true(viewer()->transport->slow);
	picture(0, 0, false, 8);
	assert_in_range(got_count, 1, 4);
	end();
}

static void sound_does_not_wait(void **)
{
	begin_seen(30 * KBIT);
	rig.fanouts[0]->codec = AM_CODEC_OPUS;
	viewer()->paced = false;
	picture(0, 0, false, 20);
	assert_int_equal(got_count, 20);
	rig.fanouts[0]->codec = AM_CODEC_VP8;
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_large_picture_goes_out_at_the_pace),
	        cmocka_unit_test(without_a_queue_the_pace_is_more),
	        cmocka_unit_test(what_comes_late_goes_out_at_once),
	        cmocka_unit_test(who_falls_behind_gets_fewer_pictures_and_none_twice),
	        cmocka_unit_test(what_the_link_never_carries_is_given_up),
	        cmocka_unit_test(a_screens_page_is_waited_for),
	        cmocka_unit_test(a_past_goes_out_once_and_the_pace_goes_on_behind_it),
	        cmocka_unit_test(who_lags_does_so_until_little_is_left),
	        cmocka_unit_test(another_encoding_begins_at_once),
	        cmocka_unit_test(a_link_that_opens_ends_the_pace_without_a_gap),
	        cmocka_unit_test(nothing_goes_out_twice),
	        cmocka_unit_test(pictures_that_wait_are_what_a_probe_sends),
	        cmocka_unit_test(pictures_of_a_probe_are_no_debt_of_the_pace),
	        cmocka_unit_test(only_who_has_packets_that_wait_is_visited),
	        cmocka_unit_test(who_leaves_waits_no_more),
	        cmocka_unit_test(what_sound_takes_while_nothing_waits_is_no_debt),
	        cmocka_unit_test(sound_does_not_wait),
	};

	return cmocka_run_group_tests(tests, eal_begin, NULL);
}

// A viewer's feedback becomes the estimate of its link; probes; audio that is sent twice.
#include "one_link.h"

#include <rte_ring_elem.h>

#include "am_reader.h"
#include "path/copy.h"
#include "path/forward.h"
#include "path/inbox.h"
#include "path/pace.h"
#include "path/post.h"

#define FRAME_LEN 42 // Ethernet, IPv4 and UDP, before RTP

static uint32_t frames, padded, named;
static uint16_t numbers[1000]; // transport-wide, in the order sent
static uint64_t answered; // the next number that the viewer will report

static void take(const struct rte_mbuf *m)
{
	const uint8_t *rtp = rte_pktmbuf_mtod_offset(m, const uint8_t *, FRAME_LEN);

	padded += rtp[0] >> 5 & 1;
	named += (rtp[0] >> 5 & 1) && rtp[23] == AM_EXT_MID << 4 && rtp[24] == '7'; // rig's MID
	// In our headers, the number follows the send time.
	if (frames < 1000 && rtp[20] >> 4 == AM_EXT_TRANSPORT_CC)
		numbers[frames] = (uint16_t)(rtp[21] << 8 | rtp[22]);
	frames++;
}

static int eal_begin(void **)
{
	return rig_port_begin("viewer_test", take);
}

// Like begin, and counts frames from here on.
static void begin_counted(uint16_t tracks, bool transport_wide)
{
	begin(tracks, transport_wide);
	answered = viewer()->downlink.sent.next;
	frames = padded = named = 0;
}

// Audio of 150 kbit/s that gets lost is sent twice, but not into a queue on a narrow link.
static void audio_is_not_doubled_into_a_queue(void **)
{
	static const struct {
		bool lossy, doubled;
		float rate;
		int64_t queued_ago_us;
	} cases[] = {
	        {true, true, 900000, 0},          {true, false, 300000, 0},
	        {true, false, 300000, 9000000},   {true, true, 300000, 11000000},
	        {false, false, 900000, 11000000}, {true, false, 230000, 11000000}, // too narrow
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(2, true);
		rig.fanouts[0]->codec = AM_CODEC_OPUS;
		subscription(0)->red_payload_type = 63;
		subscription(0)->transport_cc = true;
		struct downlink *d = &viewer()->downlink;
		tick(2 * VIEWER_TICKS);
		d->transport_wide = d->clock_known = true;
		d->overuse_us = rig.worker->now_us - cases[i].queued_ago_us;
		d->delay.rate = cases[i].rate;
		rig.transports[0]->link.lossy = cases[i].lossy;
		viewer()->changed = true;
		tick(2 * VIEWER_TICKS);
		if (rig.transports[0]->doubled != cases[i].doubled)
			fail_msg("case %zu", i);
		end();
	}
}

// Transport-wide feedback was negotiated only with the video, after audio without numbers.
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

// Sends a second of the large encoding, 1.5 Mbit/s, followed by the viewer's report.
static void watch(uint8_t fraction_lost)
{
	for (int i = 0; i < 1000000 / VIEWER_TICK_US; i++)
		show(2, i == 0);
	viewer_report(rig.worker, rig.transports[0], fraction_lost);
}

// The client supports neither transport-wide numbers nor REMB.
static void who_has_no_numbers_adapts_to_its_losses(void **)
{
	static const struct {
		uint8_t fraction_lost; // 1/256
		bool less;
	} cases[] = {{0, false}, {51, true}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin_counted(1, false);
		subscription(0)->transport_cc = false;
		for (int s = 0; s < 20; s++)
			watch(cases[i].fraction_lost);
		assert_true(frames > 10 * 1000000 / VIEWER_TICK_US);
		if (cases[i].less)
			expect_layer(0, 1);
		else
			assert_int_equal(subscription(0)->given, SELECTOR_NONE);
		end();
	}
}

// The viewer's REMB also sets its pace.
static void who_has_no_numbers_is_paced_by_its_remb(void **)
{
	static const struct {
		uint64_t bps;
		bool slow;
	} cases[] = {{600000, true}, {1200000, true}, {4000000, false}}; // for 150 to 1500 kbit/s

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(1, false);
		carries(cases[i].bps);
		assert_int_equal(rig.transports[0]->slow, cases[i].slow);
		tick(DOWNLINK_REMB_US / VIEWER_TICK_US + 2 * VIEWER_TICKS);
		assert_false(rig.transports[0]->slow); // an old REMB does not count
		end();
	}
}

// If the viewer reports on numbers, packets without a number do not count as sent.
static void what_has_no_number_is_no_part_of_what_is_answered(void **)
{
	for (int answers = 0; answers < 2; answers++) {
		begin(1, answers);
		subscription(0)->transport_cc = false;
		watch(0);
		if (answers)
			assert_int_equal(viewer()->downlink.sent.bytes, 0);
		else
			assert_in_range(viewer()->downlink.sent.bytes, 150000, 220000);
		end();
	}
}

// A number that is never sent would look like a loss on the viewer's link.
static void what_is_too_long_takes_no_number(void **)
{
	begin(1, true);
	uint64_t next = viewer()->downlink.sent.next;
	const struct selector_out out = {.seq = 1};
	struct rte_mbuf *m = rig_packet(&rig, 0, 1, 1460);
	assert_non_null(m);
	assert_int_equal(copy_queue(rig.worker, subscription(0), m, &out, 0, COPY_FIRST, NULL), -1);
	assert_int_equal(rig.counters->drops[DROP_too_long], 1);
	assert_int_equal(viewer()->downlink.sent.next, next);
	rte_pktmbuf_free(m);
	end();
}

// A new viewer's estimate allows the middle encoding; a probe tries the large one.
static void a_wish_is_probed_with_padding(void **)
{
	begin_counted(1, true);
	viewer()->changed = true;
	tick(20);
	expect_layer(0, 1);
	assert_int_equal(padded, 0);
	viewer()->downlink.clock_known = true; // feedback has come
	for (int i = 0; i < 400 && padded < 5; i++)
		tick(1);
	assert_true(padded >= 5);
	assert_int_equal(rig.counters->value[AM_COUNTER_made_probes], padded);
	assert_int_equal(named, padded); // Firefox reports no stream whose MID it does not know
	for (uint32_t i = 1; i < padded; i++)
		assert_int_equal((uint16_t)(numbers[i] - numbers[i - 1]), 1);
	end();
}

// The viewer reports everything that was sent: it arrived as sent.
static void tell_all(void)
{
	const struct sent *sent = &viewer()->downlink.sent;
	uint16_t n = (uint16_t)(sent->next - answered);
	uint8_t body[512] = {0};
	struct sent_packet p;

	assert_in_range(n, 1, 200);
	assert_true(sent_find(sent, answered, rig.worker->now_us, &p));
	int64_t at_us = p.us / 64000 * 64000;
	am_put_u16(body + 8, (uint16_t)answered);
	am_put_u16(body + 10, n);
	am_put_u24(body + 12, (uint32_t)(at_us / 64000));
	am_put_u16(body + 16, (uint16_t)(0x4000 | n)); // deltas of two bytes
	uint16_t len = 18;
	for (; answered < sent->next; answered++, len += 2) {
		assert_true(sent_find(sent, answered, rig.worker->now_us, &p));
		int64_t ticks = (p.us - at_us) / TWCC_FEEDBACK_TICK_US;
		am_put_u16(body + len, (uint16_t)ticks);
		at_us += ticks * TWCC_FEEDBACK_TICK_US;
	}
	const struct rtcp_view v = {.body = body, .body_len = len};
	viewer_feedback(rig.worker, rig.transports[0], &v);
}

// It must not begin up to a tick later, when all that was due meanwhile would go out at once.
static void the_long_part_of_a_probe_begins_with_the_answer(void **)
{
	begin_counted(1, true);
	viewer()->changed = true;
	viewer()->downlink.clock_known = true;
	for (int i = 0; i < 400 && (padded < 5 || viewer()->probing); i++)
		tick(1);
	assert_false(viewer()->probing);
	uint32_t before = padded;
	tell_all();
	assert_true(downlink_probing(&viewer()->downlink));
	for (int i = 0; i < 20; i++) {
		uint32_t had = padded;
		rig.worker->now_us += VIEWER_PROBE_US;
		viewer_probe(rig.worker);
		tx_flush(rig.worker);
		assert_in_range(padded - had, 0, 6); // at first one of the largest
	}
	assert_true(padded >= before + 20);
	end();
}

// The probe and the paced packets of such a viewer are not checked every 2 ms for ever.
static void who_loses_its_way_is_visited_no_more(void **)
{
	begin_counted(1, true);
	struct worker *w = rig.worker;
	struct transport *t = rig.transports[0];
	viewer()->changed = true;
	viewer()->downlink.clock_known = true;
	for (int i = 0; i < 400 && !viewer()->probing; i++)
		tick(1);
	struct track_packet p = {.seq = 1};
	subscription(0)->paced = true;
	subscription(0)->selector.layer = 0;
	assert_true(pace_holds(w, subscription(0), &p));
	assert_false(TAILQ_EMPTY(&w->probing) || TAILQ_EMPTY(&w->pacing));
	uint16_t len = t->route.len;
	t->route.len = 0;
	tick(2 * VIEWER_TICKS);
	assert_true(TAILQ_EMPTY(&w->probing) && TAILQ_EMPTY(&w->pacing));
	assert_false(viewer()->probing);
	t->route.len = len;
	p.seq++;
	assert_true(pace_holds(w, subscription(0), &p)); // the viewer is visited again
	assert_false(TAILQ_EMPTY(&w->pacing));
	end();
}

// The viewer wishes for more and has sent feedback. After a fade, there is also a former rate to
// probe.
static void wish_for_more(bool faded)
{
	viewer()->changed = true;
	viewer()->downlink.clock_known = true;
	viewer()->downlink.former = faded ? 2000000 : 0;
}

static void what_a_fade_took_is_probed_without_a_wish(void **)
{
	begin_counted(1, true);
	subscription(0)->paused = SUBSCRIPTION_PAUSED;
	wish_for_more(true);
	tick(TICKS);
	assert_int_equal(viewer()->downlink.want, 0);
	assert_true(padded > 0);
	end();
}

// Probes would only make the overload worse.
static void a_worker_that_is_behind_sends_no_probes(void **)
{
	for (int faded = 0; faded < 2; faded++) {
		begin_counted(1, true);
		rig.worker->shedding.level = SHED_PROBES;
		rig.worker->shedding.calm_us = INT64_MAX;
		wish_for_more(faded);
		tick(2 * TICKS);
		assert_int_equal(padded, 0);
		end();
	}
}

static void who_does_not_adapt_sends_no_probes(void **)
{
	begin_counted(1, true);
	rig.worker->adapts = false;
	wish_for_more(true);
	tick(2 * TICKS);
	assert_int_equal(padded, 0);
	end();
}

// Without a retransmission stream, there is nothing to probe with that the client has agreed to.
static void without_retransmissions_nothing_is_probed(void **)
{
	for (int faded = 0; faded < 2; faded++) {
		begin_counted(1, true);
		subscription(0)->rtx_ssrc = 0;
		wish_for_more(faded);
		tick(800);
		assert_int_equal(frames, 0);
		assert_false(viewer()->downlink.probe.tried); // a probe would wait in vain
		end();
	}
}

// proves A14
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
	        cmocka_unit_test(audio_is_not_doubled_into_a_queue),
	        cmocka_unit_test(who_answers_for_pictures_alone_is_estimated),
	        cmocka_unit_test(who_never_answers_gets_what_it_asks_for),
	        cmocka_unit_test(who_has_no_numbers_adapts_to_its_losses),
	        cmocka_unit_test(who_has_no_numbers_is_paced_by_its_remb),
	        cmocka_unit_test(what_has_no_number_is_no_part_of_what_is_answered),
	        cmocka_unit_test(what_is_too_long_takes_no_number),
	        cmocka_unit_test(a_wish_is_probed_with_padding),
	        cmocka_unit_test(the_long_part_of_a_probe_begins_with_the_answer),
	        cmocka_unit_test(who_loses_its_way_is_visited_no_more),
	        cmocka_unit_test(what_a_fade_took_is_probed_without_a_wish),
	        cmocka_unit_test(a_worker_that_is_behind_sends_no_probes),
	        cmocka_unit_test(who_does_not_adapt_sends_no_probes),
	        cmocka_unit_test(without_retransmissions_nothing_is_probed),
	        cmocka_unit_test(any_feedback_is_survived),
	};
	return cmocka_run_group_tests(tests, eal_begin, NULL);
}

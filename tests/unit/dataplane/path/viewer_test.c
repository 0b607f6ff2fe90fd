// The estimate of a viewer's link decides which layers it is sent.
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
	        {70000, SELECTOR_NONE}, {200000, 0}, {600000, 1}, {4000000, 2}, {300000, 0},
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
	carries(70000);
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
	assert_true(message_post(rig.worker->inbox, &pause));
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

// It is not twice as much, since headers are not repeated.
static void redundant_sound_weighs_half_as_much_again(void **)
{
	static const struct {
		uint8_t red;
		bool lossy;
		uint8_t layer; // of the video: 500 kbit/s fit or do not
	} cases[] = {{0, true, 1}, {63, false, 1}, {63, true, 0}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(2, false);
		rig.fanouts[0]->codec = AM_CODEC_OPUS;
		subscription(0)->red_payload_type = cases[i].red;
		rig.transports[0]->link.lossy = cases[i].lossy;
		carries(700000);
		expect_layer(1, cases[i].layer);
		end();
	}
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
	        {false, false, 900000, 11000000},
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

// A muted track costs nothing, whatever it cost before.
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

// VP9 with spatial layers: a layer costs as much as all layers up to it.
static void spatial_layers_weigh_with_those_beneath(void **)
{
	begin(1, false);
	struct fanout *f = rig.fanouts[0];
	f->stream_count = 1;
	f->spatial_limits = 3;
	carries(640000); // the second layer fits alone, but not together with the first
	expect_layer(0, 0);
	for (int i = 0; i < 8; i++)
		carries(720000);
	expect_layer(0, 1);
	end();
}

// A shared screen without changes: its bitrate is unknown.
static void a_starved_picture_of_unknown_weight_is_tried(void **)
{
	begin(1, false);
	carries(70000);
	assert_true(subscription(0)->paused == SUBSCRIPTION_STARVED);
	silent[0] = true;
	for (int i = 0; i < 8; i++)
		carries(70000);
	assert_int_equal(subscription(0)->paused, 0);
	end();
}

// More videos than ALLOCATION_PICTURES; the first two are those of the two tracks.
static void none_of_very_many_pictures_is_forgotten(void **)
{
	static struct subscription more[ALLOCATION_PICTURES + 4];
	enum { COUNT = sizeof(more) / sizeof(more[0]) };
	int starved = 0;

	begin(2, false);
	for (int i = 0; i < COUNT; i++) {
		more[i] = *subscription(i % 2);
		TAILQ_INSERT_TAIL(&rig.transports[0]->subscriptions, &more[i], of_transport);
	}
	carries(100000000);
	for (int i = 0; i < 4; i++)
		carries(100000);
	for (int i = 0; i < COUNT; i++)
		starved += more[i].paused == SUBSCRIPTION_STARVED;
	assert_int_equal(starved, COUNT);
	for (int i = 0; i < 12; i++)
		carries(30000000); // 200 times the lowest step
	for (int i = 0; i < COUNT; i++)
		assert_int_equal(more[i].paused, 0);
	assert_int_equal(subscription(0)->paused | subscription(1)->paused, 0);
	end();
}

// The screen's upper encoding has stood still for so long that it weighs less than the lower one.
static void a_screen_weighs_what_turning_its_page_took(void **)
{
	for (int known = 0; known < 2; known++) {
		begin(1, false);
		struct fanout *f = rig.fanouts[0];
		f->screen = true;
		f->stream_count = 2;
		f->active = 3;
		for (int t = 0; t < TEMPORAL_LIMITS; t++) {
			f->rates.layers[1].bps[t] = 20000;
			f->rates.layers[1].peak_bps[t] = known ? 2400000 : 0;
		}
		carries(1000000);
		expect_layer(0, 0);
		for (int i = 0; i < 4; i++)
			carries(4000000);
		assert_int_equal(subscription(0)->given, SELECTOR_NONE);
		end();
	}
}

// The screen gets all steps of its lower encoding before another video gets its second step.
static void a_screen_has_its_pictures_before_faces_have_more(void **)
{
	for (int screen = 0; screen < 2; screen++) {
		begin(2, false);
		rig.fanouts[1]->screen = screen;
		memcpy(rig.fanouts[0]->rates.layers[0].bps,
		       (uint32_t[TEMPORAL_LIMITS]){90000, 150000, 150000, 150000},
		       sizeof(uint32_t[TEMPORAL_LIMITS]));
		memcpy(rig.fanouts[1]->rates.layers[0].bps,
		       (uint32_t[TEMPORAL_LIMITS]){120000, 260000, 400000, 400000},
		       sizeof(uint32_t[TEMPORAL_LIMITS]));
		carries(495000);
		assert_int_equal(subscription(0)->given, layers_make(0, !screen));
		assert_int_equal(subscription(1)->given, layers_make(0, screen ? 2 : 1));
		end();
	}
}

// The first page of a screen comes at once, in its upper encoding only if the link has room for
// that. A camera is less of a risk.
static void what_was_never_weighed_begins_with_all_where_there_is_room(void **)
{
	static const struct {
		bool screen;
		uint64_t bps;
		bool all;
	} cases[] = {{false, 1900000, true}, {true, 1900000, false}, {true, 2100000, true}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(1, false);
		rig.fanouts[0]->screen = cases[i].screen;
		rig.fanouts[0]->rates = (struct rates){0};
		silent[0] = true;
		carries(cases[i].bps);
		assert_int_equal(
		        subscription(0)->given,
		        cases[i].all ? SELECTOR_NONE : layers_make(0, TEMPORAL_LIMITS - 1)
		);
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

// A picture of this encoding.
static void show(uint8_t layer, bool key)
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

static void the_client_gets_no_more_than_it_asks_for(void **)
{
	begin(1, false);
	struct message layers = {
	        .type = MESSAGE_SUBSCRIPTION_LAYERS,
	        .object = subscription(0),
	        .value = 0 | 1 << 8};
	assert_true(message_post(rig.worker->inbox, &layers));
	inbox_service(rig.worker, 8);
	carries(5000000);
	expect_layer(0, 0);
	assert_int_equal(limit_temporal(subscription(0)->selector.preferred_limit), 1);
	end();
}

// A video without temporal layers has none to leave out.
static void what_is_left_out_is_said(void **)
{
	begin(1, true);
	rig.worker->adapts = false;
	rig.worker->shedding.level = SHED_SECOND;
	assert_false(viewer_is_shed(rig.worker, subscription(0)));
	rig.fanouts[0]->rates.layers[2].bps[0] /= 2;
	assert_true(viewer_is_shed(rig.worker, subscription(0)));
	subscription(0)->asked = layers_make(2, 0);
	assert_false(viewer_is_shed(rig.worker, subscription(0)));
	rig.worker->shedding.level = SHED_NOTHING;
	subscription(0)->asked = layers_make(2, 7); // more layers than can exist
	assert_false(viewer_is_shed(rig.worker, subscription(0)));
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

// Layers are left out step by step while pictures wait too long, and come back.
static void a_worker_that_is_behind_leaves_out_layers(void **)
{
	static struct am_lifecycle lifecycle;

	begin(1, true);
	rig.worker->lifecycle = &lifecycle;
	rig.worker->adapts = false;
	tick(TICKS);
	assert_int_equal(lifecycle.shed, SHED_NOTHING);
	expect_layer(0, TRACK_LAYERS - 1);
	rig.worker->behind = true;
	tick(9 * SHED_WINDOW_US / VIEWER_TICK_US);
	assert_int_equal(lifecycle.shed, SHED_REST);
	expect_layer(0, 0);
	assert_int_equal(limit_temporal(subscription(0)->selector.preferred_limit), 0);
	rig.worker->behind = false;
	tick(9 * SHED_CALM_US / VIEWER_TICK_US);
	assert_int_equal(lifecycle.shed, SHED_NOTHING);
	for (int step = SHED_PROBES; step < SHED_LEVELS; step++)
		assert_int_equal(rig.counters->shed[step], 1);
	expect_layer(0, TRACK_LAYERS - 1);
	end();
}

// Which of the first `tracks` videos are shed, a bit each.
static unsigned shed(uint16_t tracks)
{
	unsigned bits = 0;

	for (uint16_t i = 0; i < tracks; i++)
		bits |= (unsigned)!!(subscription(i)->paused & SUBSCRIPTION_SHED) << i;
	return bits;
}

static void ask(uint16_t track, uint32_t type, uint32_t value)
{
	struct message m = {.type = type, .object = subscription(track), .value = value};

	assert_int_equal(rte_ring_sp_enqueue_elem(rig.worker->inbox, &m, sizeof(m)), 0);
	inbox_service(rig.worker, 8);
	tick(2 * VIEWER_TICKS);
}

static void prioritize(uint16_t track, uint8_t priority)
{
	ask(track, MESSAGE_SUBSCRIPTION_LAYERS, 2 | 2 << 8 | (uint32_t)priority << 16);
}

// Of equally important videos, the first stays. A shared screen stays as well.
static void in_the_end_the_most_important_picture_is_left(void **)
{
	static struct am_lifecycle lifecycle;
	struct message msg;

	begin(4, false);
	rig.worker->lifecycle = &lifecycle;
	prioritize(1, 150);
	prioritize(3, SHED_SHARE - 1);
	assert_int_equal(shed(4), 0);
	rig.worker->shedding.level = SHED_REST;
	rig.worker->shedding.calm_us = INT64_MAX; // the level stays
	(void)told(0, &msg);
	tick(2 * VIEWER_TICKS);
	assert_int_equal(shed(4), 7);
	assert_true(told(0, &msg));
	assert_int_equal(msg.value & 0xff, SELECTOR_NONE);
	assert_int_equal(msg.value >> 16, AM_LIMIT_OVERLOAD);
	for (uint16_t i = 0; i < 4; i++)
		assert_int_equal(subscription(i)->withheld_told, i < 3 ? AM_LIMIT_OVERLOAD : 0);
	prioritize(3, SHED_SHARE);
	assert_int_equal(shed(4), 7);
	prioritize(0, SHED_SHARE);
	assert_int_equal(shed(4), 6);
	prioritize(0, 100);
	prioritize(3, 100);
	assert_int_equal(shed(4), 13);
	ask(1, MESSAGE_SUBSCRIPTION_PAUSE, true);
	assert_int_equal(shed(4), 12); // what the client pauses is not shed
	assert_int_equal(subscription(0)->withheld_told, AM_LIMIT_NONE);
	ask(3, MESSAGE_SUBSCRIPTION_PAUSE, true);
	assert_int_equal(shed(4), 4);
	ask(3, MESSAGE_SUBSCRIPTION_PAUSE, false);
	assert_int_equal(shed(4), 12);
	assert_int_equal(subscription(3)->withheld_told, AM_LIMIT_OVERLOAD);
	ask(1, MESSAGE_SUBSCRIPTION_PAUSE, false);
	assert_int_equal(shed(4), 13);
	// A video that its publisher does not send is not worth keeping.
	silent[1] = true;
	tick(8 * TICKS);
	assert_int_equal(shed(4), 14);
	silent[1] = false;
	tick(2 * VIEWER_TICKS);
	assert_int_equal(shed(4), 13);
	// A video that the link does not carry either comes back only when both reasons are gone.
	carries(70000);
	assert_int_equal(subscription(1)->paused, SUBSCRIPTION_STARVED);
	rig.worker->shedding.level = SHED_MIDDLE;
	tick(2 * VIEWER_TICKS);
	assert_int_equal(shed(4), 0);
	for (int i = 0; i < 6; i++)
		carries(4000000);
	for (uint16_t i = 0; i < 4; i++)
		assert_int_equal(subscription(i)->paused, 0);
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

// Until the lower encoding's key frame arrives, the viewer gets as few frames as possible of the
// upper one.
static void until_the_lower_one_begins_the_upper_one_comes_thin(void **)
{
	begin(1, false);
	struct subscription *s = subscription(0);
	show(2, true);
	s->given = layers_make(0, 2);
	viewer_prefer(rig.worker, s);
	assert_int_equal(selector_layer(&s->selector), 2);
	assert_int_equal(s->selector.preferred, 0);
	assert_int_equal(limit_temporal(s->selector.preferred_limit), 0);
	show(0, true);
	viewer_prefer(rig.worker, s);
	assert_int_equal(selector_layer(&s->selector), 0);
	assert_int_equal(limit_temporal(s->selector.preferred_limit), 2);
	end();
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
	        cmocka_unit_test(who_says_nothing_gets_what_it_asks_for),
	        cmocka_unit_test(a_picture_fits_the_link),
	        cmocka_unit_test(a_starved_picture_says_so_and_comes_back),
	        cmocka_unit_test(what_the_client_pauses_takes_nothing),
	        cmocka_unit_test(sound_comes_first),
	        cmocka_unit_test(redundant_sound_weighs_half_as_much_again),
	        cmocka_unit_test(audio_is_not_doubled_into_a_queue),
	        cmocka_unit_test(what_has_fallen_silent_takes_nothing),
	        cmocka_unit_test(spatial_layers_weigh_with_those_beneath),
	        cmocka_unit_test(in_the_end_the_most_important_picture_is_left),
	        cmocka_unit_test(a_starved_picture_of_unknown_weight_is_tried),
	        cmocka_unit_test(none_of_very_many_pictures_is_forgotten),
	        cmocka_unit_test(a_screen_weighs_what_turning_its_page_took),
	        cmocka_unit_test(a_screen_has_its_pictures_before_faces_have_more),
	        cmocka_unit_test(what_was_never_weighed_begins_with_all_where_there_is_room),
	        cmocka_unit_test(who_answers_for_pictures_alone_is_estimated),
	        cmocka_unit_test(who_never_answers_gets_what_it_asks_for),
	        cmocka_unit_test(who_has_no_numbers_adapts_to_its_losses),
	        cmocka_unit_test(who_has_no_numbers_is_paced_by_its_remb),
	        cmocka_unit_test(what_has_no_number_is_no_part_of_what_is_answered),
	        cmocka_unit_test(what_is_too_long_takes_no_number),
	        cmocka_unit_test(the_client_gets_no_more_than_it_asks_for),
	        cmocka_unit_test(a_wish_is_probed_with_padding),
	        cmocka_unit_test(the_long_part_of_a_probe_begins_with_the_answer),
	        cmocka_unit_test(who_loses_its_way_is_visited_no_more),
	        cmocka_unit_test(a_worker_that_is_behind_leaves_out_layers),
	        cmocka_unit_test(what_is_left_out_is_said),
	        cmocka_unit_test(what_a_fade_took_is_probed_without_a_wish),
	        cmocka_unit_test(a_worker_that_is_behind_sends_no_probes),
	        cmocka_unit_test(who_does_not_adapt_sends_no_probes),
	        cmocka_unit_test(without_retransmissions_nothing_is_probed),
	        cmocka_unit_test(until_the_lower_one_begins_the_upper_one_comes_thin),
	        cmocka_unit_test(any_feedback_is_survived),
	};
	return cmocka_run_group_tests(tests, eal_begin, NULL);
}

// Which layers of each video a viewer is sent.
#include "one_link.h"

#include <rte_ring_elem.h>

#include "path/inbox.h"
#include "path/layers.h"
#include "path/post.h"

static void take(const struct rte_mbuf *)
{
}

static int eal_begin(void **)
{
	return rig_port_begin("layers_test", take);
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

// A muted track costs nothing, whatever it cost before.
static void what_has_fallen_silent_takes_nothing(void **)
{
	begin(3, false);
	rig.fanouts[0]->codec = AM_CODEC_OPUS;
	carries(700000); // 150 of it for the sound, 500 for one video, or 150 for each
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
		uint8_t asked; // the highest encoding that the client requests
		uint32_t peak_bps; // of what it once weighed; 0: it never came
	} cases[] = {
	        {false, 1900000, true, 2, 0},        {false, 300000, false, 2, 0},
	        {false, 1900000, false, 2, 2000000}, {false, 500000, true, 2, 400000},
	        {false, 500000, true, 1, 400000},    {false, 300000, false, 1, 400000},
	        {true, 1900000, false, 2, 0},        {true, 2100000, true, 2, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(1, false);
		rig.fanouts[0]->screen = cases[i].screen;
		rig.fanouts[0]->rates = (struct rates){0};
		rig.fanouts[0]->rates.layers[cases[i].asked].peak_bps[TEMPORAL_LIMITS - 1] =
		        cases[i].peak_bps;
		subscription(0)->asked = layers_make(cases[i].asked, TEMPORAL_LIMITS - 1);
		silent[0] = true;
		carries(cases[i].bps);
		assert_int_equal(
		        subscription(0)->given,
		        cases[i].all ? SELECTOR_NONE : layers_make(0, TEMPORAL_LIMITS - 1)
		);
		end();
	}
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
	assert_false(layers_are_shed(rig.worker, subscription(0)));
	rig.fanouts[0]->rates.layers[2].bps[0] /= 2;
	assert_true(layers_are_shed(rig.worker, subscription(0)));
	subscription(0)->asked = layers_make(2, 0);
	assert_false(layers_are_shed(rig.worker, subscription(0)));
	rig.worker->shedding.level = SHED_NOTHING;
	subscription(0)->asked = layers_make(2, 7); // more layers than can exist
	assert_false(layers_are_shed(rig.worker, subscription(0)));
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

// Until the lower encoding's key frame arrives, the viewer gets as few frames as possible of the
// upper one.
static void until_the_lower_one_begins_the_upper_one_comes_thin(void **)
{
	begin(1, false);
	struct subscription *s = subscription(0);
	show(2, true);
	s->given = layers_make(0, 2);
	layers_prefer(rig.worker, s);
	assert_int_equal(selector_layer(&s->selector), 2);
	assert_int_equal(s->selector.preferred, 0);
	assert_int_equal(limit_temporal(s->selector.preferred_limit), 0);
	show(0, true);
	layers_prefer(rig.worker, s);
	assert_int_equal(selector_layer(&s->selector), 0);
	assert_int_equal(limit_temporal(s->selector.preferred_limit), 2);
	end();
}

// What the video weighs that is sent now, as begin has it.
static uint32_t sent_bps(void)
{
	static const uint32_t bps[] = {150000, 500000, 1500000};
	const struct subscription *s = subscription(0);

	return s->paused & SUBSCRIPTION_STARVED ? 0 : bps[s->given >> 4 < 2 ? s->given >> 4 : 2];
}

// A receiver's REMB grows up to one and a half times what arrives, and falls when the link is full.
// Returns in how many of these seconds more was sent than the link carries.
static int watch_remb(uint32_t link_bps, int seconds)
{
	uint32_t remb_bps = viewer()->downlink.remb;
	int over = 0;

	for (int i = 0; i < seconds; i++) {
		uint32_t arrives_bps = sent_bps() + 64000, most_bps = arrives_bps / 2 * 3 + 10000;
		if (arrives_bps > link_bps) {
			remb_bps = link_bps / 100 * 85;
			over++;
		} else if (remb_bps < most_bps) {
			uint32_t more_bps = remb_bps / 100 * 108;
			remb_bps = more_bps < most_bps ? more_bps : most_bps;
		}
		downlink_remb(&viewer()->downlink, rig.worker->now_us, remb_bps);
		tick(1000000 / VIEWER_TICK_US);
	}
	return over;
}

// While nothing is sent, such an REMB never shows room by itself.
static void an_remb_that_follows_what_is_sent_does_not_keep_video_away(void **)
{
	begin(1, false);
	carries(70000);
	expect_layer(0, SELECTOR_NONE);
	(void)watch_remb(3000000, 60);
	assert_int_equal(sent_bps(), 1500000);
	assert_in_range(watch_remb(700000, 120), 1, 15);
	assert_true(sent_bps() >= 500000);
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
	        cmocka_unit_test(what_has_fallen_silent_takes_nothing),
	        cmocka_unit_test(spatial_layers_weigh_with_those_beneath),
	        cmocka_unit_test(in_the_end_the_most_important_picture_is_left),
	        cmocka_unit_test(a_starved_picture_of_unknown_weight_is_tried),
	        cmocka_unit_test(none_of_very_many_pictures_is_forgotten),
	        cmocka_unit_test(a_screen_weighs_what_turning_its_page_took),
	        cmocka_unit_test(a_screen_has_its_pictures_before_faces_have_more),
	        cmocka_unit_test(what_was_never_weighed_begins_with_all_where_there_is_room),
	        cmocka_unit_test(an_remb_that_follows_what_is_sent_does_not_keep_video_away),
	        cmocka_unit_test(the_client_gets_no_more_than_it_asks_for),
	        cmocka_unit_test(a_worker_that_is_behind_leaves_out_layers),
	        cmocka_unit_test(what_is_left_out_is_said),
	        cmocka_unit_test(until_the_lower_one_begins_the_upper_one_comes_thin),
	};
	return cmocka_run_group_tests(tests, eal_begin, NULL);
}

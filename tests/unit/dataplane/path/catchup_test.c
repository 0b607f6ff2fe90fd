// A viewer without video starts with the last key frame and the base layer since then.
#include "one_viewer.h"

#include "path/catchup.h"
#include "path/post.h"

static void who_comes_back_gets_the_base_layer_at_once_and_all_that_follows(void **)
{
	begin();
	pictures(20, true);
	assert_int_equal(got_count, 0);
	come_back();
	pictures(1, false);
	// The key frame's two packets, four more of the base layer, and the new one.
	assert_int_equal(got_count, 7);
	assert_int_equal(rig.counters->value[AM_COUNTER_catchups], 1);
	assert_int_equal(stream(0)->key_frame_asked_us, 0);
	expect_no_gap();
	// Two thirds of a second in less than a tenth; the new picture is as far away as ever.
	assert_true(got[5].timestamp - got[0].timestamp < 9000);
	assert_int_equal(got[0].timestamp, got[1].timestamp);
	assert_in_range(got[2].timestamp - got[1].timestamp, 1, TICKS / 4);
	assert_int_equal(got[6].timestamp - got[5].timestamp, 4 * TICKS);
	pictures(8, false);
	assert_int_equal(got_count, 15); // upper layers included
	expect_no_gap();
	end();
}

// Nobody waits for the next frame, which may take long on a still screen.
static void a_past_goes_out_when_the_way_opens(void **)
{
	begin();
	pictures(20, true);
	come_back();
	forward_begin(rig.worker, viewer());
	tx_flush(rig.worker); // before anything else happens
	assert_int_equal(got_count, 6);
	assert_int_equal(rig.counters->value[AM_COUNTER_catchups], 1);
	forward_begin(rig.worker, viewer()); // a second call sends nothing
	settle();
	assert_int_equal(got_count, 6);
	pictures(8, false);
	assert_int_equal(got_count, 6 + 8);
	expect_no_gap();
	end();
}

// A past is not sent while the port is behind, since the oldest frames of others would be dropped.
static void a_past_waits_for_the_port(void **)
{
	begin();
	pictures(20, true);
	come_back();
	rig_port_room = 0;
	for (int i = 0; i < 2 * TX_FULL / 6; i++) {
		forward_begin(rig.worker, viewer());
		selector_pause(&viewer()->selector); // so that it may begin again
	}
	assert_in_range(rig.worker->tx.head - rig.worker->tx.tail, TX_FULL, TX_FULL + 5);
	rig_port_room = RIG_PORT_ENDLESS;
	settle();
	uint32_t before = got_count;
	come_back();
	pictures(1, false);
	assert_int_equal(got_count, before + 7);
	end();
}

static void client_pauses(bool paused)
{
	const struct message msg = {
	        .type = MESSAGE_SUBSCRIPTION_PAUSE, .object = viewer(), .value = paused};

	assert_true(message_post(rig.worker->inbox, &msg));
	inbox_service(rig.worker, 8);
}

// However often a client pauses and resumes, it gets one past per round.
static void who_pauses_again_and_again_begins_once(void **)
{
	begin();
	pictures(20, true);
	for (int i = 0; i < 100; i++) {
		client_pauses(false);
		client_pauses(true);
	}
	client_pauses(false);
	assert_int_equal(rig.counters->value[AM_COUNTER_catchups], 0);
	pictures(1, false);
	assert_int_equal(rig.counters->value[AM_COUNTER_catchups], 1);
	assert_int_equal(got_count, 7);
	end();
}

// Retransmissions of a past's packets are the same packets.
static void what_was_caught_up_with_is_repeated_as_it_was(void **)
{
	begin();
	pictures(12, true);
	come_back();
	pictures(6, false);
	uint32_t count = got_count;
	assert_true(count >= 9);
	for (uint32_t i = 0; i < count; i++) {
		struct selector_source source;
		struct selector_out out;
		const struct subscription *s = viewer();
		assert_true(selector_find(&s->selector, got[i].seq, &source));
		uint32_t in = stream(0)->seq_of[limit_temporal(source.limit)]
		                               [source.seq_at % FANOUT_HISTORY];
		struct rte_mbuf *m =
		        history_find(&stream(0)->history, (uint16_t)in, rig.worker->now_us);
		assert_non_null(m);
		assert_true(selector_repeat(&source, &media_packet_of(m)->info, &out));
		assert_int_equal(out.seq, got[i].seq);
		assert_int_equal(out.timestamp, got[i].timestamp);
	}
	end();
}

static void nobody_begins_with_what_is_not_whole(void **)
{
	begin();
	pictures(4, true);
	part(0, 0, false, true, false, true); // lost
	part(0, 0, false, false, true, false);
	pictures(1, false);
	come_back();
	pictures(8, false);
	assert_int_equal(got_count, 0);
	assert_int_equal(rig.counters->value[AM_COUNTER_catchups], 0);
	assert_true(stream(0)->key_frame_asked_us > 0);
	end();
}

static void nobody_begins_with_what_is_old(void **)
{
	begin();
	pictures(4, true);
	rig.worker->now_us += FANOUT_HISTORY_MS * 1000;
	come_back();
	pictures(8, false);
	assert_int_equal(got_count, 0);
	end();
}

// The track was paused, so pictures from before do not lead to the ones after.
static void nobody_begins_with_what_was_before_a_pause(void **)
{
	begin();
	pictures(4, true);
	chain_break(&stream(0)->chain);
	come_back();
	pictures(8, false);
	assert_int_equal(got_count, 0);
	end();
}

// The past is more than the link carries in half a second.
static void a_slow_viewer_waits_for_less(void **)
{
	begin();
	rig.worker->adapts = true;
	downlink_init(&viewer()->transport->viewer->downlink, 0, 30000, 0, true);
	pictures(20, true); // the base layer has 3600 bytes of these
	come_back();
	pictures(1, false);
	assert_int_equal(got_count, 0);
	downlink_init(&viewer()->transport->viewer->downlink, 0, 100000, 0, true);
	pictures(1, false);
	assert_true(got_count > 0);
	end();
}

static void what_is_in_the_queue_comes_once(void **)
{
	begin();
	pictures(8, true);
	come_back();
	for (int i = 0; i < 3; i++) {
		rig.worker->now_us += 100; // one round
		part(0, 0, false, true, true, false);
	}
	settle();
	assert_int_equal(got_count, 3 + 3);
	expect_no_gap();
	end();
}

// The key frame that the viewer waits for is already in the queue, so no past is sent.
static void a_key_frame_in_the_queue_comes_first(void **)
{
	begin();
	come_back();
	pictures(1, true);
	assert_int_equal(got_count, 2);
	assert_int_equal(rig.counters->value[AM_COUNTER_catchups], 0);
	end();
}

static void two_encodings(void)
{
	rig.fanouts[0]->stream_count = 2;
	rig.fanouts[0]->active = 3;
	selector_set_active(&viewer()->selector, 3);
}

// The requested encoding has no key frame in the history; the one below has.
static void a_lower_encoding_will_do_at_first(void **)
{
	begin();
	two_encodings();
	pictures(8, true);
	come_back();
	rig.worker->now_us += FRAME_US;
	part(0, 0, false, true, true, false);
	settle();
	assert_int_equal(got_count, 3 + 1);
	assert_int_equal(selector_layer(&viewer()->selector), 0);
	assert_int_equal(rig.counters->value[AM_COUNTER_catchups], 1);
	end();
}

// The packet that completed the key frame was late, so some of the following ones have left the
// queue.
static void a_lower_key_frame_in_the_queue_is_waited_for(void **)
{
	begin();
	two_encodings();
	rig.worker->now_us += FRAME_US;
	part(0, 0, false, true, false, false);
	part(0, 0, false, false, false, true); // late
	uint32_t late = 100u + at[0][TEMPORAL_LIMITS - 1];
	part(0, 0, false, false, true, false);
	settle();
	come_back();
	struct rte_mbuf *m = rig_packet(&rig, 0, late, PAYLOAD);
	struct media_packet *p = rte_mbuf_to_priv(m);
	for (int t = 0; t < TEMPORAL_LIMITS; t++)
		p->info.seq_at[t] = (uint16_t)(at[0][t] - 1);
	p->info.timestamp = (uint32_t)(rig.worker->now_us / FRAME_US) * TICKS;
	p->info.flags = TRACK_KEY_FRAME;
	p->info.lead = p->info.trail = 1;
	p->active = 3;
	forward(rig.worker, m);
	given++;
	settle();
	rig.worker->now_us += FRAME_US;
	part(0, 0, false, true, true, false);
	settle();
	assert_int_equal(got_count, 3 + 1);
	expect_no_gap();
	end();
}

// The publisher's numbers jump ahead while the last key frame is still in the history: no turn may
// search all numbers in between for each viewer.
static void a_past_is_no_longer_than_the_history(void **)
{
	const uint32_t jump = UINT32_C(1) << 30;

	begin();
	pictures(4, true);
	for (uint32_t i = 0; i < 10; i++) {
		struct rte_mbuf *m = rig_packet(&rig, 0, jump + i, PAYLOAD);
		assert_non_null(m);
		for (int t = 0; t < TEMPORAL_LIMITS; t++)
			((struct media_packet *)rte_mbuf_to_priv(m))->info.seq_at[t] = ++at[0][t];
		forward(rig.worker, m);
		given++;
		settle();
		come_back();
	}
	assert_true(catchup_has_past(rig.worker, rig.fanouts[0], 0));
	assert_int_equal(got_count, 0);
	assert_int_equal(rig.counters->value[AM_COUNTER_catchups], 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(who_comes_back_gets_the_base_layer_at_once_and_all_that_follows),
	        cmocka_unit_test(a_past_goes_out_when_the_way_opens),
	        cmocka_unit_test(a_past_waits_for_the_port),
	        cmocka_unit_test(who_pauses_again_and_again_begins_once),
	        cmocka_unit_test(what_was_caught_up_with_is_repeated_as_it_was),
	        cmocka_unit_test(nobody_begins_with_what_is_not_whole),
	        cmocka_unit_test(nobody_begins_with_what_is_old),
	        cmocka_unit_test(nobody_begins_with_what_was_before_a_pause),
	        cmocka_unit_test(a_slow_viewer_waits_for_less),
	        cmocka_unit_test(what_is_in_the_queue_comes_once),
	        cmocka_unit_test(a_key_frame_in_the_queue_comes_first),
	        cmocka_unit_test(a_lower_encoding_will_do_at_first),
	        cmocka_unit_test(a_lower_key_frame_in_the_queue_is_waited_for),
	        cmocka_unit_test(a_past_is_no_longer_than_the_history),
	};

	return cmocka_run_group_tests(tests, eal_begin, NULL);
}

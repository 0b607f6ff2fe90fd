// Retransmissions to viewers: from the history, in bounded numbers.
#include "many_viewers.h"

#include "path/keep.h"
#include "path/repeat.h"
#include "path/tx.h"

#define TRACKS 8

// Numbers of a viewer of the lowest temporal layer lead back to its packets, whatever other layers
// came after them.
static void viewers_of_a_lower_temporal_layer_get_retransmissions(void **)
{
	static const uint8_t pattern[4] = {0, 2, 1, 2};
	begin(1, 1);
	struct subscription *s = &rig.fanouts[0]->chunks->subscriptions[0];
	selector_prefer(&s->selector, 0, 0);
	uint16_t at[TEMPORAL_LIMITS] = {0};
	for (uint32_t i = 0; i < 12; i++) {
		struct rte_mbuf *m = rig_packet(&rig, 0, 1 + i, PAYLOAD);
		struct media_packet *p = rte_mbuf_to_priv(m);
		p->info.temporal_id = pattern[i % 4];
		for (int limit = pattern[i % 4]; limit < TEMPORAL_LIMITS; limit++)
			at[limit]++;
		memcpy(p->info.seq_at, at, sizeof(at));
		forward(rig.worker, m);
	}
	settle();
	assert_int_equal(got[0][0].packets, 3);
	for (uint16_t i = 0; i < 3; i++)
		repeat_send(rig.worker, s, (uint16_t)(s->selector.seq - i));
	settle();
	assert_int_equal(got[0][0].resent, 3);
	end(12);
}

// A flood of NACKs must not push out copies that wait for the port.
static void retransmissions_wait_for_the_port_like_copies(void **)
{
	begin(VIEWERS, 1);
	give(0, 1, BURST);
	settle();
	rig_port_room = 0;
	give(0, 1 + BURST, BURST);
	while (!tx_is_full(rig.worker))
		turn();
	struct subscription *s = &rig.fanouts[0]->chunks->subscriptions[0];
	uint32_t waiting = rig.worker->tx.head - rig.worker->tx.tail;
	repeat_send(rig.worker, s, s->selector.seq);
	assert_int_equal(rig.worker->tx.head - rig.worker->tx.tail, waiting);
	rig_port_room = RIG_PORT_ENDLESS;
	tx_flush(rig.worker);
	repeat_send(rig.worker, s, s->selector.seq);
	settle();
	assert_int_equal(got[0][0].resent, 1);
	end(2 * BURST);
}

// All viewers at once request everything that they got, as after a stall.
static void retransmissions_take_a_bounded_share_of_the_worker(void **)
{
	begin(VIEWERS, 1);
	uint32_t packets = WORKER_RTX_BURST / VIEWERS + 8;
	give(0, 1, packets);
	settle();
	uint32_t viewer = 0;
	struct subscription *s;
	FANOUT_FOREACH (s, rig.fanouts[0]) {
		for (uint32_t i = 0; i < packets; i++)
			repeat_send(rig.worker, s, (uint16_t)(s->selector.seq - i));
		viewer++;
	}
	assert_int_equal(viewer, VIEWERS);
	assert_int_equal(counter(AM_COUNTER_made_retransmissions), WORKER_RTX_BURST);
	assert_int_equal(
	        counter(AM_COUNTER_retransmissions_refused), packets * VIEWERS - WORKER_RTX_BURST
	);
	rig.worker->now_us += 1000;
	s = TAILQ_FIRST(&rig.transports[VIEWERS - 1]->subscriptions); // this one got none
	repeat_send(rig.worker, s, s->selector.seq);
	assert_int_equal(counter(AM_COUNTER_made_retransmissions), WORKER_RTX_BURST + 1);
	settle();
	end(packets);
}

// Requests the viewer's last n packets of the track again.
static void ask_again(uint16_t track, uint16_t n)
{
	struct subscription *s = &rig.fanouts[track]->chunks->subscriptions[0];
	for (uint16_t i = 0; i < n; i++)
		repeat_send(rig.worker, s, (uint16_t)(s->selector.seq - i));
	settle();
}

// The share is 15 % of what the viewer's link carries, at least 8 kB/s, and at most 4 s' worth at
// once.
static void retransmissions_take_a_bounded_share_of_the_viewers_way(void **)
{
	static const struct {
		uint32_t bps;
		uint32_t at_once, later; // of 40
	} cases[] = {{100000, 31, 4}, {5000000, 40, 40}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(1, 1);
		rig.worker->now_us += 10000000;
		downlink_init(
		        &rig.transports[0]->viewer->downlink, rig.worker->now_us, cases[i].bps, 0,
		        true
		);
		give_sized(0, 1, 40, 1000); // with 44 bytes of headers, 32 kB are 30 and a half
		settle();
		ask_again(0, 40);
		assert_int_equal(got[0][0].resent, cases[i].at_once);
		assert_int_equal(
		        counter(AM_COUNTER_retransmissions_refused), 40 - cases[i].at_once
		);
		rig.worker->now_us += 500000; // 4 kB
		ask_again(0, 40);
		assert_int_equal(got[0][0].resent, cases[i].at_once + cases[i].later);
		end(40);
	}
}

// A viewer requests packets more often than they can arrive.
static void what_is_on_its_way_does_not_go_again(void **)
{
	begin(1, 1);
	rig.transports[0]->link.rtt_ms = 100;
	give(0, 1, 40);
	settle();
	for (int i = 0; i < 7; i++) { // 0 to 60 ms
		ask_again(0, 40);
		rig.worker->now_us += 10000;
	}
	assert_int_equal(got[0][0].resent, 40);
	assert_int_equal(counter(AM_COUNTER_retransmissions_refused), 6 * 40);
	rig.worker->now_us += 30000;
	ask_again(0, 40);
	assert_int_equal(got[0][0].resent, 80);
	for (int i = 0; i < 5; i++) {
		rig.worker->now_us += 100000;
		ask_again(0, 40);
	}
	assert_int_equal(got[0][0].resent, 40 * REPEATS_MAX);
	end(40);
}

// The viewer has gone on to another encoding, or to none.
static void what_was_left_does_not_go_again(void **)
{
	begin(1, 1);
	struct subscription *s = &rig.fanouts[0]->chunks->subscriptions[0];
	rig.fanouts[0]->stream_count = 2;
	give(0, 1, 4);
	settle();
	uint16_t last = s->selector.seq;
	repeat_send(rig.worker, s, last);
	selector_set_active(&s->selector, 3);
	struct rte_mbuf *m = rig_packet(&rig, 0, 1, PAYLOAD);
	struct media_packet *p = rte_mbuf_to_priv(m);
	p->info.layer = 1;
	p->active = 3;
	forward(rig.worker, m);
	settle();
	assert_int_equal(s->selector.layer, 1);
	repeat_send(rig.worker, s, (uint16_t)(last - 1)); // before the key frame
	settle();
	assert_int_equal(got[0][0].resent, 1);
	assert_int_equal(counter(AM_COUNTER_retransmissions_refused), 1);
	repeat_send(rig.worker, s, s->selector.seq); // the key frame
	selector_pause(&s->selector);
	repeat_send(rig.worker, s, s->selector.seq);
	settle();
	assert_int_equal(got[0][0].resent, 2);
	assert_int_equal(counter(AM_COUNTER_retransmissions_refused), 2);
	end(5);
}

// A received buffer is large, whatever is in it.
static void small_packets_take_no_received_buffers(void **)
{
	begin(1, TRACKS);
	for (uint32_t i = 0; i < FANOUT_HISTORY; i++) {
		for (uint16_t track = 0; track < TRACKS; track++)
			give(track, 1 + i, 1);
		settle();
	}
	assert_true(rte_mempool_avail_count(rig.port.pool) >= BUFFERS - TX_SPARE);
	for (uint16_t track = 0; track < TRACKS; track++) {
		ask_again(track, 50);
		assert_int_equal(got[0][track].resent, 50);
	}
	end(TRACKS * FANOUT_HISTORY);
}

// Histories leave half of the buffers free, and publishers share the other half.
static void histories_leave_buffers_and_each_publisher_its_share(void **)
{
	begin(1, 2);
	struct buffer_share *share = &rig.worker->shares[WORKER_LARGE];
	assert_int_equal(share->budget, BUFFERS / 2);
	share->budget = 300;
	for (uint32_t i = 0; i < FANOUT_HISTORY; i++) {
		give_sized(0, 1 + i, 1, 1100);
		settle();
	}
	assert_int_equal(share->held, 150); // a single publisher holds half of them
	for (uint32_t i = 0; i < FANOUT_HISTORY; i++) {
		give_sized(1, 1 + i, 1, 1100);
		give_sized(0, 1 + FANOUT_HISTORY + i, 1, 1100);
		settle();
	}
	assert_in_range(share->held_of[0], 99, 102); // two hold a third each
	assert_in_range(share->held_of[1], 99, 102);
	assert_int_equal(share->held, share->held_of[0] + share->held_of[1]);
	for (uint16_t track = 0; track < 2; track++) {
		ask_again(track, 90);
		assert_int_equal(got[0][track].resent, 90);
		assert_int_equal(got[0][track].swaps, 0);
	}
	rig.worker->now_us += FANOUT_HISTORY_MS * 1000 + 1000;
	keep_expire(rig.worker);
	assert_int_equal(share->held, 0);
	end(3 * FANOUT_HISTORY);
}

// Viewers that request everything leave the second half of the worker's share to the others.
static void who_asks_for_much_leaves_some_to_the_others(void **)
{
	begin(VIEWERS, 1);
	uint32_t packets = 2 * WORKER_RTX_BURST / VIEWERS;
	give(0, 1, packets);
	settle();
	uint32_t viewer = 0;
	struct subscription *s;
	FANOUT_FOREACH (s, rig.fanouts[0]) {
		s->transport->rtx =
		        (struct bucket){rig.worker->now_us, TRANSPORT_RTX_BURST / 2 - 1};
		for (uint32_t i = 0; i < packets && viewer < VIEWERS - 1; i++)
			repeat_send(rig.worker, s, (uint16_t)(s->selector.seq - i));
		viewer++;
	}
	assert_int_equal(counter(AM_COUNTER_made_retransmissions), WORKER_RTX_BURST / 2);
	s = TAILQ_FIRST(&rig.transports[VIEWERS - 1]->subscriptions); // this one has not asked yet
	s->transport->rtx.tokens = TRANSPORT_RTX_BURST;
	for (uint32_t i = 0; i < packets; i++)
		repeat_send(rig.worker, s, (uint16_t)(s->selector.seq - i));
	assert_int_equal(counter(AM_COUNTER_made_retransmissions), WORKER_RTX_BURST / 2 + packets);
	settle();
	end(packets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(viewers_of_a_lower_temporal_layer_get_retransmissions),
	        cmocka_unit_test(retransmissions_wait_for_the_port_like_copies),
	        cmocka_unit_test(retransmissions_take_a_bounded_share_of_the_worker),
	        cmocka_unit_test(retransmissions_take_a_bounded_share_of_the_viewers_way),
	        cmocka_unit_test(what_is_on_its_way_does_not_go_again),
	        cmocka_unit_test(what_was_left_does_not_go_again),
	        cmocka_unit_test(small_packets_take_no_received_buffers),
	        cmocka_unit_test(histories_leave_buffers_and_each_publisher_its_share),
	        cmocka_unit_test(who_asks_for_much_leaves_some_to_the_others),
	};
	return cmocka_run_group_tests(tests, eal_begin, NULL);
}

// Video packets behind a gap wait for its repair: for which publishers, how long, and how many.
#include "one_publisher.h"

#include "path/copy.h"
#include "path/inbox.h"
#include "path/post.h"
#include "path/receive.h"
#include "path/tx.h"
#include "wire/sequence.h"

static uint32_t waiting(void)
{
	const struct worker *w = rig.worker;

	assert_int_equal(w->shares[WORKER_WAITING].held, w->shares[WORKER_WAITING].held_of[0]);
	assert_int_equal(LIST_EMPTY(&w->holding), w->shares[WORKER_WAITING].held == 0);
	return w->shares[WORKER_WAITING].held;
}

static struct nack *nack(void)
{
	return &pub.track.streams[0].nack;
}

static void a_repair_comes_in_its_place(void **)
{
	begin();
	nack()->measured = true;
	nack()->rtt_us = 90000;
	send_run(1, 65530, 4, true);
	send_run(1, 1, 5, false); // 65534 to 0 are missing
	assert_int_equal(got.packets, 4);
	assert_int_equal(waiting(), 5);
	assert_int_equal(counter(AM_COUNTER_nacks_sent), 3);
	send_repair(2, 100, 65534);
	assert_int_equal(got.packets, 5);
	send_repair(2, 101, 0);
	send_run(1, 0, 1, false); // a duplicate: the packet had been late, not lost
	assert_int_equal(dropped(DROP_duplicate), 1);
	assert_int_equal(got.packets, 5);
	send_repair(2, 102, 65535);
	assert_int_equal(got.packets, 12);
	assert_int_equal(got.gaps + got.swaps, 0);
	assert_int_equal(waiting(), 0);
	assert_int_equal(counter(AM_COUNTER_held), 6);
	assert_int_equal(counter(AM_COUNTER_held_in_vain), 0);
	end();
}

// A waiting packet is counted, timed and reported by its arrival, not by when it is forwarded.
static void what_waits_has_arrived(void **)
{
	begin();
	send_run(1, 100, 1, true);
	int64_t arrived_us = rig.worker->now_us;
	send_run(1, 102, 2, false);
	assert_int_equal(pub.track.streams[0].packets, 3);
	assert_int_equal(pub.track.streams[0].arrived_us, arrived_us + PACKET_US);
	assert_int_equal(counter(AM_COUNTER_rtp_packets), 3);
	int64_t repaired_us = rig.worker->now_us;
	send_repair(2, 100, 101);
	assert_int_equal(got.packets, 4);
	const struct history *h = &rig.fanouts[0]->streams[0].history;
	for (int i = 0; i < 3; i++) {
		const struct media_packet *p = media_packet_of(
		        history_get(h, sequence_start(101 + (uint16_t)i), rig.worker->now_us)
		);
		int64_t expected_us = i == 0 ? repaired_us : arrived_us + (i - 1) * PACKET_US;
		assert_int_equal(p->info.arrival_us, expected_us);
		assert_int_equal(p->ready_us, repaired_us);
	}
	end();
}

static void what_is_not_repaired_is_waited_for_no_longer_than_a_repair_takes(void **)
{
	begin();
	nack()->rtt_us = 40000;
	send_run(1, 100, 4, true);
	send_run(1, 105, 1, false);
	pass(60000 - RECEIVE_TICK_US);
	assert_int_equal(got.packets, 4);
	pass(RECEIVE_TICK_US);
	assert_int_equal(got.packets, 5);
	assert_int_equal(got.gaps, 1);
	assert_int_equal(counter(AM_COUNTER_held_in_vain), 1);
	send_run(1, 106, 1, false); // the gap holds up nothing more
	assert_int_equal(got.packets, 6);
	send_repair(2, 100, 104); // a repair that comes too late is forwarded out of order
	assert_int_equal(got.packets, 7);
	assert_int_equal(got.swaps, 1);
	end();
}

static void whoever_is_too_far_away_or_answers_nothing_is_not_waited_for(void **)
{
	begin();
	send_run(1, 100, 1, true);
	nack()->rtt_us = 141000;
	send_run(1, 102, 1, false);
	assert_int_equal(got.packets, 2);
	nack()->rtt_us = 20000;
	nack()->vain = NACK_VAIN_MAX;
	send_run(1, 104, 1, false);
	assert_int_equal(got.packets, 3);
	nack()->vain = 0;
	send_run(1, 106, 1, false);
	assert_int_equal(got.packets, 3);
	pass(HOLD_US_MAX);
	assert_int_equal(got.packets, 4);
	end();
}

// Endless gaps, each of which is waited for: places and buffers are bounded.
static void whoever_loses_much_takes_few_buffers(void **)
{
	struct buffer_share *share;
	int64_t now_us;

	begin();
	share = &rig.worker->shares[WORKER_WAITING];
	assert_int_equal(share->budget, BUFFERS / 16);
	send_run(1, 100, 1, true);
	now_us = rig.worker->now_us;
	for (uint16_t i = 0; i < 40; i++) {
		for (uint16_t k = 0; k < 10; k++, rig.worker->now_us = now_us)
			send_run(1, (uint16_t)(102 + 11 * i + k), 1, false);
		assert_int_equal(waiting(), RTE_MIN(10 * (i + 1), 60));
	}
	assert_int_equal(got.gaps, 34);
	share->held +=
	        share->budget - 119; // others' packets wait: this publisher gets half of the rest
	share->held_of[1] += share->budget - 119;
	rig.worker->now_us = now_us;
	struct track_stream *s = &pub.track.streams[0];
	assert_int_equal(s->hold.count, 60);
	send_run(1, 102 + 11 * 40, 1, false);
	assert_int_equal(s->hold.count, 0);
	share->held -= share->held_of[1];
	assert_int_equal(waiting(), 0);
	assert_int_equal(got.packets, 1 + 400 + 1);
	end();
}

// More is lost than NACKs can repair: a key frame is requested, and nothing waits.
static void nobody_waits_for_what_is_not_asked_for(void **)
{
	begin();
	send_run(1, 100, 1, true);
	send_run(1, 102, 3, false);
	assert_int_equal(got.packets, 1);
	uint64_t asked = counter(AM_COUNTER_plis_sent);
	send_run(1, 110 + NACK_MISSING_MAX, 1, false);
	assert_int_equal(got.packets, 5);
	assert_int_equal(counter(AM_COUNTER_plis_sent), asked + 1);
	assert_int_equal(waiting(), 0);
	end();
}

static void a_new_source_finds_nothing_waiting(void **)
{
	begin();
	send_run(7, 40000, 10, true);
	send_run(7, 40011, 3, false);
	assert_int_equal(got.packets, 10);
	send_run(8, 20000, 10, true);
	assert_int_equal(got.packets, 23);
	assert_int_equal(waiting(), 0);
	assert_int_equal(got.swaps, 0);
	end();
}

static void what_waits_when_the_track_pauses_or_goes_is_accounted_for(void **)
{
	begin();
	send_run(1, 100, 4, true);
	send_run(1, 105, 3, false);
	pub.track.paused = true;
	send_run(1, 104, 1, false);
	assert_int_equal(got.packets, 4);
	assert_int_equal(dropped(DROP_paused), 4);
	pub.track.paused = false;
	send_run(1, 109, 3, true);
	assert_int_equal(waiting(), 3);
	uint64_t consumed = counter(AM_COUNTER_consumed);
	const struct message msg = {.type = MESSAGE_TRACK_REMOVE, .id = pub.track.params.track_id};
	assert_true(message_post(rig.worker->inbox, &msg));
	assert_int_equal(inbox_service(rig.worker, 1), 1);
	assert_int_equal(counter(AM_COUNTER_consumed), consumed + 3);
	assert_int_equal(waiting(), 0);
	TAILQ_INSERT_TAIL(&rig.worker->publishers, &pub.transport, publishers); // clear takes it
	end();
}

static void sound_does_not_wait(void **)
{
	begin();
	pub.track.params.codec = AM_CODEC_OPUS;
	send_run(1, 100, 2, false);
	send_run(1, 103, 5, false);
	assert_int_equal(waiting(), 0);
	assert_int_equal(counter(AM_COUNTER_held), 0);
	end();
}

// One packet in eleven is lost, and comes five packets later. Returns how many come out of order.
static uint32_t swaps_of(bool waits)
{
	begin();
	pub.track.params.nack = waits;
	send_run(1, 100, 1, true);
	for (uint16_t i = 0; i < 1000; i++) {
		if (i % 11 != 5)
			send_run(1, (uint16_t)(101 + i), 1, false);
		if (i % 11 == 10)
			send_run(1, (uint16_t)(101 + i - 5), 1, false);
	}
	pass(HOLD_US_MAX);
	assert_int_equal(got.packets, 1001 - (1000 % 11 > 5));
	uint32_t swaps = got.swaps;
	end();
	return swaps;
}

static void viewers_get_pictures_in_order(void **)
{
	assert_int_equal(swaps_of(false), 90);
	assert_int_equal(swaps_of(true), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_teardown(a_repair_comes_in_its_place, clear),
	        cmocka_unit_test_teardown(what_waits_has_arrived, clear),
	        cmocka_unit_test_teardown(
	                what_is_not_repaired_is_waited_for_no_longer_than_a_repair_takes, clear
	        ),
	        cmocka_unit_test_teardown(
	                whoever_is_too_far_away_or_answers_nothing_is_not_waited_for, clear
	        ),
	        cmocka_unit_test_teardown(whoever_loses_much_takes_few_buffers, clear),
	        cmocka_unit_test_teardown(nobody_waits_for_what_is_not_asked_for, clear),
	        cmocka_unit_test_teardown(a_new_source_finds_nothing_waiting, clear),
	        cmocka_unit_test_teardown(
	                what_waits_when_the_track_pauses_or_goes_is_accounted_for, clear
	        ),
	        cmocka_unit_test_teardown(sound_does_not_wait, clear),
	        cmocka_unit_test_teardown(viewers_get_pictures_in_order, clear),
	};
	return cmocka_run_group_tests(tests, eal_begin, NULL);
}

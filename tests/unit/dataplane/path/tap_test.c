// What the recorder gets of a tapped track, and the key frames that are requested for it.
#include "path/tap.h"

#include "one_publisher.h"

#include "am_tap.h"
#include "path/feedback.h"
#include "path/inbox.h"
#include "path/post.h"
#include "path/receive.h"
#include "path/tx.h"
#include "wire/rtcp.h"
#include "wire/sequence.h"

#define EXT_OTHER EXT_AV1 // one_publisher's packets carry one more element

static struct am_tap tap;
static uint64_t read_next; // position

static void begin_tapped(void)
{
	begin();
	assert_int_equal(am_tap_new(&tap, 1, 1), 0);
	rig.worker->tap.ring = &tap.map->rings[0];
	read_next = 0;
	pub.track.tapped = true;
	// The rig's ids are slots alone.
	rig.fanouts[0]->track_id = am_id_make(am_id_slot(rig.fanouts[0]->track_id), 1);
	pub.track.params.track_id = rig.fanouts[0]->track_id;
}

static void end_tapped(void)
{
	struct am_tap_entry e;

	assert_int_equal(am_tap_read(&tap.map->rings[0], read_next, &e), -EAGAIN); // nothing more
	end();
	am_tap_leave(&tap);
}

static int clear_tapped(void **state)
{
	am_tap_leave(&tap);
	return clear(state);
}

// The next entry; it is good.
static struct am_tap_entry next(void)
{
	struct am_tap_entry e = {0};

	assert_int_equal(am_tap_read(&tap.map->rings[0], read_next++, &e), 0);
	assert_true(e.id == pub.track.params.track_id);
	return e;
}

static uint64_t written(void)
{
	return am_tap_head(&tap.map->rings[0]);
}

static void message(uint16_t type, uint32_t value)
{
	const struct message msg = {.type = type, .id = pub.track.params.track_id, .value = value};

	assert_true(message_post(rig.worker->inbox, &msg));
	assert_int_equal(inbox_service(rig.worker, 1), 1);
	settle();
}

static void report(uint32_t ssrc, uint64_t ntp, uint32_t rtp_timestamp)
{
	const struct rtcp_sender_info info = {ntp, ssrc, rtp_timestamp, 1, 1};
	uint8_t packet[256];
	struct packet_view v;

	size_t len = rtcp_build_sr(packet, sizeof(packet), &info, "c", 1);
	assert_int_equal(srtp_send_rtcp(pub.sender, packet, &len, sizeof(packet)), 0);
	struct rte_mbuf *m = datagram(packet, len, &v);
	pub.transport.rtcp = (struct bucket){rig.worker->now_us, TRANSPORT_RTCP_BURST};
	rig.worker->rtcp = (struct bucket){rig.worker->now_us, WORKER_RTCP_BURST};
	feedback_receive(rig.worker, &pub.transport, m, &v);
}

static uint64_t plis(void)
{
	return counter(AM_COUNTER_plis_sent);
}

// Lets time pass, with the ticks in which NACKs and PLIs are sent.
static void wait_us(int64_t us)
{
	for (int64_t end_us = rig.worker->now_us + us; rig.worker->now_us < end_us;) {
		pass(FEEDBACK_TICK_US);
		feedback_tick(rig.worker);
		settle();
	}
}

static void packets_are_copied_as_they_were_sent(void **)
{
	static const uint8_t send_time[] = {0x12, 0x34, 0x56};
	uint8_t payload[1100];

	begin_tapped();
	pub.track.params.extension_id[AM_EXT_ABS_SEND_TIME] = EXT_OTHER;
	pub.descriptor = send_time;
	pub.descriptor_len = sizeof(send_time);
	int64_t arrival_us = rig.worker->now_us;
	pub.timestamp = 0xfffffff0;
	send_run(1, 65535, 1, true);
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i * 7);
	payload[0] = 0x10;
	payload[1] = 1;
	send_payload(1, 0, payload, sizeof(payload));

	struct am_tap_entry e = next();
	assert_int_equal(e.kind, AM_TAP_PACKET);
	assert_int_equal(e.seq, sequence_start(65535));
	assert_int_equal(e.timestamp, 0xfffffff0);
	assert_int_equal(e.arrival_us, arrival_us);
	assert_int_equal(e.codec, AM_CODEC_VP8);
	assert_int_equal(e.encoding, 0);
	assert_int_equal(e.len, 100);
	assert_int_equal(e.flags, AM_TAP_MARKER | AM_TAP_SEND_TIME);
	assert_int_equal(e.send_time, 0x123456);
	e = next();
	assert_int_equal(e.seq, sequence_start(65535) + 1);
	assert_int_equal(e.arrival_us, arrival_us + PACKET_US);
	assert_int_equal(e.len, sizeof(payload));
	assert_memory_equal(e.payload, payload, sizeof(payload));
	assert_int_equal(counter(AM_COUNTER_tapped), 2);
	assert_int_equal(got.packets, 2); // viewers get it as before
	end_tapped();
}

static void loudness_is_copied(void **)
{
	static const uint8_t level = 0x80 | 30;

	begin_tapped();
	pub.track.params.codec = AM_CODEC_OPUS;
	pub.track.params.extension_id[AM_EXT_AUDIO_LEVEL] = EXT_OTHER;
	pub.descriptor = &level;
	pub.descriptor_len = 1;
	send_run(1, 1, 1, false);
	struct am_tap_entry e = next();
	assert_int_equal(e.flags, AM_TAP_MARKER | AM_TAP_LEVEL);
	assert_int_equal(e.level, level);
	assert_int_equal(e.codec, AM_CODEC_OPUS);
	end_tapped();
}

static void only_what_is_tapped_and_not_paused_is_copied(void **)
{
	begin_tapped();
	pub.track.tapped = false;
	send_run(1, 1, 1, true);
	report(1, 5, 5);
	pub.track.tapped = true;
	pub.track.paused = true;
	send_run(1, 2, 1, false);
	assert_int_equal(written(), 0);
	pub.track.paused = false;
	send_run(1, 3, 1, false);
	assert_int_equal(next().seq, sequence_start(3));
	rig.worker->tap.ring = NULL;
	send_run(1, 4, 1, false);
	report(1, 6, 6);
	message(MESSAGE_TRACK_TAP, true);
	assert_int_equal(counter(AM_COUNTER_tapped), 1);
	end_tapped();
}

// Recordings hold what viewers do not get, too.
static void a_track_without_viewers_is_copied(void **)
{
	begin_tapped();
	pub.track.workers = 0;
	send_run(1, 1, 3, true);
	for (uint16_t i = 1; i <= 3; i++)
		assert_int_equal(next().seq, sequence_start(i));
	assert_int_equal(got.packets, 0);
	end_tapped();
}

// In the place and under the number of what it repeats; but its extensions are its own.
static void repairs_are_copied_like_originals(void **)
{
	static const uint8_t send_time[] = {1, 2, 3};

	begin_tapped();
	pub.track.params.extension_id[AM_EXT_ABS_SEND_TIME] = EXT_OTHER;
	pub.descriptor = send_time;
	pub.descriptor_len = sizeof(send_time);
	send_run(1, 100, 1, true);
	int64_t held_us = rig.worker->now_us;
	send_run(1, 102, 1, false);
	assert_int_equal(written(), 1);
	int64_t repaired_us = rig.worker->now_us;
	send_repair(2, 500, 101);
	next();
	struct am_tap_entry e = next();
	assert_int_equal(e.seq, sequence_start(101));
	assert_int_equal(e.flags, AM_TAP_MARKER);
	assert_int_equal(e.arrival_us, repaired_us);
	assert_int_equal(e.len, 100);
	e = next();
	assert_int_equal(e.seq, sequence_start(102));
	assert_int_equal(e.flags, AM_TAP_MARKER | AM_TAP_SEND_TIME);
	assert_int_equal(e.arrival_us, held_us);
	end_tapped();
}

static void numbers_count_within_their_source(void **)
{
	begin_tapped();
	send_run(1, 100, 1, true);
	send_run(3, 40000, 1, true); // another SSRC with the same RID
	struct am_tap_entry first = next(), second = next();
	assert_int_equal(first.seq, sequence_start(100));
	assert_int_equal(second.seq, sequence_start(40000));
	assert_int_not_equal(first.source, second.source);
	end_tapped();
}

static void sender_reports_are_copied_and_repeated(void **)
{
	begin_tapped();
	pub.track.tapped = false;
	send_run(1, 1, 1, true);
	int64_t first_us = rig.worker->now_us;
	report(1, UINT64_C(7) << 32, 7000);
	rig.worker->now_us += 3000000;
	message(MESSAGE_TRACK_TAP, true);
	struct am_tap_entry e = next();
	assert_int_equal(e.kind, AM_TAP_REPORT);
	assert_int_equal(e.arrival_us, first_us); // not of the repetition
	assert_int_equal(e.ntp, UINT64_C(7) << 32);
	assert_int_equal(e.timestamp, 7000);
	assert_int_equal(e.len, 0);
	int64_t second_us = rig.worker->now_us;
	report(1, UINT64_C(8) << 32, 8000);
	report(9, UINT64_C(9) << 32, 9000); // of no track
	for (int i = 0; i < 2; i++) { // and once more for another recorder
		e = next();
		assert_int_equal(e.arrival_us, second_us);
		assert_int_equal(e.ntp, UINT64_C(8) << 32);
		if (i == 0)
			message(MESSAGE_TRACK_TAP, true);
	}
	message(MESSAGE_TRACK_TAP, false);
	report(1, UINT64_C(10) << 32, 10000);
	end_tapped();
}

static void tapping_requests_key_frames_of_what_is_received(void **)
{
	begin_tapped();
	struct track_stream *s = pub.track.streams;
	pub.track.tapped = false;
	pub.track.params.encoding_count = 3;
	for (int i = 1; i < 3; i++) {
		s[i] = s[0];
		s[i].ssrc = 10 + (uint32_t)i;
	}
	send_run(1, 1, 1, true);
	s[1].arrived_us = rig.worker->now_us;
	s[2].arrived_us = rig.worker->now_us - TRACK_STREAM_AGE_US; // switched off
	uint64_t before = plis();
	message(MESSAGE_TRACK_TAP, true);
	assert_int_equal(plis() - before, 2);
	message(MESSAGE_TRACK_KEY_FRAME, 0); // less than a second later: merged
	assert_int_equal(plis() - before, 2);
	rig.worker->now_us += KEYFRAME_INTERVAL_US;
	s[0].arrived_us = s[1].arrived_us = rig.worker->now_us;
	message(MESSAGE_TRACK_KEY_FRAME, 0);
	assert_int_equal(plis() - before, 4);
	pub.track.params.encoding_count = 1;
	end_tapped();
}

// VP8: viewers see from the pictures whether they require what is missing; the recorder does not.
static void what_is_lost_for_good_is_followed_by_a_key_frame(void **)
{
	for (int tapped = 0; tapped < 2; tapped++) {
		begin_tapped();
		pub.track.tapped = tapped;
		send_run(1, 1, 2, true);
		send_run(1, 4, 2, false);
		wait_us(TAP_WAIT_US - 100000);
		assert_int_equal(plis(), 0); // it may still be repaired
		wait_us(100000);
		assert_int_equal(plis(), tapped);
		wait_us(2000000); // once for one loss, also when NACK gives it up
		assert_int_equal(plis(), tapped);
		send_run(1, 6, 1, true);
		send_run(1, 8, 1, false);
		wait_us(2000000);
		assert_int_equal(plis(), 2 * tapped);
		read_next = written();
		end_tapped();
	}
}

static void what_a_key_frame_follows_needs_no_other(void **)
{
	begin_tapped();
	send_run(1, 1, 2, true);
	send_run(1, 4, 1, true);
	wait_us(2000000);
	assert_int_equal(plis(), 0);
	read_next = written();
	end_tapped();
}

// Nothing is repaired: there is nothing to wait for.
static void who_answers_no_nacks_is_asked_at_once(void **)
{
	begin_tapped();
	pub.track.streams[0].nack.vain = NACK_VAIN_MAX;
	send_run(1, 1, 2, true);
	send_run(1, 4, 1, false);
	assert_int_equal(plis(), 1);
	read_next = written();
	end_tapped();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_teardown(packets_are_copied_as_they_were_sent, clear_tapped),
	        cmocka_unit_test_teardown(loudness_is_copied, clear_tapped),
	        cmocka_unit_test_teardown(
	                only_what_is_tapped_and_not_paused_is_copied, clear_tapped
	        ),
	        cmocka_unit_test_teardown(a_track_without_viewers_is_copied, clear_tapped),
	        cmocka_unit_test_teardown(repairs_are_copied_like_originals, clear_tapped),
	        cmocka_unit_test_teardown(numbers_count_within_their_source, clear_tapped),
	        cmocka_unit_test_teardown(sender_reports_are_copied_and_repeated, clear_tapped),
	        cmocka_unit_test_teardown(
	                tapping_requests_key_frames_of_what_is_received, clear_tapped
	        ),
	        cmocka_unit_test_teardown(
	                what_is_lost_for_good_is_followed_by_a_key_frame, clear_tapped
	        ),
	        cmocka_unit_test_teardown(what_a_key_frame_follows_needs_no_other, clear_tapped),
	        cmocka_unit_test_teardown(who_answers_no_nacks_is_asked_at_once, clear_tapped),
	};
	return cmocka_run_group_tests(tests, eal_begin, NULL);
}

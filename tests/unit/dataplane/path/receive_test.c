// What a publisher may do with its streams: restart them, stop, come back, send too much.
#include "one_publisher.h"

#include <stdlib.h>

#include <rte_ring_elem.h>

#include "am_reader.h"
#include "crypto/srtp_state.h"
#include "path/feedback.h"
#include "path/forward.h"
#include "path/inbox.h"
#include "path/pli.h"
#include "path/post.h"
#include "path/receive.h"
#include "path/ssrc.h"
#include "path/tx.h"

static void send_bye(uint32_t ssrc)
{
	uint8_t packet[64] = {0x81, 203, 0, 1};
	size_t len = 8;
	struct packet_view v;

	am_put_u32(packet + 4, ssrc);
	assert_int_equal(srtp_send_rtcp(pub.sender, packet, &len, sizeof(packet)), 0);
	struct rte_mbuf *m = datagram(packet, len, &v);
	feedback_receive(rig.worker, &pub.transport, m, &v);
	settle();
}

static void a_bye_changes_no_number(void **)
{
	begin();
	send_run(1, 65530, 6, true);
	send_run(1, 0, 21, false);
	send_bye(1);
	send_run(1, 21, 300, false);
	assert_int_equal(got.packets, 327);
	assert_int_equal(got.gaps + got.swaps + got.steps_wrong, 0);
	assert_int_equal(dropped(DROP_too_old), 0);
	end();
}

// Until something arrives again, the layer is inactive.
static void after_a_bye_the_layer_is_inactive(void **)
{
	begin();
	pub.track.params.encoding_count = 2;
	rig.fanouts[0]->stream_count = 2;
	strcpy(pub.track.params.encodings[1].rid, "l");
	send_run(1, 100, 3, true);
	assert_int_equal(rig.fanouts[0]->active, 1);
	pub.rid = 'l';
	send_run(2, 100, 1, true);
	assert_int_equal(rig.fanouts[0]->active, 3);
	send_bye(1);
	send_run(2, 101, 1, false);
	assert_int_equal(rig.fanouts[0]->active, 2);
	pub.rid = 'h';
	send_run(1, 103, 1, true);
	assert_int_equal(rig.fanouts[0]->active, 3);
	end();
}

static void another_ssrc_is_numbered_on(void **)
{
	begin();
	send_run(7, 40000, 101, true);
	assert_int_equal(got.packets, 101);
	pub.timestamp += 0x40000000;
	send_run(8, 20000, 600, true);
	assert_int_equal(got.packets, 701);
	assert_int_equal(got.gaps + got.swaps + got.steps_wrong, 0);
	assert_int_equal(pub.transport.receiver->stream_count, 1);
	assert_int_equal(pub.track.streams[0].ssrc, 8);
	end();
}

static void signal_ssrc(uint32_t ssrc)
{
	memset(pub.track.params.encodings, 0, sizeof(pub.track.params.encodings));
	pub.track.params.encodings[0].ssrc = pub.track.streams[0].ssrc = ssrc;
	ssrc_add_track(&pub.transport, &pub.track);
}

// Without simulcast, SSRCs are signaled, and the MID tells which track another SSRC belongs to.
static void another_ssrc_than_the_signaled_one_is_known_by_its_mid(void **)
{
	begin();
	signal_ssrc(7);
	send_run(7, 40000, 10, true);
	send_run(8, 20000, 10, true);
	assert_int_equal(got.packets, 20);
	assert_int_equal(got.gaps + got.swaps, 0);
	pub.mid = '1';
	send_run(9, 20000, 10, true);
	assert_int_equal(got.packets, 20);
	assert_int_equal(dropped(DROP_unknown_ssrc), 10);
	end();
}

// If the new SSRC does not begin with a key frame, one is requested, and the viewer waits for it.
static void another_ssrc_begins_with_a_key_frame(void **)
{
	begin();
	send_run(7, 40000, 10, true);
	uint64_t asked = counter(AM_COUNTER_plis_sent);
	send_run(8, 50, 20, false);
	assert_int_equal(counter(AM_COUNTER_plis_sent), asked + 1);
	assert_int_equal(got.packets, 10);
	send_run(8, 70, 20, true);
	assert_int_equal(got.packets, 30);
	assert_int_equal(got.gaps + got.swaps, 0);
	end();
}

// A gap with nothing before it to repair, and one whose numbers wrap.
static void a_jump_ahead_is_numbered_on(void **)
{
	begin();
	send_run(7, 100, 10, true);
	send_run(7, 20100, 300, true);
	assert_int_equal(got.packets, 310);
	send_run(7, (uint16_t)(20400 + 32000), 300, true);
	assert_int_equal(got.packets, 610);
	send_run(7, (uint16_t)(20400 + 32300 + 32000), 300, true);
	assert_int_equal(got.packets, 910);
	assert_int_equal(got.gaps + got.swaps + got.steps_wrong, 0);
	end();
}

static void a_hundred_and_thirty_changes_work(void **)
{
	begin();
	for (uint32_t i = 0; i < 130; i++)
		send_run(1000 + i, (uint16_t)(i * 7919), 20, true);
	assert_int_equal(got.packets, 130 * 20);
	assert_int_equal(got.gaps + got.swaps, 0);
	assert_int_equal(pub.transport.receiver->stream_count, 1);
	assert_int_equal(pub.ssrcs.count, 1);
	end();
}

// The old source's last packets, late or repeated, do not bring it back.
static void the_old_ssrc_stays_away(void **)
{
	begin();
	send_run(7, 100, 10, true);
	send_run(8, 500, 10, true);
	send_run(7, 110, 5, false);
	assert_int_equal(got.packets, 20);
	assert_int_equal(dropped(DROP_unknown_ssrc), 5);
	send_run(8, 510, 10, false);
	assert_int_equal(got.packets, 30);
	assert_int_equal(got.gaps + got.swaps, 0);
	end();
}

// A removed track's last packets, late or repeated, do not belong to the next track with its MID.
static void the_ssrc_of_a_removed_track_stays_away(void **)
{
	begin();
	signal_ssrc(7);
	send_run(7, 100, 10, true);
	ssrc_remove_track(&pub.transport, &pub.track);
	signal_ssrc(8);
	send_run(8, 20000, 10, true);
	send_run(7, 110, 1, false);
	assert_int_equal(dropped(DROP_unknown_ssrc), 1);
	send_run(8, 20010, 10, false);
	assert_int_equal(got.packets, 30);
	assert_int_equal(got.gaps + got.swaps, 0);

	// Once the SSRC is signaled again, it is accepted.
	ssrc_remove_track(&pub.transport, &pub.track);
	signal_ssrc(7);
	send_run(7, 40000, 10, true);
	assert_int_equal(got.packets, 40);
	end();
}

// A viewer that has changed its layers so often that it must wait long for a key frame.
static void begin_with_a_restless_viewer(void)
{
	begin();
	rig.worker->now_us += 100000000;
	send_run(7, 100, 10, true);
	while (viewer()->key_frames.reserved_us < rig.worker->now_us + 5000000) {
		rig.worker->now_us += 500000;
		keyframe_share_reserve(&viewer()->key_frames, rig.worker->now_us);
	}
}

static void restart_fanout(void)
{
	const struct message msg = {.type = MESSAGE_FANOUT_RESTART, .id = rig.fanouts[0]->track_id};

	assert_true(message_post(rig.worker->inbox, &msg));
	inbox_service(rig.worker, 1);
}

// Key frames that a viewer needs because of its publisher are not charged to it.
static void a_restless_viewer_gets_what_the_publisher_begins(void **)
{
	begin_with_a_restless_viewer();
	uint64_t asked = counter(AM_COUNTER_plis_sent);
	restart_fanout(); // the camera is muted and unmuted
	send_run(7, 110, 3, false);
	assert_int_equal(counter(AM_COUNTER_plis_sent), asked + 1);
	end();

	begin_with_a_restless_viewer();
	asked = counter(AM_COUNTER_plis_sent);
	send_run(8, 500, 3, false); // another source
	assert_int_equal(counter(AM_COUNTER_plis_sent), asked + 1);
	end();
}

static void a_restless_viewer_gets_another_layer_where_its_own_ends(void **)
{
	begin();
	pub.track.params.encoding_count = 2;
	rig.fanouts[0]->stream_count = 2;
	strcpy(pub.track.params.encodings[0].rid, "l");
	strcpy(pub.track.params.encodings[1].rid, "h");
	rig.worker->now_us += 100000000;
	send_run(1, 100, 3, true);
	pub.rid = 'l';
	send_run(2, 100, 3, true);
	assert_int_equal(viewer()->selector.layer, 1);
	viewer()->key_frames.reserved_us = rig.worker->now_us + 16000000;
	uint64_t asked = counter(AM_COUNTER_plis_sent);
	rig.worker->now_us += TRACK_STREAM_AGE_US;
	send_run(2, 103, 3, false);
	assert_int_equal(counter(AM_COUNTER_plis_sent), asked + 1);
	end();
}

// A still screen sends only one picture in several seconds.
static void an_encoding_of_a_screen_may_rest(void **)
{
	begin();
	pub.track.params.screen = true;
	pub.track.params.encoding_count = 2;
	rig.fanouts[0]->stream_count = 2;
	strcpy(pub.track.params.encodings[0].rid, "l");
	strcpy(pub.track.params.encodings[1].rid, "h");
	rig.worker->now_us += 100000000;
	send_run(1, 100, 3, true);
	pub.rid = 'l';
	send_run(2, 100, 3, true);
	rig.worker->now_us += TRACK_STREAM_AGE_US;
	send_run(2, 103, 3, false);
	assert_int_equal(rig.fanouts[0]->active, 3);
	rig.worker->now_us += TRACK_SCREEN_AGE_US;
	send_run(2, 106, 3, false);
	assert_int_equal(rig.fanouts[0]->active, 1);
	end();
}

// The key frame fulfils the viewer's wish; the next one is a new request.
static void a_key_frame_ends_the_wait_of_who_wished_for_it(void **)
{
	begin_with_a_restless_viewer();
	send_run(7, 110, 1, true);
	assert_int_equal(viewer()->key_frames.reserved_us, 0);
	end();
}

// The key frame that the viewer requests is already on its way. The time counts from that key
// frame's end, not from its beginning.
static void who_was_just_sent_a_key_frame_causes_no_other(void **)
{
	begin();
	rig.worker->now_us += 100000000;
	send_packet(7, 100, true, 100);
	pub.timestamp -= STEP; // the rest of it comes late
	rig.worker->now_us += 300000;
	send_packet(7, 101, false, 100);
	rig.worker->now_us += 30000;
	send_run(7, 102, 2, false);
	rig.worker->now_us += 30000;
	uint64_t asked = counter(AM_COUNTER_plis_sent);
	feedback_refresh(rig.worker, viewer());
	assert_int_equal(counter(AM_COUNTER_plis_sent), asked);
	assert_int_equal(counter(AM_COUNTER_plis_refused), 1);
	rig.worker->now_us += KEYFRAME_SHARE_WAY_US;
	feedback_refresh(rig.worker, viewer());
	assert_int_equal(counter(AM_COUNTER_plis_sent), asked + 1);

	// With a longer round trip, that takes longer.
	send_packet(7, 104, true, 100);
	viewer()->transport->link.rtt_ms = 400;
	rig.worker->now_us += 390000;
	feedback_refresh(rig.worker, viewer());
	assert_int_equal(counter(AM_COUNTER_plis_refused), 2);
	end();
}

// A client that sends from SSRCs without a track does not use up what its tracks need.
static void ssrcs_of_no_track_give_way(void **)
{
	begin();
	send_run(7, 100, 10, true);
	pub.rid = 'x';
	for (uint32_t i = 0; i < 3 * SRTP_SSRC_MAX; i++)
		send_packet(5000 + i, 1, true, 100);
	pub.rid = 'h';
	assert_int_equal(dropped(DROP_unknown_ssrc), 3 * SRTP_SSRC_MAX);
	assert_int_equal(dropped(DROP_srtp_stream_limit), 0);
	send_run(7, 110, 10, false);
	send_run(8, 500, 10, true);
	assert_int_equal(got.packets, 30);
	end();
}

// Receives a media packet from a port. Returns the port that it proves, or 0.
static uint16_t proven_by(uint16_t port, uint16_t seq)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 7}, ip[16] = {198, 51, 100, 1};
	uint8_t packet[256] = {0x80, PT};
	size_t len = 100;
	struct packet_view v;
	struct message msg;
	uint16_t proven = 0;

	am_put_u16(packet + 2, seq);
	am_put_u32(packet + 8, 7);
	assert_int_equal(srtp_send_rtp(pub.sender, packet, &len, sizeof(packet)), 0);
	struct rte_mbuf *m = datagram(packet, len, &v);
	v.family = 4;
	v.src_port = port;
	v.src_mac = mac;
	memcpy(v.src, ip, sizeof(v.src));
	receive_rtp(rig.worker, &pub.transport, m, &v);
	while (rte_ring_sc_dequeue_elem(rig.worker->replies, &msg, sizeof(msg)) == 0) {
		if (msg.type != MESSAGE_PATH_PROVEN)
			continue;
		assert_int_equal(proven, 0);
		assert_memory_equal(msg.mac, mac, sizeof(mac));
		proven = msg.flow.port;
	}
	return proven;
}

static void each_new_path_is_proven_once(void **)
{
	struct flow_key paths[TRANSPORT_AWAITED + 1];

	begin();
	for (uint16_t i = 0; i <= TRANSPORT_AWAITED; i++)
		paths[i] = (struct flow_key
		){.ip = {198, 51, 100, 1}, .port = (uint16_t)(6000 + i), .family = 4};
	feedback_path_await(&pub.transport, &paths[1]);
	feedback_path_await(&pub.transport, &paths[2]);
	feedback_path_await(&pub.transport, &paths[1]);
	assert_int_equal(proven_by(6000, 1), 0);
	assert_int_equal(proven_by(6002, 2), 6002);
	assert_int_equal(proven_by(6002, 3), 0);
	assert_int_equal(proven_by(6001, 4), 6001);
	assert_int_equal(pub.transport.awaits, 0);

	// One path too many: the latest ones are awaited.
	for (uint16_t i = 0; i <= TRANSPORT_AWAITED; i++)
		feedback_path_await(&pub.transport, &paths[i]);
	assert_int_equal(proven_by(6000 + TRANSPORT_AWAITED, 5), 6000 + TRANSPORT_AWAITED);
	end();
}

static uint32_t told_too_long(void)
{
	struct message msg;
	uint32_t told = 0;

	while (rte_ring_sc_dequeue_elem(rig.worker->replies, &msg, sizeof(msg)) == 0)
		told += msg.type == MESSAGE_TOO_LONG;
	return told;
}

// The publisher's path carries these packets, a viewer's does not.
static void packets_that_become_too_long_are_counted_and_told(void **)
{
	const size_t fits = 1500 - 28 - 24 - 16; // IPv4 and UDP, RTP with a MID, tag

	begin();
	send_packet(1, 1, true, fits - 2); // fits as RTX, too
	assert_int_equal(told_too_long(), 0);
	send_packet(1, 2, false, fits);
	assert_int_equal(got.packets, 2);
	assert_int_equal(dropped(DROP_too_long), 0);
	assert_int_equal(told_too_long(), 1);
	for (uint16_t i = 0; i < 10; i++)
		send_packet(1, (uint16_t)(3 + i), false, fits + 1 + i);
	assert_int_equal(got.packets, 2);
	assert_int_equal(dropped(DROP_too_long), 10);
	assert_int_equal(told_too_long(), 0); // reported only once
	send_packet(1, 13, false, 100);
	assert_int_equal(got.packets, 3);
	end();

	// If viewers may be reached over IPv6, less fits.
	begin();
	rig.worker->local.ipv6.family = 6;
	send_packet(1, 1, true, fits - 22);
	assert_int_equal(told_too_long(), 0);
	send_packet(1, 2, false, fits - 21);
	assert_int_equal(told_too_long(), 1);
	end();
}

// An encoder of many layers may leave the number of its layer in an encoding's packets.
static void the_rid_tells_the_encoding_whatever_the_spatial_id(void **)
{
	begin();
	pub.track.params.codec = AM_CODEC_VP9;
	pub.track.params.encoding_count = 2;
	rig.fanouts[0]->stream_count = 2;
	strcpy(pub.track.params.encodings[0].rid, "l");
	strcpy(pub.track.params.encodings[1].rid, "h");
	for (uint8_t i = 0; i < 100; i++)
		send_vp9((uint16_t)(65500 + i), i, i == 0, 0x02);
	assert_int_equal(got.packets, 100);
	assert_int_equal(got.gaps + got.swaps, 0);
	assert_int_equal(selector_layer(&rig.fanouts[0]->chunks->subscriptions[0].selector), 1);
	end();
}

static void a_viewer_gets_the_spatial_layers_it_prefers(void **)
{
	begin();
	pub.track.params.codec = AM_CODEC_VP9;
	rig.fanouts[0]->spatial_limits = SPATIAL_LIMITS;
	struct selector *s = &rig.fanouts[0]->chunks->subscriptions[0].selector;
	selector_init(s, SELECTOR_SVC, 7, 7);
	uint16_t seq = 65000;
	uint32_t expected = 0;
	for (uint8_t preferred = 0; preferred < SPATIAL_LIMITS; preferred++) {
		selector_prefer(s, preferred, 3);
		for (int i = 0; i < 300; i++) {
			for (uint8_t layer = 0; layer < 3; layer++)
				send_vp9(
				        seq++, (uint8_t)i, i == 0,
				        (uint8_t)(layer << 1 | (layer > 0))
				);
		}
		expected += 300 * (preferred < 2 ? preferred + 1u : 3);
		assert_int_equal(got.packets, expected);
		assert_int_equal(selector_layer(s), preferred < 2 ? preferred : 2);
	}
	assert_int_equal(got.gaps + got.swaps, 0);
	end();
}

static void av1s_temporal_layers_are_told_apart(void **)
{
	static const uint8_t templates[] = {1, 3, 2, 4};

	begin();
	pub.track.params.codec = AM_CODEC_AV1;
	pub.track.params.extension_id[AM_EXT_DEPENDENCY_DESCRIPTOR] = EXT_AV1;
	struct selector *s = &rig.fanouts[0]->chunks->subscriptions[0].selector;
	uint16_t seq = 65500;
	uint32_t expected = 0;
	for (uint8_t limit = 0; limit < 3; limit++) {
		selector_prefer(s, 0, limit);
		for (int i = 0; i < 100; i++)
			send_av1(1, seq++, i == 0, i ? templates[i % 4] : 0);
		expected += limit == 0 ? 25 : limit == 1 ? 50 : 100;
		assert_int_equal(got.packets, expected);
	}
	// The templates of another source have not come: all its pictures count as the base layer.
	selector_prefer(s, 0, 0);
	for (int i = 0; i < 100; i++)
		send_av1(2, (uint16_t)i, i == 0, i ? templates[i % 4] : 0);
	assert_int_equal(got.packets, expected + 100);
	assert_int_equal(got.gaps + got.swaps, 0);
	end();
}

// The stream's first packet, its SPS, comes last.
static void a_key_frame_of_h264_waits_for_its_parameter_sets(void **)
{
	static const uint8_t sps[] = {0x67, 0x42, 0x55}, pps[] = {0x68, 0xce, 0x55};
	static const uint8_t idr[] = {0x65, 0x88, 0x55}, slice[] = {0x61, 0x9a, 0x55};

	begin();
	pub.track.params.codec = AM_CODEC_H264;
	send_payload(1, 101, pps, sizeof(pps));
	send_payload(1, 102, idr, sizeof(idr));
	assert_int_equal(got.packets, 0);
	send_payload(1, 100, sps, sizeof(sps));
	assert_int_equal(got.packets, 3);
	send_payload(1, 103, slice, sizeof(slice));
	assert_int_equal(got.packets, 4);
	assert_int_equal(got.gaps + got.swaps, 0);

	// The viewer waits again, with an empty history; then comes an SPS without a picture.
	rig.worker->now_us += (FANOUT_HISTORY_MS + 1) * 1000;
	struct selector *s = &rig.fanouts[0]->chunks->subscriptions[0].selector;
	selector_pause(s);
	selector_resume(s);
	pli_request(rig.worker, &pub.track, 0);
	pli_request(rig.worker, &pub.track, 0);
	assert_true(pub.track.streams[0].keyframe.pending);
	send_payload(1, 104, sps, sizeof(sps));
	send_payload(1, 105, slice, sizeof(slice));
	assert_true(pub.track.streams[0].keyframe.pending);
	assert_int_equal(got.packets, 4);
	send_payload(1, 106, sps, sizeof(sps));
	send_payload(1, 107, pps, sizeof(pps));
	send_payload(1, 108, idr, sizeof(idr));
	assert_false(pub.track.streams[0].keyframe.pending);
	assert_int_equal(got.packets, 7);
	assert_int_equal(got.gaps + got.swaps, 0);
	end();
}

// 100 packets a second where 70 may be sent, after a second's worth at once. None of the 70 is lost
// to rounding.
// proves A06
static void what_one_transport_sends_is_bounded_in_packets(void **)
{
	begin();
	rig.worker->publisher_packets_per_s = 70;
	send_run(1, 0, 300, true);
	pass(HOLD_US_MAX);
	assert_in_range(got.packets, 278, 281);
	assert_int_equal(dropped(DROP_publisher_rate), 300 - got.packets);
	rig.worker->now_us += 1000000;
	uint32_t before = got.packets;
	send_run(1, 300, 50, true);
	assert_int_equal(got.packets, before + 50);
	end();
}

// proves A06
static void what_one_transport_sends_is_bounded_in_bytes(void **)
{
	begin();
	rig.worker->publisher_bytes_per_s = 50 * (FRAME_LEN + 20 + 100 + 16);
	send_run(1, 0, 300, true);
	pass(HOLD_US_MAX);
	assert_in_range(got.packets, 195, 205);
	assert_int_equal(dropped(DROP_publisher_rate), 300 - got.packets);
	end();
}

// Forged packets are charged to nobody.
// proves A06
static void forged_packets_cost_the_publisher_nothing(void **)
{
	begin();
	rig.worker->publisher_packets_per_s = 50;
	for (int i = 0; i < 1000; i++) {
		uint8_t forged[120] = {0x80, PT};
		struct packet_view v;
		struct rte_mbuf *m = datagram(forged, sizeof(forged), &v);
		receive_rtp(rig.worker, &pub.transport, m, &v);
	}
	assert_int_equal(dropped(DROP_srtp_auth), 1000);
	send_run(1, 0, 50, true);
	assert_int_equal(got.packets, 50);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_teardown(
	                the_rid_tells_the_encoding_whatever_the_spatial_id, clear
	        ),
	        cmocka_unit_test_teardown(a_viewer_gets_the_spatial_layers_it_prefers, clear),
	        cmocka_unit_test_teardown(av1s_temporal_layers_are_told_apart, clear),
	        cmocka_unit_test_teardown(a_key_frame_of_h264_waits_for_its_parameter_sets, clear),
	        cmocka_unit_test_teardown(a_bye_changes_no_number, clear),
	        cmocka_unit_test_teardown(after_a_bye_the_layer_is_inactive, clear),
	        cmocka_unit_test_teardown(another_ssrc_is_numbered_on, clear),
	        cmocka_unit_test_teardown(
	                another_ssrc_than_the_signaled_one_is_known_by_its_mid, clear
	        ),
	        cmocka_unit_test_teardown(another_ssrc_begins_with_a_key_frame, clear),
	        cmocka_unit_test_teardown(a_jump_ahead_is_numbered_on, clear),
	        cmocka_unit_test_teardown(a_hundred_and_thirty_changes_work, clear),
	        cmocka_unit_test_teardown(the_old_ssrc_stays_away, clear),
	        cmocka_unit_test_teardown(the_ssrc_of_a_removed_track_stays_away, clear),
	        cmocka_unit_test_teardown(a_restless_viewer_gets_what_the_publisher_begins, clear),
	        cmocka_unit_test_teardown(
	                a_restless_viewer_gets_another_layer_where_its_own_ends, clear
	        ),
	        cmocka_unit_test_teardown(an_encoding_of_a_screen_may_rest, clear),
	        cmocka_unit_test_teardown(a_key_frame_ends_the_wait_of_who_wished_for_it, clear),
	        cmocka_unit_test_teardown(who_was_just_sent_a_key_frame_causes_no_other, clear),
	        cmocka_unit_test_teardown(ssrcs_of_no_track_give_way, clear),
	        cmocka_unit_test_teardown(what_one_transport_sends_is_bounded_in_packets, clear),
	        cmocka_unit_test_teardown(what_one_transport_sends_is_bounded_in_bytes, clear),
	        cmocka_unit_test_teardown(forged_packets_cost_the_publisher_nothing, clear),
	        cmocka_unit_test_teardown(each_new_path_is_proven_once, clear),
	        cmocka_unit_test_teardown(packets_that_become_too_long_are_counted_and_told, clear),
	};
	return cmocka_run_group_tests(tests, eal_begin, NULL);
}

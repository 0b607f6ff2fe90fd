// What a publisher may do to its streams: begin them again, leave, come back, send too much.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring_elem.h>

#include "../security/srtp_sender.h"
#include "am_reader.h"
#include "inbox.h"
#include "path/feedback.h"
#include "path/forward.h"
#include "path/receive.h"
#include "path/srtp_state.h"
#include "path/ssrc.h"
#include "path/tx.h"
#include "rig.h"

#define BUFFERS   4095
#define FRAME_LEN 42 // Ethernet, IPv4 and UDP, before RTP
#define PACKET_US 10000
#define STEP      900 // of the timestamp, in the same time
#define PT        96
#define PT_RTX    97
#define EXT_MID   4
#define EXT_RID   10

// What the one viewer got.
struct got {
	uint32_t packets;
	uint32_t gaps; // numbers left out
	uint32_t swaps; // packets older than the one before
	uint32_t steps_wrong; // of the timestamp
	uint16_t seq;
	uint32_t timestamp;
};

struct publisher {
	struct transport transport;
	struct track track;
	struct ssrc_table ssrcs;
	struct srtp_sender *sender;
	char mid, rid; // that its packets carry
	uint32_t timestamp;
	uint64_t given; // packets handed to the worker
};

static struct rig rig;
static struct publisher pub;
static struct got got;

static void take(const struct rte_mbuf *m)
{
	const uint8_t *rtp = rte_pktmbuf_mtod_offset(m, const uint8_t *, FRAME_LEN);
	struct am_reader r = am_reader_init(rtp + 2, 6);
	uint16_t seq = am_read_u16(&r);
	uint32_t timestamp = am_read_u32(&r);

	assert_true(m->pkt_len <= rig.port.frame_max); // or the port would swallow it
	if (rtp[1] >= 192 && rtp[1] <= 223) // RTCP
		return;
	if (got.packets > 0) {
		uint16_t step = (uint16_t)(seq - got.seq);
		got.swaps += step == 0 || step > INT16_MAX;
		got.gaps += step > 1 && step <= INT16_MAX ? step - 1u : 0;
		got.steps_wrong += timestamp - got.timestamp > 100 * STEP;
	}
	got.seq = seq;
	got.timestamp = timestamp;
	got.packets++;
}

static uint16_t port_take(void *, struct rte_mbuf **frames, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		take(frames[i]);
		rte_pktmbuf_free(frames[i]);
	}
	return n;
}

static int eal_begin(void **)
{
	static void *queues[1] = {&got};
	char *argv[] = {
	        "receive_test",   "--no-huge",      "-m",          "128", "--no-pci",
	        "--no-telemetry", "--iova-mode=va", "--no-shconf", NULL,
	};

	if (rte_eal_init(8, argv) < 0 || srtp_init_library() < 0)
		return -1;
	rte_eth_fp_ops[0].tx_pkt_burst = port_take;
	rte_eth_fp_ops[0].txq.data = queues;
	return 0;
}

static void publisher_keys(void)
{
	struct srtp_keys keys = {.profile = SRTP_PROFILE_AEAD_AES_128_GCM}, theirs = keys;
	struct transport *t = &pub.transport;

	memset(&keys.client, 1, sizeof(keys.client));
	memset(&keys.server, 2, sizeof(keys.server));
	theirs.client = keys.server;
	theirs.server = keys.client;
	pub.sender = srtp_sender_create(&theirs);
	t->key = cipher_key_create(&keys);
	t->key_profile = keys.profile;
	t->receiver = srtp_receiver_create(&keys);
	t->rtcp_receiver = srtcp_receiver_create(&keys);
	assert_true(pub.sender && t->key && t->receiver && t->rtcp_receiver);
}

// A VP8 track of one encoding, known by its MID and RID, and one viewer.
static void begin(void)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 9}, ip[4] = {198, 19, 9, 9};
	struct track_stream *s = &pub.track.streams[0];

	assert_int_equal(rig_init(&rig, BUFFERS, 0), 0);
	assert_int_equal(rig_fill(&rig, 1, 1, SRTP_PROFILE_AEAD_AES_128_GCM), 0);
	memset(&got, 0, sizeof(got));
	memset(&pub, 0, sizeof(pub));
	pub.mid = '0';
	pub.rid = 'h';
	pub.track.params = (struct am_cmd_track_add){
	        .track_id = rig.fanouts[0]->track_id,
	        .clock_rate = 90000,
	        .codec = AM_CODEC_VP8,
	        .payload_type = PT,
	        .rtx_payload_type = PT_RTX,
	        .nack = 1,
	        .encoding_count = 1,
	        .mid = "0",
	        .encodings = {{.rid = "h"}},
	        .extension_id = {[AM_EXT_MID] = EXT_MID, [AM_EXT_RID] = EXT_RID},
	};
	pub.track.format = (struct rtp_track_format){.pt = 101, .mid_id = AM_EXT_MID};
	pub.track.workers = 1;
	pub.track.transport = &pub.transport;
	rtp_clock_init(&s->clock, 90000);
	reception_init(&s->reception, 90000);
	nack_init(&s->nack);
	keyframe_init(&s->keyframe);
	temporal_init(&s->counter);
	pub.transport.ssrcs = &pub.ssrcs;
	pub.transport.feedback_ssrc = 1;
	TAILQ_INIT(&pub.transport.tracks);
	TAILQ_INIT(&pub.transport.subscriptions);
	TAILQ_INSERT_TAIL(&pub.transport.tracks, &pub.track, entry);
	TAILQ_INSERT_TAIL(&rig.worker->publishers, &pub.transport, publishers);
	packet_route_init(&pub.transport.route, &rig.worker->local, mac, 4, ip, 5000);
	rig.worker->tracks[am_id_slot(pub.track.params.track_id)] = &pub.track;
	publisher_keys();
}

static uint64_t dropped(enum drop reason)
{
	return rig.counters->drops[reason];
}

static uint64_t counter(enum am_counter c)
{
	return rig.counters->value[c];
}

static void check_books(void)
{
	uint64_t out = counter(AM_COUNTER_tx_packets) + counter(AM_COUNTER_consumed);

	for (int i = 0; i < DROP_COUNT; i++)
		out += dropped((enum drop)i);
	assert_int_equal(
	        pub.given + counter(AM_COUNTER_made_copies) + counter(AM_COUNTER_made_rtcp), out
	);
}

static int clear(void **)
{
	if (!rig.worker)
		return 0;
	TAILQ_REMOVE(&rig.worker->publishers, &pub.transport, publishers);
	srtp_sender_destroy(pub.sender);
	srtp_receiver_destroy(pub.transport.receiver);
	srtcp_receiver_destroy(pub.transport.rtcp_receiver);
	cipher_key_destroy(pub.transport.key);
	rig_clear(&rig);
	tx_drain(rig.worker);
	unsigned free_buffers = rte_mempool_avail_count(rig.port.pool);
	rig_fini(&rig);
	rig.worker = NULL;
	return free_buffers == BUFFERS ? 0 : -1;
}

// Ends a test; no packet and no buffer may be missing.
static void end(void)
{
	check_books();
	assert_int_equal(clear(NULL), 0);
}

static struct rte_mbuf *datagram(const uint8_t *bytes, size_t len, struct packet_view *v)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(rig.port.pool);
	uint8_t *frame = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(FRAME_LEN + len));

	memcpy(frame + FRAME_LEN, bytes, len);
	*v = (struct packet_view){.payload_offset = FRAME_LEN, .payload_len = (uint16_t)len};
	pub.given++;
	return m;
}

static void settle(void)
{
	struct worker *w = rig.worker;

	do {
		forward_some(w);
		tx_flush(w);
	} while (w->tx.head != w->tx.tail || !TAILQ_EMPTY(&w->waiting[WORKER_PICTURES]));
}

// One packet of the publisher, with MID and RID.
static void send_payload(uint32_t ssrc, uint16_t seq, const uint8_t *payload, size_t payload_len)
{
	uint8_t packet[2048] = {0x90, 0x80 | PT, [12] = 0xbe, 0xde, 0, 1};
	size_t len = 20 + payload_len;
	struct packet_view v;

	am_put_u16(packet + 2, seq);
	am_put_u32(packet + 4, pub.timestamp);
	am_put_u32(packet + 8, ssrc);
	packet[16] = EXT_MID << 4;
	packet[17] = (uint8_t)pub.mid;
	packet[18] = EXT_RID << 4;
	packet[19] = (uint8_t)pub.rid;
	memcpy(packet + 20, payload, payload_len);
	assert_int_equal(srtp_send_rtp(pub.sender, packet, &len, sizeof(packet)), 0);
	struct rte_mbuf *m = datagram(packet, len, &v);
	receive_rtp(rig.worker, &pub.transport, m, &v);
	settle();
	rig.worker->now_us += PACKET_US;
	pub.timestamp += STEP;
}

// A picture of its own. len: of the payload.
static void send_packet(uint32_t ssrc, uint16_t seq, bool key_frame, size_t len)
{
	uint8_t payload[2048];

	memset(payload, 0x55, len);
	payload[0] = 0x10; // begins a partition
	payload[1] = key_frame ? 0 : 1;
	send_payload(ssrc, seq, payload, len);
}

static void send_run(uint32_t ssrc, uint16_t first, uint32_t n, bool key_frame)
{
	for (uint32_t i = 0; i < n; i++)
		send_packet(ssrc, (uint16_t)(first + i), key_frame && i == 0, 100);
}

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

// Until something comes again, the layer is inactive.
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

// Without simulcast SSRCs are signaled, and MIDs say where another one belongs.
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

// Without a key frame at its beginning one is asked for, and the viewer waits for it.
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

// A gap in front of which there is nothing to be repaired, and one whose numbers wrap.
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

// The old source's last packets, late or said again, do not bring it back.
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

// A removed track's last packets, late or said again, are not those of the next one with its MID.
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

	// Where it is signaled it is back.
	ssrc_remove_track(&pub.transport, &pub.track);
	signal_ssrc(7);
	send_run(7, 40000, 10, true);
	assert_int_equal(got.packets, 40);
	end();
}

static struct subscription *viewer(void)
{
	return &rig.fanouts[0]->chunks->subscriptions[0];
}

// A viewer that has changed what it gets so often that it is to wait for long.
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

	assert_int_equal(
	        rte_ring_sp_enqueue_elem(rig.worker->inbox, (void *)(uintptr_t)&msg, sizeof(msg)), 0
	);
	inbox_service(rig.worker, 1);
}

// What a viewer needs since its publisher does something is not held against it.
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
	rig.worker->now_us += RELAY_STREAM_AGE_US;
	send_run(2, 103, 3, false);
	assert_int_equal(counter(AM_COUNTER_plis_sent), asked + 1);
	end();
}

// It has what it wished for: the next thing that it needs is another matter.
static void a_key_frame_ends_the_wait_of_who_wished_for_it(void **)
{
	begin_with_a_restless_viewer();
	send_run(7, 110, 1, true);
	assert_int_equal(viewer()->key_frames.reserved_us, 0);
	end();
}

// A client that sends from SSRCs that are no track's does not use up what its tracks need.
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

// A media packet from a port; the one that it proves is told, or 0.
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
	struct flow_key paths[RELAY_AWAITED + 1];

	begin();
	for (uint16_t i = 0; i <= RELAY_AWAITED; i++)
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

	// More than fit: the latest count.
	for (uint16_t i = 0; i <= RELAY_AWAITED; i++)
		feedback_path_await(&pub.transport, &paths[i]);
	assert_int_equal(proven_by(6000 + RELAY_AWAITED, 5), 6000 + RELAY_AWAITED);
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

// A publisher's path takes them, a viewer's does not.
static void packets_that_become_too_long_are_counted_and_told(void **)
{
	const size_t fits = 1500 - 28 - 24 - 16; // IPv4 and UDP, RTP with a MID, tag

	begin();
	send_packet(1, 1, true, fits - 2); // as RTX, too
	assert_int_equal(told_too_long(), 0);
	send_packet(1, 2, false, fits);
	assert_int_equal(got.packets, 2);
	assert_int_equal(dropped(DROP_too_long), 0);
	assert_int_equal(told_too_long(), 1);
	for (uint16_t i = 0; i < 10; i++)
		send_packet(1, (uint16_t)(3 + i), false, fits + 1 + i);
	assert_int_equal(got.packets, 2);
	assert_int_equal(dropped(DROP_too_long), 10);
	assert_int_equal(told_too_long(), 0); // once
	send_packet(1, 13, false, 100);
	assert_int_equal(got.packets, 3);
	end();

	// Who may be reached by IPv6 gets less.
	begin();
	rig.worker->local.ipv6.family = 6;
	send_packet(1, 1, true, fits - 22);
	assert_int_equal(told_too_long(), 0);
	send_packet(1, 2, false, fits - 21);
	assert_int_equal(told_too_long(), 1);
	end();
}

// A packet of VP9 that begins and ends its layer of a picture (RFC 9628 4.2). layers: T, U, S, D.
static void send_vp9(uint16_t seq, uint8_t picture_id, bool key_frame, uint8_t layers)
{
	const uint8_t payload[8] = {
	        key_frame ? 0xac : 0xec, picture_id & 0x7f, layers, picture_id, 0x55};

	send_payload(1, seq, payload, sizeof(payload));
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

	// One that waits again, and an SPS without a picture to begin with.
	struct selector *s = &rig.fanouts[0]->chunks->subscriptions[0].selector;
	selector_pause(s);
	selector_resume(s);
	feedback_request_key_frame(rig.worker, &pub.track, 0);
	feedback_request_key_frame(rig.worker, &pub.track, 0);
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
static void what_one_transport_sends_is_bounded_in_packets(void **)
{
	begin();
	rig.worker->publisher_packets_per_s = 70;
	send_run(1, 0, 300, true);
	assert_in_range(got.packets, 278, 281);
	assert_int_equal(dropped(DROP_publisher_rate), 300 - got.packets);
	rig.worker->now_us += 1000000;
	uint32_t before = got.packets;
	send_run(1, 300, 50, true);
	assert_int_equal(got.packets, before + 50);
	end();
}

static void what_one_transport_sends_is_bounded_in_bytes(void **)
{
	begin();
	rig.worker->publisher_bytes_per_s = 50 * (FRAME_LEN + 20 + 100 + 16);
	send_run(1, 0, 300, true);
	assert_in_range(got.packets, 195, 205);
	assert_int_equal(dropped(DROP_publisher_rate), 300 - got.packets);
	end();
}

// What is forged is charged to nobody.
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
	        cmocka_unit_test_teardown(a_key_frame_ends_the_wait_of_who_wished_for_it, clear),
	        cmocka_unit_test_teardown(ssrcs_of_no_track_give_way, clear),
	        cmocka_unit_test_teardown(what_one_transport_sends_is_bounded_in_packets, clear),
	        cmocka_unit_test_teardown(what_one_transport_sends_is_bounded_in_bytes, clear),
	        cmocka_unit_test_teardown(forged_packets_cost_the_publisher_nothing, clear),
	        cmocka_unit_test_teardown(each_new_path_is_proven_once, clear),
	        cmocka_unit_test_teardown(packets_that_become_too_long_are_counted_and_told, clear),
	};
	return cmocka_run_group_tests(tests, eal_begin, NULL);
}

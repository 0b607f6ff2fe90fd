#include "one_publisher.h"

#include "am_reader.h"
#include "path/forward.h"
#include "path/receive.h"
#include "path/ssrc.h"
#include "path/tx.h"

#define GCM_TAG_LEN 16

struct rig rig;
struct publisher pub;
struct got got;

static uint32_t header_len(const uint8_t *rtp)
{
	return RTP_HEADER_LEN + (rtp[0] & 0x10 ? 4 + 4u * (rtp[14] << 8 | rtp[15]) : 0);
}

static void take(const struct rte_mbuf *m)
{
	const uint8_t *rtp = rte_pktmbuf_mtod_offset(m, const uint8_t *, FRAME_LEN);
	struct am_reader r = am_reader_init(rtp + 2, 10);
	uint16_t seq = am_read_u16(&r);
	uint32_t timestamp = am_read_u32(&r);

	assert_true(m->pkt_len <= rig.port.frame_max); // a port drops longer frames silently
	if (rtp[1] >= 192 && rtp[1] <= 223) // RTCP
		return;
	if (am_read_u32(&r) >> 31) {
		got.repeats++;
		got.fillers +=
		        m->pkt_len == FRAME_LEN + header_len(rtp) + RTP_RTX_OSN_LEN + GCM_TAG_LEN;
		return;
	}
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

int eal_begin(void **)
{
	return rig_port_begin("relay_test", take) < 0 || srtp_init_library() < 0 ? -1 : 0;
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

void begin(void)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 9}, ip[4] = {198, 19, 9, 9};
	struct track_stream *s = &pub.track.streams[0];

	assert_int_equal(rig_init(&rig, BUFFERS, 0), 0);
	assert_int_equal(rig_fill(&rig, 1, 1, SRTP_PROFILE_AEAD_AES_128_GCM), 0);
	memset(&got, 0, sizeof(got));
	memset(&pub, 0, sizeof(pub));
	pub.mid = '0';
	pub.rid = 'h';
	pub.pt = PT;
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

struct subscription *viewer(void)
{
	return &rig.fanouts[0]->chunks->subscriptions[0];
}

uint64_t dropped(enum drop reason)
{
	return rig.counters->drops[reason];
}

uint64_t counter(enum am_counter c)
{
	return rig.counters->value[c];
}

static void check_books(void)
{
	uint64_t out = counter(AM_COUNTER_tx_packets) + counter(AM_COUNTER_consumed);

	for (int i = 0; i < DROP_COUNT; i++)
		out += dropped((enum drop)i);
	assert_int_equal(
	        pub.given + counter(AM_COUNTER_made_copies) + counter(AM_COUNTER_made_rtcp) +
	                counter(AM_COUNTER_made_retransmissions),
	        out
	);
}

int clear(void **)
{
	if (!rig.worker)
		return 0;
	receive_end(rig.worker, &pub.track);
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

void end(void)
{
	check_books();
	assert_int_equal(clear(NULL), 0);
}

struct rte_mbuf *datagram(const uint8_t *bytes, size_t len, struct packet_view *v)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(rig.port.pool);
	uint8_t *frame = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(FRAME_LEN + len));

	memcpy(frame + FRAME_LEN, bytes, len);
	*v = (struct packet_view){.payload_offset = FRAME_LEN, .payload_len = (uint16_t)len};
	pub.given++;
	return m;
}

void settle(void)
{
	struct worker *w = rig.worker;

	do {
		forward_some(w);
		tx_flush(w);
	} while (w->tx.head != w->tx.tail || !TAILQ_EMPTY(&w->waiting[WORKER_PICTURES]));
}

// Two-byte elements (RFC 8285 4.3). Returns the length of the whole header.
static size_t extensions_write(uint8_t *packet)
{
	size_t len = 16;

	am_put_u16(packet + 12, RTP_EXT_TWO_BYTE);
	memcpy(packet + len, (uint8_t[]){EXT_MID, 1, (uint8_t)pub.mid}, 3);
	memcpy(packet + len + 3, (uint8_t[]){EXT_RID, 1, (uint8_t)pub.rid}, 3);
	len += 6;
	if (pub.descriptor_len > 0) {
		packet[len++] = EXT_AV1;
		packet[len++] = pub.descriptor_len;
		memcpy(packet + len, pub.descriptor, pub.descriptor_len);
		len += pub.descriptor_len;
	}
	len = (len + 3) / 4 * 4;
	am_put_u16(packet + 14, (uint16_t)((len - 16) / 4));
	return len;
}

void send_payload(uint32_t ssrc, uint16_t seq, const uint8_t *payload, size_t payload_len)
{
	uint8_t packet[2048] = {0x90, 0x80 | pub.pt};
	size_t header_len = extensions_write(packet), len = header_len + payload_len;
	struct packet_view v;

	am_put_u16(packet + 2, seq);
	am_put_u32(packet + 4, pub.timestamp);
	am_put_u32(packet + 8, ssrc);
	memcpy(packet + header_len, payload, payload_len);
	assert_int_equal(srtp_send_rtp(pub.sender, packet, &len, sizeof(packet)), 0);
	struct rte_mbuf *m = datagram(packet, len, &v);
	receive_rtp(rig.worker, &pub.transport, m, &v);
	receive_tick(rig.worker);
	settle();
	rig.worker->now_us += PACKET_US;
	pub.timestamp += STEP;
}

void send_packet(uint32_t ssrc, uint16_t seq, bool key_frame, size_t len)
{
	uint8_t payload[2048];

	memset(payload, 0x55, len);
	payload[0] = 0x10; // begins a partition
	payload[1] = key_frame ? 0 : 1;
	send_payload(ssrc, seq, payload, len);
}

void send_run(uint32_t ssrc, uint16_t first, uint32_t n, bool key_frame)
{
	for (uint32_t i = 0; i < n; i++)
		send_packet(ssrc, (uint16_t)(first + i), key_frame && i == 0, 100);
}

void pass(int64_t us)
{
	for (int64_t end = rig.worker->now_us + us; rig.worker->now_us < end;) {
		rig.worker->now_us += RECEIVE_TICK_US;
		receive_tick(rig.worker);
		settle();
	}
}

void send_repair(uint32_t ssrc, uint16_t rtx_seq, uint16_t seq)
{
	uint8_t payload[2 + 100];

	memset(payload, 0x55, sizeof(payload));
	am_put_u16(payload, seq);
	payload[2] = 0x10;
	payload[3] = 1;
	pub.pt = PT_RTX;
	send_payload(ssrc, rtx_seq, payload, sizeof(payload));
	pub.pt = PT;
}

void send_av1(uint32_t ssrc, uint16_t seq, bool key_frame, uint8_t template)
{
	static const uint8_t key[] = {0x18, 0x08, 0x55}, other[] = {0x10, 0x30, 0x55};
	static uint8_t descriptor[] = {0,    0,    0,    0x80, 0x02, 0x14, 0xEA, 0xA8,
	                               0x60, 0x41, 0x4D, 0x14, 0x10, 0x20, 0x84, 0x26};

	descriptor[0] = 0xC0 | template;
	pub.descriptor = descriptor;
	pub.descriptor_len = key_frame && ssrc == 1 ? sizeof(descriptor) : 3;
	send_payload(ssrc, seq, key_frame ? key : other, sizeof(key));
}

void send_vp9(uint16_t seq, uint8_t picture_id, bool key_frame, uint8_t layers)
{
	const uint8_t payload[8] = {
	        key_frame ? 0xac : 0xec, picture_id & 0x7f, layers, picture_id, 0x55};

	send_payload(1, seq, payload, sizeof(payload));
}

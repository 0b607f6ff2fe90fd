#include "tap_cost.h"

#include "record.h"
#include "rig.h"
#include "srtp_sender.h"

#include "am_tap.h"
#include "path/forward.h"
#include "path/receive.h"
#include "path/ssrc.h"
#include "path/tx.h"

#include <errno.h>
#include <rte_mbuf.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_LEN 42 // Ethernet, IPv4 and UDP, before RTP
#define PT        96
#define SSRC      7
#define BURST     8 // packets of a frame
#define FRAME_US  33000
#define FRAME_MAX 2048
#define ROUNDS    100 // with and without
#define COPIES    4000 // of a round, at least
#define PACKETS   64 // of a round, at least: many pages of the ring
#define EXT_TIME  2 // the publisher's id of the send time

static const struct tap_case {
	uint32_t viewers;
	uint16_t payload;
} cases[] = {{10, 1200}, {100, 1200}, {500, 1200}, {2000, 1200},
             {10, 100},  {100, 100},  {2000, 100}};

struct tap_publisher {
	struct rig *rig;
	struct transport transport;
	struct track track;
	struct ssrc_table ssrcs;
	struct srtp_sender *sender;
	uint16_t seq;
	uint32_t timestamp;
};

static int keys_make(struct tap_publisher *p)
{
	struct srtp_keys keys = {.profile = SRTP_PROFILE_AEAD_AES_128_GCM}, theirs = keys;

	memset(&keys.client, 1, sizeof(keys.client));
	memset(&keys.server, 2, sizeof(keys.server));
	theirs.client = keys.server;
	theirs.server = keys.client;
	p->sender = srtp_sender_create(&theirs);
	p->transport.key = cipher_key_create(&keys);
	p->transport.receiver = srtp_receiver_create(&keys);
	return p->sender && p->transport.key && p->transport.receiver ? 0 : -ENOMEM;
}

static int publisher_begin(struct tap_publisher *p)
{
	struct track_stream *s = &p->track.streams[0];

	p->track.params = (struct am_cmd_track_add){
	        .track_id = p->rig->fanouts[0]->track_id,
	        .clock_rate = 90000,
	        .codec = AM_CODEC_VP8,
	        .payload_type = PT,
	        .nack = 1,
	        .encoding_count = 1,
	        .encodings = {{.ssrc = SSRC}},
	        .extension_id = {[AM_EXT_ABS_SEND_TIME] = EXT_TIME},
	};
	p->track.format = (struct rtp_track_format){
	        .pt = 101,
	        .mid_id = AM_EXT_MID,
	        .abs_send_time_id = AM_EXT_ABS_SEND_TIME,
	        .transport_cc_id = AM_EXT_TRANSPORT_CC,
	};
	p->track.workers = 1;
	p->track.transport = &p->transport;
	s->ssrc = SSRC;
	rtp_clock_init(&s->clock, 90000);
	reception_init(&s->reception, 90000);
	nack_init(&s->nack);
	keyframe_init(&s->keyframe);
	temporal_init(&s->counter);
	p->transport.ssrcs = &p->ssrcs;
	TAILQ_INIT(&p->transport.tracks);
	TAILQ_INIT(&p->transport.subscriptions);
	TAILQ_INSERT_TAIL(&p->transport.tracks, &p->track, entry);
	ssrc_add_track(&p->transport, &p->track);
	return keys_make(p);
}

static void publisher_end(struct tap_publisher *p)
{
	receive_end(p->rig->worker, &p->track);
	srtp_sender_destroy(p->sender);
	srtp_receiver_destroy(p->transport.receiver);
	cipher_key_destroy(p->transport.key);
}

// The next packet as it arrives. NULL: out of buffers.
static struct rte_mbuf *packet_make(struct tap_publisher *p, uint16_t payload_len)
{
	uint8_t packet[FRAME_MAX] = {0x90, 0x80 | PT, [12] = 0xbe, 0xde, 0, 1, EXT_TIME << 4 | 2};
	size_t len = 20u + payload_len;
	struct rte_mbuf *m = rte_pktmbuf_alloc(p->rig->port.pool);

	if (!m)
		return NULL;
	p->timestamp += 3000;
	am_put_u16(packet + 2, ++p->seq);
	am_put_u32(packet + 4, p->timestamp);
	am_put_u32(packet + 8, SSRC);
	memset(packet + 20, 0x55, payload_len);
	packet[20] = 0x10; // begins a partition (RFC 7741 4.2) …
	packet[21] = p->seq > 1; // … of a key frame, if it is the first
	if (srtp_send_rtp(p->sender, packet, &len, sizeof(packet)) < 0) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	memcpy(rte_pktmbuf_append(m, (uint16_t)(FRAME_LEN + len)) + FRAME_LEN, packet, len);
	return m;
}

// Sends this many packets through the worker. Returns its ns for each, or a negative number.
static double round_run(struct tap_publisher *p, uint16_t payload_len, uint32_t packets)
{
	struct worker *w = p->rig->worker;
	struct rte_mbuf *mbufs[BURST];
	uint64_t ns = 0;

	for (uint32_t n = 0; n < packets; n += BURST) {
		for (int i = 0; i < BURST; i++) {
			mbufs[i] = packet_make(p, payload_len);
			if (!mbufs[i])
				return -1;
		}
		w->now_us += FRAME_US;
		uint64_t start = thread_time_ns();
		for (int i = 0; i < BURST; i++) {
			const struct packet_view v = {
			        .payload_offset = FRAME_LEN,
			        .payload_len =
			                (uint16_t)(rte_pktmbuf_data_len(mbufs[i]) - FRAME_LEN),
			};
			receive_rtp(w, &p->transport, mbufs[i], &v);
		}
		while (forward_some(w) > 0)
			tx_flush(w);
		ns += thread_time_ns() - start;
	}
	return (double)ns / packets;
}

static void case_tell(FILE *json, const struct tap_case *c, struct series series[2])
{
	const double without = series_median(&series[0]);

	for (int on = 0; on < 2; on++) {
		record(json, &(struct figure){
		                     .name = on ? "packet, tapped" : "packet, not tapped",
		                     .unit = "ns/packet",
		                     .port = "net_null",
		                     .profile = "gcm",
		                     .payload = c->payload,
		                     .viewers = c->viewers,
		                     .tracks = 1,
		                     .burst = BURST,
		                     .workers = 1,
		                     .value = series_min(&series[on]),
		                     .median = series_median(&series[on]),
		                     .floor = series_min(&series[0]),
		             });
	}
	printf("%-30s %48s of the medians: %.4f\n", "", "ratio",
	       series_median(&series[1]) / without);
}

// Rounds with and without the tap alternate, so that both get the same noise.
static int case_measure(
        struct tap_publisher *p, const struct tap_case *c, const struct am_tap *tap, FILE *json
)
{
	static struct series series[2];
	uint32_t packets = RTE_MAX(COPIES / c->viewers / BURST * BURST + BURST, (uint32_t)PACKETS);
	uint64_t before = am_tap_head(&tap->map->rings[0]);

	memset(series, 0, sizeof(series));
	for (int i = 0; i < 2 * ROUNDS; i++) {
		int on = (i ^ i >> 1) & 1; // off, on, on, off, …
		p->track.tapped = on;
		double ns = round_run(p, c->payload, packets);
		if (ns < 0)
			return -EIO;
		if (i >= 2) // the first warm the caches
			series_add(&series[on], ns);
	}
	if (am_tap_head(&tap->map->rings[0]) - before != (uint64_t)packets * ROUNDS) {
		fprintf(stderr, "bench: packets are missing in the tap\n");
		return -EIO;
	}
	case_tell(json, c, series);
	return 0;
}

static int case_run(struct rig *r, const struct tap_case *c, const struct am_tap *tap, FILE *json)
{
	static struct tap_publisher p;

	p = (struct tap_publisher){.rig = r};
	int ret = rig_fill(r, c->viewers, 1, SRTP_PROFILE_AEAD_AES_128_GCM);
	if (ret == 0)
		ret = publisher_begin(&p);
	if (ret == 0)
		ret = case_measure(&p, c, tap, json);
	publisher_end(&p);
	rig_clear(r);
	return ret;
}

int tap_cost(struct rig *r, FILE *json)
{
	struct am_tap tap;

	int ret = am_tap_new(&tap, 1, 1);
	if (ret < 0)
		return ret;
	ret = srtp_init_library();
	r->worker->tap.ring = &tap.map->rings[0];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]) && ret == 0; i++)
		ret = case_run(r, &cases[i], &tap, json);
	r->worker->tap = (struct tap_writer){0};
	am_tap_leave(&tap);
	return ret;
}

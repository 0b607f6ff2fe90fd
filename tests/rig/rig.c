#include "rig.h"

#include <errno.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/cipher.h"
#include "path/forward.h"
#include "path/viewer.h"
#include "service/workers.h"

#define RIG_RATE       40000000 // bit/s that each viewer's link carries
#define HEADER_EXT_LEN 16 // of a track header: send time and MID

static int worker_begin(struct rig *r, uint16_t index)
{
	struct worker *w = &r->worker[index];
	int ret = worker_init(w, index, r->workers, &r->port, false);

	if (ret < 0)
		return ret;
	w->adapts = true;
	w->counters = &r->counters[index];
	w->gauges = r->gauges;
	w->figures = r->figures;
	w->workers = r->worker;
	memcpy(w->local.mac, r->port.mac, 6);
	w->local.udp_port = 40000;
	w->local.ipv4 = (struct am_address){.family = 4, .bytes = {198, 18, 0, 2}};
	w->now_us = 1000000;
	return 0;
}

int rig_init_workers(struct rig *r, uint16_t workers, unsigned buffers, unsigned cache)
{
	*r = (struct rig
	){.workers = workers,
	  .port = {.queues = 1, .mac = {2, 0, 0, 0, 0, 8}, .mtu = 1500, .frame_max = 1514}};
	r->port.pool = rte_pktmbuf_pool_create(
	        "rig", buffers, cache, PORT_MBUF_PRIV, PORT_MBUF_DATA_ROOM, SOCKET_ID_ANY
	);
	r->port.small_pool = rte_pktmbuf_pool_create(
	        "rig_small", buffers, cache, PORT_MBUF_PRIV, PORT_SMALL_DATA_ROOM, SOCKET_ID_ANY
	);
	if (!r->port.pool || !r->port.small_pool)
		return -rte_errno;
	r->worker = aligned_alloc(64, (workers * sizeof(*r->worker) + 63) / 64 * 64);
	r->counters = calloc(workers, sizeof(*r->counters));
	r->gauges = calloc(1, sizeof(*r->gauges));
	r->figures = calloc(1, sizeof(*r->figures));
	if (!r->worker || !r->counters || !r->gauges || !r->figures)
		return -ENOMEM;
	int ret = 0;
	for (uint16_t i = 0; i < workers && ret == 0; i++)
		ret = worker_begin(r, i);
	return ret;
}

int rig_init(struct rig *r, unsigned buffers, unsigned cache)
{
	return rig_init_workers(r, 1, buffers, cache);
}

void rig_fini(struct rig *r)
{
	for (uint16_t i = 0; i < r->workers; i++)
		worker_fini(&r->worker[i]);
	free(r->worker);
	free(r->counters);
	free(r->gauges);
	free(r->figures);
	rte_mempool_free(r->port.pool);
	rte_mempool_free(r->port.small_pool);
}

static void fill(void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)bytes)[i] = (uint8_t)rand();
}

static struct transport *transport_make(const struct rig *r, uint32_t i, uint8_t profile)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 9};
	struct transport *t = aligned_alloc(alignof(struct transport), sizeof(*t));
	struct srtp_keys keys;
	uint8_t ip[4] = {198, 19, (uint8_t)(i >> 8), (uint8_t)i};

	if (!t)
		return NULL;
	memset(t, 0, sizeof(*t));
	fill(&keys, sizeof(keys));
	keys.profile = profile;
	t->id = i + 1;
	t->key = cipher_key_create(&keys);
	t->key_profile = profile;
	TAILQ_INIT(&t->tracks);
	TAILQ_INIT(&t->subscriptions);
	packet_route_init(
	        &t->route, &r->worker->local, mac, 4, ip, (uint16_t)(RIG_PORT + i % 50000)
	);
	return t;
}

// Places for all viewers, as the service thread makes them.
static int chunks_make(struct fanout *f, uint32_t viewers)
{
	struct fanout_chunk **end = &f->chunks;

	for (uint32_t i = 0; i < viewers; i += FANOUT_CHUNK, end = &(*end)->next) {
		uint32_t places = viewers - i < FANOUT_CHUNK ? viewers - i : FANOUT_CHUNK;
		*end = aligned_alloc(64, (sizeof(**end) + 63) / 64 * 64);
		if (!*end)
			return -ENOMEM;
		(*end)->used = UINT64_MAX >> (FANOUT_CHUNK - places);
		(*end)->next = NULL;
	}
	return 0;
}

// All viewers subscribe to the track.
static void subscriptions_make(const struct rig *r, struct fanout *f)
{
	struct subscription *s;
	uint32_t i = 0;

	FANOUT_FOREACH (s, f) {
		*s = (struct subscription){
		        .transport = r->transports[i],
		        .fanout = f,
		        .ssrc = (uint32_t)f->track_id << 20 | i,
		        .rtx_ssrc = (uint32_t)f->track_id << 20 | i | UINT32_C(1) << 31,
		        .mid_len = 1,
		        .mid = "7",
		        .layer_told = AM_LAYER_NONE,
		        .place = (uint8_t)(i % FANOUT_CHUNK),
		        .id = i + 1,
		        .transport_cc = true,
		        .asked = layers_make(15, 15),
		        .given = SELECTOR_NONE,
		};
		TAILQ_INSERT_TAIL(&s->transport->subscriptions, s, of_transport);
		selector_init(&s->selector, SELECTOR_VIDEO, (uint16_t)rand(), (uint32_t)rand());
		selector_set_active(&s->selector, 1);
		i++;
	}
}

// A fan-out of one encoding, with room for more.
static int fanout_begin(struct rig *r, uint16_t track)
{
	struct fanout *f = calloc(1, sizeof(*f) + SPATIAL_LIMITS * sizeof(f->streams[0]));

	if (!f)
		return -ENOMEM;
	f->track_id = track + 1u;
	f->publisher = track;
	f->codec = AM_CODEC_VP8;
	f->stream_count = 1;
	f->spatial_limits = 1;
	f->active = 1;
	memcpy(f->cname, "c", 2);
	for (int i = 0; i < AM_ENCODING_MAX; i++) {
		struct fanout_stream *s = &f->streams[i];
		history_init(&s->history, s->slots, FANOUT_HISTORY, FANOUT_HISTORY_MS);
	}
	r->fanouts[track] = f;
	r->worker->fanouts[am_id_slot(f->track_id)] = f;
	TAILQ_INSERT_TAIL(&r->worker->fanout_list, f, entry);
	int ret = chunks_make(f, r->viewers);
	if (ret == 0)
		subscriptions_make(r, f);
	return ret;
}

int rig_fill(struct rig *r, uint32_t viewers, uint16_t tracks, uint8_t srtp_profile)
{
	r->viewers = viewers;
	r->tracks = tracks;
	r->transports = calloc(viewers, sizeof(struct transport *));
	if (!r->transports)
		return -ENOMEM;
	for (uint32_t i = 0; i < viewers; i++) {
		r->transports[i] = transport_make(r, i, srtp_profile);
		struct viewer *v = aligned_alloc(alignof(struct viewer), sizeof(*v));
		if (!r->transports[i] || !r->transports[i]->key || !v)
			return -ENOMEM;
		*v = (struct viewer){0};
		viewer_add(r->worker, r->transports[i], v);
		viewer_answers(r->transports[i]);
		downlink_init(&v->downlink, r->worker->now_us, RIG_RATE, 0, true);
	}
	for (uint16_t i = 0; i < tracks; i++) {
		int ret = fanout_begin(r, i);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static void fanout_end(struct rig *r, struct fanout *f)
{
	if (worker_fanout(r->worker, f->track_id)) { // not yet removed by a message
		r->worker->fanouts[am_id_slot(f->track_id)] = NULL;
		TAILQ_REMOVE(&r->worker->fanout_list, f, entry);
		forward_end(r->worker, f);
	}
	while (f->chunks) {
		struct fanout_chunk *c = f->chunks;
		f->chunks = c->next;
		free(c);
	}
	free(f);
}

void rig_clear(struct rig *r)
{
	for (uint32_t i = 0; i < r->viewers; i++)
		viewer_remove(r->worker, r->transports[i]);
	for (uint16_t i = 0; i < r->tracks; i++)
		fanout_end(r, r->fanouts[i]);
	for (uint32_t i = 0; i < r->viewers; i++) {
		cipher_key_destroy(r->transports[i]->key);
		free(r->transports[i]->viewer);
		free(r->transports[i]);
	}
	free(r->transports);
}

struct rte_mbuf *rig_packet(const struct rig *r, uint16_t track, uint32_t seq, uint16_t payload_len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(r->port.pool);

	if (!m)
		return NULL;
	struct media_packet *p = rte_mbuf_to_priv(m);
	uint16_t at = (uint16_t)seq;
	uint8_t *payload = (uint8_t *)rte_pktmbuf_append(m, payload_len);
	memset(payload, 0x55, payload_len);
	*p = (struct media_packet){
	        .track_id = track + 1u,
	        .ready_us = r->worker->now_us,
	        .info =
	                {
	                        .arrival_us = r->worker->now_us,
	                        .seq = seq,
	                        .timestamp = seq * 3000,
	                        .seq_at = {at, at, at, at},
	                        .flags = (uint16_t
	                        )(TRACK_BEGIN | TRACK_END | (seq == 1 ? TRACK_KEY_FRAME : 0)),
	                },
	        .template =
	                {
	                        .len = RTP_HEADER_LEN + HEADER_EXT_LEN,
	                        .abs_send_time_offset = 17,
	                        .transport_cc_offset = 20,
	                        .transport_cc_id = AM_EXT_TRANSPORT_CC,
	                        .mid_offset = 23,
	                        .mid_id = AM_EXT_MID,
	                },
	        .active = 1,
	        .header = {0x90, 101, [12] = 0xbe, 0xde, 0, 3, AM_EXT_ABS_SEND_TIME << 4 | 2},
	};
	return m;
}

static void (*frame_take)(const struct rte_mbuf *);

uint32_t rig_port_room = RIG_PORT_ENDLESS;

static uint16_t port_take(void *, struct rte_mbuf **frames, uint16_t n)
{
	uint16_t i;

	for (i = 0; i < n && rig_port_room > 0; i++) {
		rig_port_room -= rig_port_room != RIG_PORT_ENDLESS;
		if (frame_take)
			frame_take(frames[i]);
		rte_pktmbuf_free(frames[i]);
	}
	return i;
}

int rig_port_begin(const char *test, void (*take)(const struct rte_mbuf *))
{
	static void *queues[1] = {&frame_take};
	char name[64];
	char *argv[] = {
	        name,
	        "--no-huge",
	        "-m",
	        "128",
	        "--no-pci",
	        "--no-telemetry",
	        "--iova-mode=va",
	        "--no-shconf",
	        NULL,
	};

	snprintf(name, sizeof(name), "%s", test);
	if (rte_eal_init(8, argv) < 0)
		return -1;
	frame_take = take;
	rte_eth_fp_ops[0].tx_pkt_burst = port_take;
	rte_eth_fp_ops[0].txq.data = queues;
	return 0;
}

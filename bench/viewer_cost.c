#include "viewer_cost.h"

#include "record.h"
#include "rig.h"

#include "media/twcc.h"
#include "path/feedback.h"
#include "path/forward.h"
#include "path/tx.h"
#include "path/viewer.h"

#include <errno.h>
#include <rte_mbuf.h>
#include <stdlib.h>
#include <string.h>

#define FEEDBACK_US 50000
#define PER_S       (1000000 / FEEDBACK_US)
#define LOOKS_PER_S (1000000 / DOWNLINK_TICK_US)
#define STEPS       200 // of FEEDBACK_US
#define WARM_STEPS  40
#define PACKETS     12 // to each viewer in a step: 240 a second, as in a keynote
#define WAY_US      20000
#define SIZE        256 // of a message with its trailer

static const struct cost_case {
	uint32_t viewers;
	uint16_t tracks;
} cases[] = {{200, 1}, {2000, 1}, {2000, 4}};

struct client {
	struct cipher_key *key; // the client's key for sending
	uint32_t rtcp_index;
};

struct cost {
	struct rig *rig;
	struct client *clients;
	struct cipher *cipher; // for the clients
	struct twcc twcc; // of all clients, which get the same numbers
	uint16_t number;
	uint32_t seq;
	struct series feedback, looks; // ns for one viewer
};

static int clients_begin(struct cost *c)
{
	struct srtp_keys keys = {.profile = SRTP_PROFILE_AEAD_AES_128_GCM};

	for (uint32_t i = 0; i < c->rig->viewers; i++) {
		for (size_t n = 0; n < SRTP_KEY_LEN; n++)
			keys.client.key[n] = keys.server.key[n] = (uint8_t)rand();
		c->clients[i].key = cipher_key_create(&keys); // a cipher_key sends as the server
		c->rig->transports[i]->rtcp_receiver = srtcp_receiver_create(&keys);
		if (!c->clients[i].key || !c->rig->transports[i]->rtcp_receiver)
			return -ENOMEM;
	}
	return 0;
}

static void clients_end(struct cost *c)
{
	for (uint32_t i = 0; i < c->rig->viewers; i++) {
		cipher_key_destroy(c->clients[i].key);
		srtcp_receiver_destroy(c->rig->transports[i]->rtcp_receiver);
		c->rig->transports[i]->rtcp_receiver = NULL;
	}
	free(c->clients);
	cipher_destroy(c->cipher);
}

// Sends all viewers the packets of a step at once.
static void media_run(struct cost *c)
{
	struct worker *w = c->rig->worker;
	uint16_t n = (uint16_t)(PACKETS / c->rig->tracks);

	for (uint16_t i = 0; i < n; i++) {
		c->seq++;
		for (uint16_t track = 0; track < c->rig->tracks; track++) {
			forward(w, rig_packet(c->rig, track, c->seq, 1200));
			twcc_arrived(&c->twcc, c->number++, w->now_us + WAY_US);
		}
	}
	while (forward_some(w) > 0)
		tx_flush(w);
}

// A viewer's message as it arrives. NULL: out of buffers.
static struct rte_mbuf *
message_make(struct cost *c, uint32_t viewer, const uint8_t *plain, size_t len)
{
	struct client *client = &c->clients[viewer];
	struct rte_mbuf *m = rte_pktmbuf_alloc(c->rig->port.pool);

	if (!m)
		return NULL;
	uint8_t *packet = (uint8_t *)rte_pktmbuf_append(m, SIZE);
	memcpy(packet, plain, len);
	if (cipher_protect_rtcp(c->cipher, client->key, ++client->rtcp_index, packet, &len, SIZE) <
	    0) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	m->data_len = (uint16_t)len;
	m->pkt_len = (uint32_t)len;
	return m;
}

// All viewers send feedback. Returns the worker's ns, or -errno.
static int64_t feedback_run(struct cost *c)
{
	uint32_t viewers = c->rig->viewers;
	struct rte_mbuf *mbufs[WORKER_BURST];
	uint8_t plain[SIZE];
	uint64_t ns = 0;

	size_t len = twcc_build(&c->twcc, plain, SIZE - CIPHER_RTCP_TRAILER_MAX, 1, 2);
	for (uint32_t at = 0; at < viewers; at += WORKER_BURST) {
		uint32_t n = RTE_MIN(viewers - at, (uint32_t)WORKER_BURST);
		for (uint32_t i = 0; i < n; i++) {
			mbufs[i] = message_make(c, at + i, plain, len);
			if (!mbufs[i])
				return -ENOMEM;
		}
		uint64_t start = thread_time_ns();
		for (uint32_t i = 0; i < n; i++) {
			const struct packet_view v = {
			        .payload_len = rte_pktmbuf_data_len(mbufs[i])};
			feedback_receive(c->rig->worker, c->rig->transports[at + i], mbufs[i], &v);
		}
		ns += thread_time_ns() - start;
	}
	return (int64_t)ns;
}

static int step_run(struct cost *c, bool warm)
{
	struct worker *w = c->rig->worker;
	uint64_t ticks_ns = 0;

	media_run(c);
	w->now_us += WAY_US;
	int64_t feedback_ns = feedback_run(c);
	if (feedback_ns < 0)
		return (int)feedback_ns;
	w->now_us -= WAY_US;
	for (int64_t us = 0; us < FEEDBACK_US; us += VIEWER_TICK_US) {
		w->now_us += VIEWER_TICK_US;
		uint64_t start = thread_time_ns();
		viewer_tick(w);
		ticks_ns += thread_time_ns() - start;
	}
	if (warm) {
		double viewers = c->rig->viewers;
		series_add(&c->feedback, (double)feedback_ns / viewers);
		series_add(&c->looks, (double)ticks_ns / (viewers * LOOKS_PER_S / PER_S));
	}
	return 0;
}

static void case_tell(struct cost *c, FILE *json)
{
	const struct {
		const char *name;
		struct series *series;
		int per_s;
	} costs[] = {
	        {"feedback message", &c->feedback, PER_S},
	        {"look at a viewer", &c->looks, LOOKS_PER_S},
	};

	for (int i = 0; i < 2; i++) {
		struct figure f = {
		        .name = costs[i].name,
		        .unit = "ns",
		        .profile = "gcm",
		        .viewers = c->rig->viewers,
		        .tracks = c->rig->tracks,
		        .value = series_min(costs[i].series),
		        .median = series_median(costs[i].series),
		};
		record(json, &f);
		char name[64];
		snprintf(name, sizeof(name), "%s, share of a core", costs[i].name);
		f.name = name;
		f.unit = "%";
		f.value = f.median * f.viewers * costs[i].per_s / 1e7;
		f.median = 0;
		record_json(json, &f);
		printf("%-30s %48d a second each: %.2f %% of a core\n", "", costs[i].per_s,
		       f.value);
	}
}

static int case_run(struct rig *r, const struct cost_case *which, FILE *json)
{
	static struct cost c;

	c = (struct cost){.rig = r};
	twcc_init(&c.twcc);
	int ret = rig_fill(r, which->viewers, which->tracks, SRTP_PROFILE_AEAD_AES_128_GCM);
	c.clients = calloc(which->viewers, sizeof(*c.clients));
	c.cipher = cipher_create();
	if (ret == 0)
		ret = c.clients && c.cipher ? clients_begin(&c) : -ENOMEM;
	uint64_t taken = r->counters->value[AM_COUNTER_transport_feedbacks];
	for (int i = 0; i < STEPS && ret == 0; i++)
		ret = step_run(&c, i >= WARM_STEPS);
	taken = r->counters->value[AM_COUNTER_transport_feedbacks] - taken;
	if (ret == 0 && taken != (uint64_t)STEPS * which->viewers) {
		fprintf(stderr, "bench: only %lu messages were accepted\n", taken);
		ret = -EIO;
	}
	if (ret == 0)
		case_tell(&c, json);
	clients_end(&c);
	rig_clear(r);
	return ret;
}

int viewer_cost(struct rig *r, FILE *json)
{
	int ret = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]) && ret == 0; i++)
		ret = case_run(r, &cases[i], json);
	return ret;
}

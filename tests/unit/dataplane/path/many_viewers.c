#include "many_viewers.h"

#include <arpa/inet.h>

#include "path/tx.h"

#define FRAME_LEN 42 // Ethernet, IPv4 and UDP, before RTP

struct rig rig;
struct got got[VIEWERS][RIG_TRACKS_MAX];
uint64_t port_taken;
uint32_t sound_before;

static void take(const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	const uint8_t *rtp = frame + FRAME_LEN;
	uint32_t viewer = (uint32_t)(frame[36] << 8 | frame[37]) - RIG_PORT;
	uint16_t seq = (uint16_t)(rtp[2] << 8 | rtp[3]);
	bool report = rtp[1] == 200;
	uint32_t ssrc;

	memcpy(&ssrc, rtp + (report ? 4 : 8), sizeof(ssrc));
	ssrc = ntohl(ssrc);
	assert_true(viewer < rig.viewers);
	struct got *g = &got[viewer][(ssrc & 0x7fffffff) / (1 << 20) - 1];
	port_taken++;
	g->markers += !report && (rtp[1] & RTP_MARKER);
	if (report || ssrc >> 31) {
		g->reports += report;
		g->resent += ssrc >> 31;
		return;
	}
	if (g->packets > 0) {
		uint16_t step = (uint16_t)(seq - g->seq);
		g->swaps += step == 0 || step > INT16_MAX;
		g->step_max = RTE_MAX(g->step_max, step);
	}
	g->seq = seq;
	g->packets++;
	if (g == &got[viewer][1] && got[rig.viewers - 1][0].packets == 0)
		sound_before++;
}

int eal_begin(void **)
{
	return rig_port_begin("relay_test", take);
}

void begin(uint32_t viewers, uint16_t tracks)
{
	assert_int_equal(rig_init(&rig, BUFFERS, 0), 0);
	assert_int_equal(rig_fill(&rig, viewers, tracks, SRTP_PROFILE_AEAD_AES_128_GCM), 0);
	memset(got, 0, sizeof(got));
	rig_port_room = RIG_PORT_ENDLESS;
	port_taken = 0;
	sound_before = 0;
}

uint64_t counter(enum am_counter c)
{
	return rig.counters->value[c];
}

uint64_t dropped(enum drop reason)
{
	return rig.counters->drops[reason];
}

// `given` counts the packets that the tests hand in, which come from no port.
static void check_books(uint64_t given)
{
	uint64_t out = counter(AM_COUNTER_tx_packets) + counter(AM_COUNTER_consumed);

	for (int i = 0; i < DROP_COUNT; i++)
		out += dropped((enum drop)i);
	assert_int_equal(
	        given + counter(AM_COUNTER_made_copies) + counter(AM_COUNTER_made_rtcp) +
	                counter(AM_COUNTER_made_retransmissions) + counter(AM_COUNTER_made_probes),
	        out
	);
	assert_int_equal(port_taken, counter(AM_COUNTER_tx_packets));
}

void end(uint64_t given)
{
	check_books(given);
	rig_clear(&rig);
	tx_drain(rig.worker);
	assert_int_equal(rte_mempool_avail_count(rig.port.pool), BUFFERS);
	assert_int_equal(rte_mempool_avail_count(rig.port.small_pool), BUFFERS);
	rig_fini(&rig);
}

void give_sized(uint16_t track, uint32_t first, uint32_t n, uint16_t payload_len)
{
	for (uint32_t i = 0; i < n; i++) {
		struct rte_mbuf *m = rig_packet(&rig, track, first + i, payload_len);
		assert_non_null(m);
		forward(rig.worker, m);
	}
}

void give(uint16_t track, uint32_t first, uint32_t n)
{
	give_sized(track, first, n, PAYLOAD);
}

bool turn(void)
{
	struct worker *w = rig.worker;

	w->now_us += TURN_US;
	forward_some(w);
	tx_flush(w);
	return w->tx.head != w->tx.tail || !TAILQ_EMPTY(&w->waiting[WORKER_SOUND]) ||
	       !TAILQ_EMPTY(&w->waiting[WORKER_PICTURES]);
}

void settle(void)
{
	while (turn())
		;
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring_elem.h>

#include "am_reader.h"
#include "inbox.h"
#include "path/flow.h"
#include "path/forward.h"
#include "path/rx.h"
#include "path/tx.h"
#include "rig.h"

#define BUFFERS   16383
#define VIEWERS   600 // ten chunks, the last one not full
#define BURST     8
#define PAYLOAD   60
#define TURN_US   100
#define FRAME_US  33000
#define FRAME_LEN 42 // Ethernet, IPv4 and UDP, before RTP
#define ENDLESS   UINT32_MAX

// What a viewer got of a track, in order of arrival.
struct got {
	uint32_t packets, reports, resent, markers;
	uint32_t swaps; // packets older than the one before
	uint16_t seq;
	uint16_t step_max; // from one packet's number to the next one's
};

static struct rig rig;
static struct got got[VIEWERS][RIG_TRACKS_MAX];
static uint32_t port_room; // frames that the port will still take
static uint64_t port_taken;
static uint32_t sound_before; // copies of track 1 that came while track 0 was not yet complete

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

// In the place of a driver.
static uint16_t port_take(void *, struct rte_mbuf **frames, uint16_t n)
{
	uint16_t i;

	for (i = 0; i < n && port_room > 0; i++) {
		port_room -= port_room != ENDLESS;
		take(frames[i]);
		rte_pktmbuf_free(frames[i]);
	}
	return i;
}

static int eal_begin(void **)
{
	static void *queues[1] = {&port_room};
	char *argv[] = {
	        "forward_test",   "--no-huge",      "-m",          "128", "--no-pci",
	        "--no-telemetry", "--iova-mode=va", "--no-shconf", NULL,
	};

	if (rte_eal_init(8, argv) < 0)
		return -1;
	rte_eth_fp_ops[0].tx_pkt_burst = port_take;
	rte_eth_fp_ops[0].txq.data = queues;
	return 0;
}

static void begin(uint32_t viewers, uint16_t tracks)
{
	assert_int_equal(rig_init(&rig, BUFFERS, 0), 0);
	assert_int_equal(rig_fill(&rig, viewers, tracks, SRTP_PROFILE_AEAD_AES_128_GCM), 0);
	memset(got, 0, sizeof(got));
	port_room = ENDLESS;
	port_taken = 0;
	sound_before = 0;
}

static uint64_t counter(enum am_counter c)
{
	return rig.counters->value[c];
}

static uint64_t dropped(enum drop reason)
{
	return rig.counters->drops[reason];
}

// Packets that the tests hand in come from no port: `given` stands for them.
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

// Ends a test; no buffer may be missing.
static void end(uint64_t given)
{
	check_books(given);
	rig_clear(&rig);
	tx_drain(rig.worker);
	assert_int_equal(rte_mempool_avail_count(rig.port.pool), BUFFERS);
	assert_int_equal(rte_mempool_avail_count(rig.port.small_pool), BUFFERS);
	rig_fini(&rig);
}

static void give_sized(uint16_t track, uint32_t first, uint32_t n, uint16_t payload_len)
{
	for (uint32_t i = 0; i < n; i++) {
		struct rte_mbuf *m = rig_packet(&rig, track, first + i, payload_len);
		assert_non_null(m);
		forward(rig.worker, m);
	}
}

static void give(uint16_t track, uint32_t first, uint32_t n)
{
	give_sized(track, first, n, PAYLOAD);
}

// One turn of the worker. True while there is something left.
static bool turn(void)
{
	struct worker *w = rig.worker;

	w->now_us += TURN_US;
	forward_some(w);
	tx_flush(w);
	return w->tx.head != w->tx.tail || !TAILQ_EMPTY(&w->waiting[WORKER_SOUND]) ||
	       !TAILQ_EMPTY(&w->waiting[WORKER_PICTURES]);
}

static void settle(void)
{
	while (turn())
		;
}

static void each_viewer_gets_each_packet_once_and_in_order(void **)
{
	begin(VIEWERS, 1);
	for (uint32_t i = 0; i < 5; i++) {
		give(0, 1 + i * BURST, BURST);
		settle();
	}
	for (uint32_t i = 0; i < VIEWERS; i++) {
		assert_int_equal(got[i][0].packets, 5 * BURST);
		assert_int_equal(got[i][0].swaps, 0);
	}
	end(5 * BURST);
}

// What a publisher repairs is as late for its viewers as for us. Beyond what the history keeps,
// each viewer's guard tells a duplicate.
static void a_repair_reaches_everyone_however_late_it_is_taken(void **)
{
	static const uint32_t late[] = {63, 64, RELAY_HISTORY, SRTP_WINDOW - 1};
	uint32_t seq = 1;

	begin(8, 1);
	for (size_t i = 0; i < sizeof(late) / sizeof(late[0]); i++) {
		give(0, seq, 1);
		for (uint32_t n = 0; n < late[i]; n++) {
			give(0, seq + 2 + n, 1);
			settle();
		}
		memset(got, 0, sizeof(got));
		give(0, seq + 1, 1);
		settle();
		for (uint32_t v = 0; v < 8; v++)
			assert_int_equal(got[v][0].packets, 1);
		seq += late[i] + 2;
	}
	assert_int_equal(dropped(DROP_duplicate), 0);
	give(0, seq - SRTP_WINDOW, 1);
	settle();
	assert_int_equal(dropped(DROP_duplicate), 8);
	end(seq);
}

// What comes while a round is under way follows it.
static void packets_that_come_meanwhile_keep_their_order(void **)
{
	begin(VIEWERS, 2);
	give(0, 1, 1);
	give(1, 1, 1);
	for (uint32_t i = 0; i < 100; i++) {
		turn();
		give(i % 2, 2 + i / 2, 1);
	}
	settle();
	for (uint32_t i = 0; i < VIEWERS; i++) {
		for (int track = 0; track < 2; track++) {
			assert_int_equal(got[i][track].packets, 51);
			assert_int_equal(got[i][track].swaps, 0);
		}
	}
	end(102);
}

// One packet that begins a key frame, or none.
static void give_one(uint32_t seq, bool key)
{
	struct rte_mbuf *m = rig_packet(&rig, 0, seq, PAYLOAD);
	struct media_packet *p = rte_mbuf_to_priv(m);

	p->info.flags = TRACK_BEGIN | TRACK_END | (key ? TRACK_KEY_FRAME : 0);
	forward(rig.worker, m);
	settle();
}

// More than half a round of numbers passes while there is no way to the viewer.
static void an_unreachable_viewer_goes_on_where_it_was(void **)
{
	static const uint32_t away[] = {100, 32768, 40000, 65535};
	uint32_t seq = 1;

	for (size_t i = 0; i < sizeof(away) / sizeof(away[0]); i++) {
		begin(2, 1);
		uint16_t len = rig.transports[0]->route.len;
		give_one(seq = 1, true);
		rig.transports[0]->route.len = 0;
		for (uint32_t n = 0; n < away[i]; n++)
			give_one(++seq, false);
		struct subscription *s = &rig.fanouts[0]->chunks->subscriptions[0];
		assert_int_equal(selector_layer(&s->selector), SELECTOR_NONE);
		assert_int_equal(s->layer_told >> 4, SELECTOR_NONE & 0x0F);
		rig.transports[0]->route.len = len;
		give_one(++seq, false);
		assert_int_equal(selector_wanted_layer(&s->selector), 0);
		assert_int_equal(got[0][0].packets, 1);
		give_one(++seq, true);
		give_one(++seq, false);
		assert_int_equal(got[0][0].packets, 3);
		assert_int_equal(got[0][0].step_max, 1);
		assert_int_equal(got[1][0].packets, seq);
		assert_int_equal(got[1][0].step_max, 1);
		assert_int_equal(dropped(DROP_duplicate), 0);
		end(seq);
	}
}

// A key frame of H.264 in packets of their own: parameter sets, then the picture. Who begins with
// it gets all of it, in order; who gets the stream already gets each packet once.
static void who_begins_gets_the_whole_key_frame(void **)
{
	static const struct {
		uint8_t order[4]; // in which 2 to 5 come
		uint8_t whole; // with which the key frame is whole
		uint8_t lead, trail;
	} cases[] = {
	        {{2, 3, 4, 5}, 4, 2, 0}, // SPS, PPS, IDR and its second packet
	        {{3, 4, 5, 2}, 2, 0, 3}, // SPS late
	        {{2, 4, 5, 3}, 3, 1, 2}, // PPS late
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(2, 1);
		struct subscription *s = &rig.fanouts[0]->chunks->subscriptions[0];
		s->paused = true;
		selector_pause(&s->selector);
		give_one(1, true);
		assert_int_equal(got[0][0].packets, 0);
		s->paused = false;
		selector_resume(&s->selector);
		for (int k = 0; k < 4; k++) {
			struct rte_mbuf *m = rig_packet(&rig, 0, cases[i].order[k], PAYLOAD);
			struct media_packet *p = rte_mbuf_to_priv(m);
			p->info.flags = TRACK_BEGIN;
			if (cases[i].order[k] == cases[i].whole) {
				assert_int_equal(got[0][0].packets, 0);
				p->info.flags |= TRACK_KEY_FRAME;
				p->info.lead = cases[i].lead;
				p->info.trail = cases[i].trail;
			}
			forward(rig.worker, m);
			settle();
		}
		give_one(6, false);
		assert_int_equal(got[0][0].packets, 5);
		assert_int_equal(got[0][0].swaps, 0);
		assert_int_equal(got[0][0].step_max, 1);
		assert_int_equal(got[1][0].packets, 6);
		assert_int_equal(dropped(DROP_duplicate), 0);
		end(6);
	}
}

static void a_port_that_stands_still_for_a_while_costs_nothing(void **)
{
	begin(VIEWERS, 1);
	give(0, 1, BURST);
	settle();
	port_room = 0;
	give(0, 1 + BURST, BURST);
	for (int ms = 0; ms < 150; ms++) {
		turn();
		rig.worker->now_us += 1000 - TURN_US;
		assert_true(rig.worker->tx.head - rig.worker->tx.tail < TX_QUEUE / 2);
	}
	port_room = ENDLESS;
	settle();
	for (uint32_t i = 0; i < VIEWERS; i++)
		assert_int_equal(got[i][0].packets, 2 * BURST);
	end(2 * BURST);
}

static void what_waits_too_long_is_given_up_and_counted(void **)
{
	begin(VIEWERS, 1);
	give(0, 1, BURST);
	settle();
	port_room = 0;
	give(0, 1 + BURST, BURST);
	for (int ms = 0; ms < 250; ms++) {
		turn();
		rig.worker->now_us += 1000 - TURN_US;
	}
	give(0, 1 + 2 * BURST, BURST);
	port_room = ENDLESS;
	settle();
	uint32_t least = 3 * BURST, sum = 0;
	for (uint32_t i = 0; i < VIEWERS; i++) {
		sum += got[i][0].packets;
		least = RTE_MIN(least, got[i][0].packets);
		assert_int_equal(got[i][0].swaps, 0);
	}
	assert_int_equal(least, 2 * BURST); // the packets before and after
	assert_int_equal(dropped(DROP_late), 3 * BURST * VIEWERS - sum);
	assert_true(dropped(DROP_late) > 0);
	assert_int_equal(dropped(DROP_tx_full), 0);
	end(3 * BURST);
}

// A port that takes 70 of 100 copies: everyone loses the same.
static void no_viewer_starves_another(void **)
{
	const uint32_t frames = 200;
	const double per_turn = 0.7 * VIEWERS * BURST / FRAME_US * TURN_US;
	double room = 0;
	uint32_t given = 0;

	begin(VIEWERS, 1);
	give(0, ++given, 1);
	settle();
	memset(got, 0, sizeof(got));
	port_room = 0;
	for (uint32_t i = 0; i < frames; i++) {
		give(0, given + 1, BURST);
		given += BURST;
		for (int t = 0; t < FRAME_US / TURN_US; t++) {
			room += per_turn;
			port_room = (uint32_t)room;
			turn();
			room -= (uint32_t)room - port_room;
			if (room > 2 * per_turn)
				room = 2 * per_turn; // it does not save up
		}
	}
	port_room = ENDLESS;
	settle();
	uint32_t least = UINT32_MAX, most = 0, sum = 0;
	for (uint32_t i = 0; i < VIEWERS; i++) {
		uint32_t n = got[i][0].packets;
		least = RTE_MIN(least, n);
		most = RTE_MAX(most, n);
		sum += n;
		assert_int_equal(got[i][0].swaps, 0);
		assert_int_equal(n % BURST, 0); // whole frames or nothing,
		assert_in_range(got[i][0].step_max, 1, 2 * BURST + 1); // not many in a row
	}
	double mean = (double)sum / VIEWERS;
	assert_in_range((uint32_t)(100 * mean / (frames * BURST)), 68, 74); // with what waited
	assert_true(least > 0.95 * mean && most < 1.05 * mean);
	assert_int_equal(dropped(DROP_tx_full), 0);
	end(given);
}

// A worker that others keep from its core makes one of twenty copies: everyone gets some of each
// track, and hardly any of its turns is spent on what it gives up.
static void a_worker_without_time_starves_nobody(void **)
{
	const uint32_t turn_us = 40000, turns = 500;
	uint32_t given = 1, frames = 0;

	begin(VIEWERS, 2);
	give(0, 1, 1);
	give(1, 1, 1);
	settle();
	memset(got, 0, sizeof(got));
	for (uint32_t t = 0; t < turns; t++) {
		for (; frames < (uint64_t)t * turn_us / FRAME_US; frames++, given += BURST) {
			give(0, 1 + given, BURST);
			give(1, 1 + given, BURST);
		}
		turn();
		rig.worker->now_us += turn_us - TURN_US;
	}
	uint32_t least = UINT32_MAX, sum = 0;
	for (uint32_t i = 0; i < VIEWERS; i++) {
		for (int track = 0; track < 2; track++) {
			least = RTE_MIN(least, got[i][track].packets);
			sum += got[i][track].packets;
			assert_int_equal(got[i][track].swaps, 0);
		}
	}
	assert_true(least > 0);
	assert_true(least * 2 > sum / (2 * VIEWERS));
	assert_true(sum > turns * 512 / 3);
	settle();
	end(2 * given);
}

static void sound_goes_before_pictures(void **)
{
	begin(VIEWERS, 2);
	rig.fanouts[1]->codec = AM_CODEC_OPUS;
	give(0, 1, 4 * BURST);
	turn();
	give(1, 1, 1);
	for (int i = 0; i < 3; i++)
		turn();
	assert_int_equal(sound_before, VIEWERS);
	settle();
	end(4 * BURST + 1);
}

static void post(const struct message *msg)
{
	assert_int_equal(
	        rte_ring_sp_enqueue_elem(rig.worker->inbox, (void *)(uintptr_t)msg, sizeof(*msg)), 0
	);
	inbox_service(rig.worker, 1);
}

// Between two slices of a round subscriptions may end, and so may their transports.
static void subscriptions_may_end_during_a_round(void **)
{
	begin(VIEWERS, 1);
	give(0, 1, BURST);
	settle();
	give(0, 1 + BURST, BURST);
	turn();
	struct fanout_chunk *last = rig.fanouts[0]->chunks;
	while (last->next)
		last = last->next;
	TAILQ_INSERT_TAIL(
	        &last->subscriptions[3].transport->subscriptions, &last->subscriptions[3],
	        of_transport
	);
	post(&(struct message
	){.type = MESSAGE_SUBSCRIPTION_REMOVE, .object = &last->subscriptions[3]});
	last->subscriptions[3].transport = NULL; // freed by the service thread
	settle();
	uint32_t gone = VIEWERS / RELAY_CHUNK * RELAY_CHUNK + 3;
	for (uint32_t i = 0; i < VIEWERS; i++)
		assert_int_equal(got[i][0].packets, i == gone ? BURST : 2 * BURST);
	end(2 * BURST);
}

static void a_fan_out_may_end_during_a_round(void **)
{
	begin(VIEWERS, 1);
	give(0, 1, BURST);
	turn();
	assert_true(turn());
	post(&(struct message){.type = MESSAGE_FANOUT_REMOVE, .id = rig.fanouts[0]->track_id});
	settle();
	assert_true(port_taken > 0 && port_taken < VIEWERS * BURST);
	end(BURST);
}

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
		forward_repeat(rig.worker, s, (uint16_t)(s->selector.seq - i));
	settle();
	assert_int_equal(got[0][0].resent, 3);
	end(12);
}

// A picture of three spatial layers, two packets each: each viewer gets those up to its own, with a
// marker on the last, and by retransmission what was on the wire.
static void viewers_choose_among_spatial_layers(void **)
{
	uint16_t at[LIMITS] = {0};

	begin(3, 1);
	rig.fanouts[0]->spatial_limits = SPATIAL_LIMITS;
	struct subscription *first = &rig.fanouts[0]->chunks->subscriptions[0];
	for (uint8_t v = 0; v < 3; v++) {
		selector_init(&first[v].selector, SELECTOR_SVC, 1000, 0);
		selector_set_active(&first[v].selector, 7);
		selector_prefer(&first[v].selector, v, 3);
	}
	for (uint32_t i = 0; i < 60; i++) {
		struct rte_mbuf *m = rig_packet(&rig, 0, 1 + i, PAYLOAD);
		struct media_packet *p = rte_mbuf_to_priv(m);
		p->info.flags = i == 0 ? TRACK_BEGIN | TRACK_KEY_FRAME : 0;
		p->info.flags |= i % 2 == 1 ? TRACK_LAYER_END : 0;
		p->info.flags |= i % 6 == 5 ? TRACK_END : 0;
		p->header[1] = i % 6 == 5 ? RTP_MARKER | 101 : 101;
		p->info.spatial_id = (uint8_t)(i / 2 % 3);
		p->active = 7;
		for (uint8_t limit = 0; limit < LIMITS; limit++)
			at[limit] += track_packet_is_within(&p->info, limit);
		memcpy(p->info.seq_at, at, sizeof(at));
		forward(rig.worker, m);
		settle();
	}
	for (uint32_t v = 0; v < 3; v++) {
		assert_int_equal(got[v][0].packets, 20 * (v + 1));
		assert_int_equal(got[v][0].step_max, 1);
		assert_int_equal(got[v][0].markers, 10);
		assert_int_equal(first[v].layer_told >> 4, v);
		got[v][0].markers = 0;
		for (uint16_t i = 0; i < 2 * (v + 1); i++)
			forward_repeat(
			        rig.worker, &first[v], (uint16_t)(first[v].selector.seq - i)
			);
		settle();
		assert_int_equal(got[v][0].resent, 2 * (v + 1));
		assert_int_equal(got[v][0].markers, 1);
	}
	end(60);
}

// Sound has no layers, and nobody is told of them.
static void no_layers_are_told_of_sound(void **)
{
	struct message msg;

	begin(1, 2);
	rig.fanouts[1]->codec = AM_CODEC_OPUS;
	selector_init(&rig.fanouts[1]->chunks->subscriptions[0].selector, SELECTOR_AUDIO, 1, 1);
	give(1, 1, 5);
	settle();
	assert_int_equal(got[0][1].packets, 5);
	assert_int_not_equal(rte_ring_sc_dequeue_elem(rig.worker->replies, &msg, sizeof(msg)), 0);
	give(0, 1, 5);
	settle();
	assert_int_equal(rte_ring_sc_dequeue_elem(rig.worker->replies, &msg, sizeof(msg)), 0);
	assert_int_equal(msg.type, MESSAGE_LAYERS);
	end(10);
}

// A flood of NACKs must not push out copies that wait for the port.
static void retransmissions_wait_for_the_port_like_copies(void **)
{
	begin(VIEWERS, 1);
	give(0, 1, BURST);
	settle();
	port_room = 0;
	give(0, 1 + BURST, BURST);
	while (!tx_is_full(rig.worker))
		turn();
	struct subscription *s = &rig.fanouts[0]->chunks->subscriptions[0];
	uint32_t waiting = rig.worker->tx.head - rig.worker->tx.tail;
	forward_repeat(rig.worker, s, s->selector.seq);
	assert_int_equal(rig.worker->tx.head - rig.worker->tx.tail, waiting);
	port_room = ENDLESS;
	tx_flush(rig.worker);
	forward_repeat(rig.worker, s, s->selector.seq);
	settle();
	assert_int_equal(got[0][0].resent, 1);
	end(2 * BURST);
}

// All viewers ask for all they got, at once, as after a stall.
static void retransmissions_take_a_bounded_share_of_the_worker(void **)
{
	begin(VIEWERS, 1);
	uint32_t packets = RELAY_RTX_WORKER_BURST / VIEWERS + 8;
	give(0, 1, packets);
	settle();
	uint32_t viewer = 0;
	struct subscription *s;
	FANOUT_FOREACH (s, rig.fanouts[0]) {
		for (uint32_t i = 0; i < packets; i++)
			forward_repeat(rig.worker, s, (uint16_t)(s->selector.seq - i));
		viewer++;
	}
	assert_int_equal(viewer, VIEWERS);
	assert_int_equal(counter(AM_COUNTER_made_retransmissions), RELAY_RTX_WORKER_BURST);
	assert_int_equal(
	        counter(AM_COUNTER_retransmissions_refused),
	        packets * VIEWERS - RELAY_RTX_WORKER_BURST
	);
	rig.worker->now_us += 1000;
	s = &rig.fanouts[0]->chunks->subscriptions[0];
	forward_repeat(rig.worker, s, s->selector.seq);
	assert_int_equal(counter(AM_COUNTER_made_retransmissions), RELAY_RTX_WORKER_BURST + 1);
	settle();
	end(packets);
}

// The viewer's last n packets of the track again.
static void ask_again(uint16_t track, uint16_t n)
{
	struct subscription *s = &rig.fanouts[track]->chunks->subscriptions[0];
	for (uint16_t i = 0; i < n; i++)
		forward_repeat(rig.worker, s, (uint16_t)(s->selector.seq - i));
	settle();
}

// A received buffer is large, whatever is in it.
static void small_packets_take_no_received_buffers(void **)
{
	begin(1, RIG_TRACKS_MAX);
	for (uint32_t i = 0; i < RELAY_HISTORY; i++) {
		for (uint16_t track = 0; track < RIG_TRACKS_MAX; track++)
			give(track, 1 + i, 1);
		settle();
	}
	assert_true(rte_mempool_avail_count(rig.port.pool) >= BUFFERS - TX_SPARE);
	for (uint16_t track = 0; track < RIG_TRACKS_MAX; track++) {
		ask_again(track, 50);
		assert_int_equal(got[0][track].resent, 50);
	}
	end(RIG_TRACKS_MAX * RELAY_HISTORY);
}

// Half of the buffers are left to what comes and goes, and the rest is shared.
static void histories_leave_buffers_and_each_publisher_its_share(void **)
{
	begin(1, 2);
	struct history_share *share = &rig.worker->shares[WORKER_LARGE];
	assert_int_equal(share->budget, BUFFERS / 2);
	share->budget = 300;
	for (uint32_t i = 0; i < RELAY_HISTORY; i++) {
		give_sized(0, 1 + i, 1, 1100);
		settle();
	}
	assert_int_equal(share->held, 150); // alone: half of them
	for (uint32_t i = 0; i < RELAY_HISTORY; i++) {
		give_sized(1, 1 + i, 1, 1100);
		give_sized(0, 1 + RELAY_HISTORY + i, 1, 1100);
		settle();
	}
	assert_in_range(share->held_of[0], 99, 102); // two: a third each
	assert_in_range(share->held_of[1], 99, 102);
	assert_int_equal(share->held, share->held_of[0] + share->held_of[1]);
	for (uint16_t track = 0; track < 2; track++) {
		ask_again(track, 90);
		assert_int_equal(got[0][track].resent, 90);
		assert_int_equal(got[0][track].swaps, 0);
	}
	rig.worker->now_us += RELAY_HISTORY_MS * 1000 + 1000;
	forward_expire(rig.worker);
	assert_int_equal(share->held, 0);
	end(3 * RELAY_HISTORY);
}

// The first viewer's transport has a proven tuple, but no keys: what is not shed ends there.
static void viewer_prove(void)
{
	struct flow_key key = {.ip = {198, 18, 0, 1}, .port = 5000, .family = 4};

	assert_int_equal(flow_add(rig.worker->flows, &key, (struct flow){7, 0}), 0);
	rig.worker->transports[7] = rig.transports[0];
}

// SRTCP comes in from there.
static void receive_srtcp(uint32_t n)
{
	static const uint8_t ours[6] = {2, 0, 0, 0, 0, 8}, ip[4] = {198, 18, 0, 2};
	static const uint8_t rtcp[28] = {0x80, 201, 0, 1};
	const struct packet_local client = {
	        .mac = {2, 0, 0, 0, 0, 9},
	        .udp_port = 5000,
	        .ipv4 = {.family = 4, .bytes = {198, 18, 0, 1}},
	};
	struct packet_route route;

	packet_route_init(&route, &client, ours, 4, ip, 40000);
	for (uint32_t i = 0; i < n; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(rig.port.pool);
		uint16_t len = (uint16_t)(route.len + sizeof(rtcp));
		uint8_t *frame = (uint8_t *)rte_pktmbuf_append(m, len);
		memcpy(frame + route.len, rtcp, sizeof(rtcp));
		packet_seal(&route, frame, sizeof(rtcp), 0);
		rx_burst(rig.worker, &m, 1);
	}
}

// Reports of thousands must not keep a worker from catching up.
static void srtcp_is_shed_while_pictures_wait(void **)
{
	begin(VIEWERS, 1);
	give(0, 1, 1);
	settle();
	receive_srtcp(8);
	assert_int_equal(dropped(DROP_unknown_flow), 8);
	viewer_prove();
	receive_srtcp(8);
	assert_int_equal(dropped(DROP_no_keys), 8);
	port_room = 0;
	give(0, 2, BURST);
	for (int ms = 0; ms < 60; ms++) {
		turn();
		rig.worker->now_us += 1000 - TURN_US;
	}
	receive_srtcp(80);
	assert_int_equal(dropped(DROP_busy), 70);
	assert_int_equal(dropped(DROP_no_keys), 18);

	// Of a viewer that has used up half of its share nothing is read.
	struct relay_bucket *share = &rig.transports[0]->rtcp;
	*share = (struct relay_bucket){rig.worker->now_us, RELAY_RTCP_BURST / 2 - 1};
	receive_srtcp(80);
	assert_int_equal(dropped(DROP_busy), 150);
	assert_int_equal(dropped(DROP_no_keys), 18);
	port_room = ENDLESS;
	settle();
	turn();
	*share = (struct relay_bucket){rig.worker->now_us, RELAY_RTCP_BURST / 2 - 1};
	receive_srtcp(8);
	assert_int_equal(dropped(DROP_busy), 150);
	assert_int_equal(dropped(DROP_no_keys), 26);

	// Without means it is not even decrypted.
	*share = (struct relay_bucket){rig.worker->now_us, 0};
	receive_srtcp(8);
	assert_int_equal(dropped(DROP_rtcp_rate), 8);
	end(1 + BURST + 192);
}

// Viewers who ask for everything leave the second half of the worker's share to the others.
static void who_asks_for_much_leaves_some_to_the_others(void **)
{
	begin(VIEWERS, 1);
	uint32_t packets = 2 * RELAY_RTX_WORKER_BURST / VIEWERS;
	give(0, 1, packets);
	settle();
	uint32_t viewer = 0;
	struct subscription *s;
	FANOUT_FOREACH (s, rig.fanouts[0]) {
		s->transport->rtx =
		        (struct relay_bucket){rig.worker->now_us, RELAY_RTX_BURST / 2 - 1};
		for (uint32_t i = 0; i < packets && viewer < VIEWERS - 1; i++)
			forward_repeat(rig.worker, s, (uint16_t)(s->selector.seq - i));
		viewer++;
	}
	assert_int_equal(counter(AM_COUNTER_made_retransmissions), RELAY_RTX_WORKER_BURST / 2);
	s = &rig.fanouts[0]->chunks->subscriptions[0];
	s->transport->rtx.tokens = RELAY_RTX_BURST;
	for (uint32_t i = 0; i < packets; i++)
		forward_repeat(rig.worker, s, (uint16_t)(s->selector.seq - i));
	assert_int_equal(
	        counter(AM_COUNTER_made_retransmissions), RELAY_RTX_WORKER_BURST / 2 + packets
	);
	settle();
	end(packets);
}

static void each_viewer_gets_each_sender_report_once(void **)
{
	const struct message_report report = {.ntp = 1, .rtp_timestamp = 1, .stream = 0};

	begin(VIEWERS, 1);
	give(0, 1, 1);
	settle();
	for (uint32_t i = 0; i < 2; i++) {
		forward_report(rig.fanouts[0], &report);
		give(0, 2 + 2 * i, 1);
		settle();
		give(0, 3 + 2 * i, 1);
		settle();
	}
	for (uint32_t i = 0; i < VIEWERS; i++)
		assert_int_equal(got[i][0].reports, 2);
	end(5);
}

// Frames that nobody holds back, such as answers, find a bounded queue.
static void a_full_queue_drops_its_oldest(void **)
{
	begin(1, 1);
	struct worker *w = rig.worker;
	port_room = 0;
	for (uint32_t i = 0; i < TX_QUEUE + 10; i++) {
		uint8_t *payload;
		struct rte_mbuf *m = tx_alloc(w, &rig.transports[0]->route, 12, &payload);
		memset(payload, 0, 12);
		am_put_u16(payload + 2, (uint16_t)i);
		am_put_u32(payload + 8, 1 << 20);
		tx_send(w, &rig.transports[0]->route, m, 12);
	}
	assert_int_equal(dropped(DROP_tx_full), 10);
	port_room = 1;
	tx_flush(w);
	assert_int_equal(got[0][0].seq, 10);
	port_room = ENDLESS;
	tx_flush(w);
	assert_int_equal(got[0][0].packets, TX_QUEUE);
	assert_int_equal(got[0][0].swaps, 0);
	end(TX_QUEUE + 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_viewer_gets_each_packet_once_and_in_order),
	        cmocka_unit_test(a_repair_reaches_everyone_however_late_it_is_taken),
	        cmocka_unit_test(packets_that_come_meanwhile_keep_their_order),
	        cmocka_unit_test(an_unreachable_viewer_goes_on_where_it_was),
	        cmocka_unit_test(who_begins_gets_the_whole_key_frame),
	        cmocka_unit_test(a_port_that_stands_still_for_a_while_costs_nothing),
	        cmocka_unit_test(what_waits_too_long_is_given_up_and_counted),
	        cmocka_unit_test(no_viewer_starves_another),
	        cmocka_unit_test(a_worker_without_time_starves_nobody),
	        cmocka_unit_test(sound_goes_before_pictures),
	        cmocka_unit_test(subscriptions_may_end_during_a_round),
	        cmocka_unit_test(a_fan_out_may_end_during_a_round),
	        cmocka_unit_test(viewers_of_a_lower_temporal_layer_get_retransmissions),
	        cmocka_unit_test(viewers_choose_among_spatial_layers),
	        cmocka_unit_test(no_layers_are_told_of_sound),
	        cmocka_unit_test(retransmissions_wait_for_the_port_like_copies),
	        cmocka_unit_test(retransmissions_take_a_bounded_share_of_the_worker),
	        cmocka_unit_test(small_packets_take_no_received_buffers),
	        cmocka_unit_test(histories_leave_buffers_and_each_publisher_its_share),
	        cmocka_unit_test(srtcp_is_shed_while_pictures_wait),
	        cmocka_unit_test(who_asks_for_much_leaves_some_to_the_others),
	        cmocka_unit_test(each_viewer_gets_each_sender_report_once),
	        cmocka_unit_test(a_full_queue_drops_its_oldest),
	};
	return cmocka_run_group_tests(tests, eal_begin, NULL);
}

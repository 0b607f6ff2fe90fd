// Copies for each viewer: in order, in turn, as fast as the port takes them.
#include "many_viewers.h"

#include <rte_ring_elem.h>

#include "am_reader.h"
#include "path/flow.h"
#include "path/inbox.h"
#include "path/post.h"
#include "path/repeat.h"
#include "path/rx.h"
#include "path/tx.h"

#define FRAME_US 33000

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

// A late repair is forwarded to viewers, however late. If the history no longer has the packet,
// each viewer's index guard detects a duplicate.
static void a_repair_reaches_everyone_however_late_it_is_taken(void **)
{
	static const uint32_t late[] = {63, 64, FANOUT_HISTORY, SRTP_WINDOW - 1};
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

// A publisher's probes repeat recent packets.
static void a_repeated_packet_adds_no_weight(void **)
{
	struct rates *r;

	begin(8, 1);
	r = &rig.fanouts[0]->rates;
	give(0, 1, 4);
	uint32_t bytes = r->layers[0].bytes[0] + r->layers[0].key_bytes;
	give(0, 1, 4);
	assert_int_equal(dropped(DROP_duplicate), 4);
	assert_int_equal(r->layers[0].bytes[0] + r->layers[0].key_bytes, bytes);
	settle();
	end(8);
}

// Packets that arrive during a round follow it.
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

// More than half of the number space passes while there is no path to the viewer.
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

// A key frame of H.264 in separate packets: parameter sets, then the picture. A viewer that starts
// with it gets all of it, in order; a viewer that already gets the stream gets each packet once.
static void who_begins_gets_the_whole_key_frame(void **)
{
	static const struct {
		uint8_t order[4]; // of the packets 2 to 5
		uint8_t whole; // the packet that completes the key frame
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
		rig.worker->now_us += (FANOUT_HISTORY_MS + 1) * 1000; // empties the history
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

// proves F04
static void a_port_that_stands_still_for_a_while_costs_nothing(void **)
{
	begin(VIEWERS, 1);
	give(0, 1, BURST);
	settle();
	rig_port_room = 0;
	give(0, 1 + BURST, BURST);
	for (int ms = 0; ms < 150; ms++) {
		turn();
		rig.worker->now_us += 1000 - TURN_US;
		assert_true(rig.worker->tx.head - rig.worker->tx.tail < TX_QUEUE / 2);
	}
	rig_port_room = RIG_PORT_ENDLESS;
	settle();
	for (uint32_t i = 0; i < VIEWERS; i++)
		assert_int_equal(got[i][0].packets, 2 * BURST);
	end(2 * BURST);
}

// proves F04
static void what_waits_too_long_is_given_up_and_counted(void **)
{
	begin(VIEWERS, 1);
	give(0, 1, BURST);
	settle();
	rig_port_room = 0;
	give(0, 1 + BURST, BURST);
	for (int ms = 0; ms < 250; ms++) {
		turn();
		rig.worker->now_us += 1000 - TURN_US;
	}
	give(0, 1 + 2 * BURST, BURST);
	rig_port_room = RIG_PORT_ENDLESS;
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
	rig_port_room = 0;
	for (uint32_t i = 0; i < frames; i++) {
		give(0, given + 1, BURST);
		given += BURST;
		for (int t = 0; t < FRAME_US / TURN_US; t++) {
			room += per_turn;
			rig_port_room = (uint32_t)room;
			turn();
			room -= (uint32_t)room - rig_port_room;
			if (room > 2 * per_turn)
				room = 2 * per_turn; // the port saves up little
		}
	}
	rig_port_room = RIG_PORT_ENDLESS;
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
	assert_in_range((uint32_t)(100 * mean / (frames * BURST)), 68, 74); // and what still waited
	assert_true(least > 0.95 * mean && most < 1.05 * mean);
	assert_int_equal(dropped(DROP_tx_full), 0);
	end(given);
}

// A worker that other processes keep off its core makes one copy in twenty: everyone gets some of
// each track, and hardly any turn is spent on what is given up.
// proves F15
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
	assert_true(message_post(rig.worker->inbox, msg));
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
	uint32_t gone = VIEWERS / FANOUT_CHUNK * FANOUT_CHUNK + 3;
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
			repeat_send(rig.worker, &first[v], (uint16_t)(first[v].selector.seq - i));
		settle();
		assert_int_equal(got[v][0].resent, 2 * (v + 1));
		assert_int_equal(got[v][0].markers, 1);
	}
	end(60);
}

static void picture_give(uint8_t layer, uint32_t seq, bool key, uint8_t active)
{
	struct rte_mbuf *m = rig_packet(&rig, 0, seq, PAYLOAD);
	struct media_packet *p = rte_mbuf_to_priv(m);

	p->info.layer = layer;
	p->info.flags = (uint16_t)(TRACK_BEGIN | TRACK_END | (key ? TRACK_KEY_FRAME : 0));
	p->active = active;
	forward(rig.worker, m);
	settle();
}

// Rounds of one encoding skip viewers that get another one, until they request this one or their
// own is gone.
static void viewers_are_passed_over_only_while_they_want_nothing(void **)
{
	begin(3, 1);
	rig.fanouts[0]->stream_count = 2;
	struct subscription *first = &rig.fanouts[0]->chunks->subscriptions[0];
	for (uint8_t v = 0; v < 3; v++)
		selector_prefer(&first[v].selector, v == 1, 3);
	for (uint32_t i = 1; i <= 10; i++) {
		picture_give(0, i, i == 1, 3);
		picture_give(1, i, i == 1, 3);
	}
	for (uint8_t v = 0; v < 3; v++) {
		assert_int_equal(selector_layer(&first[v].selector), v == 1);
		assert_int_equal(got[v][0].packets, 10);
	}
	selector_prefer(&first[2].selector, 1, 3);
	picture_give(0, 11, false, 3);
	picture_give(1, 11, true, 3);
	assert_int_equal(selector_layer(&first[2].selector), 1);
	picture_give(0, 12, true, 1);
	for (uint8_t v = 0; v < 3; v++)
		assert_int_equal(selector_layer(&first[v].selector), 0);
	assert_int_equal(got[0][0].packets, 12);
	assert_int_equal(got[1][0].packets, 12);
	assert_int_equal(got[2][0].packets, 13); // including both pictures of the switch
	end(23);
}

// Audio has no layers, and nobody is told about any.
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

// Gives the first viewer's transport a proven tuple, but no keys: SRTCP that is not shed is dropped
// for that reason.
static void viewer_prove(void)
{
	struct flow_key key = {.ip = {198, 18, 0, 1}, .port = 5000, .family = 4};

	assert_int_equal(flow_add(rig.worker->flows, &key, (struct flow){7, 0}), 0);
	rig.worker->transports[7] = rig.transports[0];
}

// Receives SRTCP from that tuple.
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

// Reports from thousands of viewers must not keep a worker from catching up.
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
	rig_port_room = 0;
	give(0, 2, BURST);
	for (int ms = 0; ms < 60; ms++) {
		turn();
		rig.worker->now_us += 1000 - TURN_US;
	}
	receive_srtcp(80);
	assert_int_equal(dropped(DROP_busy), 70);
	assert_int_equal(dropped(DROP_no_keys), 18);

	// Nothing is read from a viewer that has used up half of its share.
	struct bucket *share = &rig.transports[0]->rtcp;
	*share = (struct bucket){rig.worker->now_us, TRANSPORT_RTCP_BURST / 2 - 1};
	receive_srtcp(80);
	assert_int_equal(dropped(DROP_busy), 150);
	assert_int_equal(dropped(DROP_no_keys), 18);
	rig_port_room = RIG_PORT_ENDLESS;
	settle();
	turn();
	*share = (struct bucket){rig.worker->now_us, TRANSPORT_RTCP_BURST / 2 - 1};
	receive_srtcp(8);
	assert_int_equal(dropped(DROP_busy), 150);
	assert_int_equal(dropped(DROP_no_keys), 26);

	// Without any budget, SRTCP is not even decrypted.
	*share = (struct bucket){rig.worker->now_us, 0};
	receive_srtcp(8);
	assert_int_equal(dropped(DROP_rtcp_rate), 8);
	end(1 + BURST + 192);
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

// Frames that are never held back, such as answers, go to a bounded queue.
static void a_full_queue_drops_its_oldest(void **)
{
	begin(1, 1);
	struct worker *w = rig.worker;
	rig_port_room = 0;
	for (uint32_t i = 0; i < TX_QUEUE + 10; i++) {
		uint8_t *payload;
		struct rte_mbuf *m = tx_alloc(w, &rig.transports[0]->route, 12, &payload);
		memset(payload, 0, 12);
		am_put_u16(payload + 2, (uint16_t)i);
		am_put_u32(payload + 8, 1 << 20);
		tx_send(w, &rig.transports[0]->route, m, 12);
	}
	assert_int_equal(dropped(DROP_tx_full), 10);
	rig_port_room = 1;
	tx_flush(w);
	assert_int_equal(got[0][0].seq, 10);
	rig_port_room = RIG_PORT_ENDLESS;
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
	        cmocka_unit_test(a_repeated_packet_adds_no_weight),
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
	        cmocka_unit_test(viewers_choose_among_spatial_layers),
	        cmocka_unit_test(viewers_are_passed_over_only_while_they_want_nothing),
	        cmocka_unit_test(no_layers_are_told_of_sound),
	        cmocka_unit_test(srtcp_is_shed_while_pictures_wait),
	        cmocka_unit_test(each_viewer_gets_each_sender_report_once),
	        cmocka_unit_test(a_full_queue_drops_its_oldest),
	};
	return cmocka_run_group_tests(tests, eal_begin, NULL);
}

// What a viewer's feedback may cost, when it arrives encrypted, from the viewer's address.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <rte_mbuf.h>

#include "am_reader.h"
#include "path/feedback.h"
#include "path/tx.h"
#include "path/viewer.h"
#include "rig.h"

#define BUFFERS  1023
#define STATUSES 40
#define HEAD     12 // header and both SSRCs

static struct rig rig;
static struct cipher_key *key; // the client's
static uint32_t index_; // of the client's last SRTCP packet

static int eal_begin(void **)
{
	return rig_port_begin("feedback_test", NULL);
}

static struct transport *viewer(void)
{
	return rig.transports[0];
}

static void begin(void)
{
	struct srtp_keys keys = {.profile = SRTP_PROFILE_AEAD_AES_128_GCM}, theirs = keys;

	memset(&keys.client, 1, sizeof(keys.client));
	theirs.server = keys.client;
	assert_int_equal(rig_init(&rig, BUFFERS, 0), 0);
	assert_int_equal(rig_fill(&rig, 1, 1, keys.profile), 0);
	key = cipher_key_create(&theirs);
	viewer()->rtcp_receiver = srtcp_receiver_create(&keys);
	assert_true(key && viewer()->rtcp_receiver);
	index_ = 0;
}

static void end(void)
{
	srtcp_receiver_destroy(viewer()->rtcp_receiver);
	cipher_key_destroy(key);
	rig_clear(&rig);
	tx_drain(rig.worker);
	assert_int_equal(rte_mempool_avail_count(rig.port.pool), BUFFERS);
	rig_fini(&rig);
}

static void send(const uint8_t *compound, size_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(rig.port.pool);
	struct packet_view v = {.family = 4};
	uint8_t packet[1024];

	memcpy(packet, compound, len);
	assert_int_equal(
	        cipher_protect_rtcp(
	                rig.worker->cipher, key, ++index_, packet, &len, sizeof(packet)
	        ),
	        0
	);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), packet, len);
	v.payload_len = (uint16_t)len;
	viewer()->rtcp = (struct bucket){rig.worker->now_us, TRANSPORT_RTCP_BURST};
	rig.worker->rtcp = (struct bucket){rig.worker->now_us, WORKER_RTCP_BURST};
	feedback_receive(rig.worker, viewer(), m, &v);
}

// Sends transport-wide feedback about packets that were sent a millisecond apart and arrived
// `slower_us` further apart, on the viewer's clock.
static void answer(uint8_t statuses, uint32_t slower_us)
{
	static uint8_t serial;
	static int64_t clock_us = 64000;
	struct downlink *d = &viewer()->viewer->downlink;
	uint8_t packet[512] = {0x8f, 205};
	uint16_t base = (uint16_t)d->sent.next;
	int64_t told_us = clock_us / 64000 * 64000;
	size_t len = HEAD;

	am_put_u16(packet + len, base);
	am_put_u16(packet + len + 2, statuses);
	am_put_u24(packet + len + 4, (uint32_t)(told_us / 64000));
	packet[len + 7] = serial++;
	am_put_u16(packet + len + 8, (uint16_t)(0x2000 | statuses)); // small deltas
	len += 10;
	for (int i = 0; i < statuses; i++) {
		rig.worker->now_us += 1000;
		(void)downlink_sent(d, rig.worker->now_us, 1200);
		packet[len++] = (uint8_t)((clock_us - told_us) / TWCC_FEEDBACK_TICK_US);
		told_us = clock_us;
		clock_us += 1000 + slower_us;
	}
	len = (len + 3) / 4 * 4;
	am_put_u16(packet + 2, (uint16_t)(len / 4 - 1));
	send(packet, len);
}

// About 2 us: as much as twenty numbers of a NACK.
static void feedback_costs_what_its_reading_takes(void **)
{
	static const struct {
		uint8_t statuses;
		uint32_t least, most;
	} cases[] = {{1, 12, 16}, {STATUSES, 17, 21}, {160, 30, 36}};

	begin();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		answer(cases[i].statuses, 0);
		uint32_t cost = TRANSPORT_RTCP_BURST - viewer()->rtcp.tokens;
		assert_in_range(cost, cases[i].least, cases[i].most);
		assert_int_equal(WORKER_RTCP_BURST - rig.worker->rtcp.tokens, cost);
	}
	assert_int_equal(rig.counters->drops[DROP_rtcp_rate], 0);
	end();
}

// An unscheduled look costs more than the message that causes it.
static void who_tells_of_a_queue_often_is_not_looked_at_each_time(void **)
{
	struct viewer *v;
	int looks = 0, messages = 0;

	begin();
	v = viewer()->viewer;
	for (int i = 0; i < 200; i++) {
		answer(10, 2000);
		if (downlink_usage(&v->downlink) == DELAY_OVERUSE)
			break;
	}
	int64_t from_us = rig.worker->now_us;
	for (; messages < 100; messages++) {
		v->changed = true; // a look clears this
		answer(1, 4000);
		assert_int_equal(downlink_usage(&v->downlink), DELAY_OVERUSE);
		looks += !v->changed;
	}
	assert_int_equal(rig.counters->drops[DROP_rtcp_rate], 0);
	int64_t us = rig.worker->now_us - from_us;
	assert_true(us / 1000 == messages);
	assert_in_range(looks, us / 20000 - 1, us / 20000 + 1);
	end();
}

struct block {
	uint32_t ssrc, highest;
	uint8_t fraction_lost;
};

// A receiver report.
static void report(const struct block *blocks, uint8_t n)
{
	uint8_t packet[1024] = {0x80 | n, 201, 0, (uint8_t)(1 + 6 * n)};
	uint8_t *to = packet + 8;

	for (uint8_t i = 0; i < n; i++, to += 24) {
		am_put_u32(to, blocks[i].ssrc);
		to[4] = blocks[i].fraction_lost;
		am_put_u32(to + 8, blocks[i].highest);
	}
	send(packet, 8 + 24u * n);
}

// The loss last reported for the viewer's link, in 1/256.
static uint8_t told_lost(void)
{
	return (uint8_t)link_gauge(&viewer()->link);
}

// Reports about voices that are not forwarded and videos that are paused.
static void streams_that_stand_still_do_not_dilute_the_loss(void **)
{
	struct block blocks[31];

	begin();
	for (uint32_t i = 0; i < 31; i++)
		blocks[i] = (struct block){.ssrc = 0x1001 * (i + 1), .highest = 500};
	blocks[7].fraction_lost = 64;
	for (int i = 0; i < 20; i++) {
		blocks[7].highest += 50;
		report(blocks, 31);
	}
	assert_in_range(told_lost(), 62, 64);
	end();
}

static void blocks_count_for_the_packets_that_they_are_about(void **)
{
	struct block blocks[] = {{0x12345, 100, 0}, {0x54321, 100, 128}};

	begin();
	for (int i = 0; i < 20; i++) {
		blocks[0].highest += 300;
		blocks[1].highest += 100;
		report(blocks, 2);
	}
	assert_in_range(told_lost(), 30, 32);
	end();
}

// Each stream has a report of its own, as in browsers; the reports about a silent one are empty.
static void a_report_about_nothing_changes_nothing(void **)
{
	struct block speaks = {0x12345, 100, 64}, silent = {0x54321, 100, 0};

	begin();
	for (int i = 0; i < 20; i++) {
		speaks.highest += 50;
		report(&speaks, 1);
		report(&silent, 1);
	}
	assert_in_range(told_lost(), 62, 64);
	end();
}

static void who_is_sent_nothing_loses_nothing(void **)
{
	struct block block = {0x12345, 100, 64};

	begin();
	for (int i = 0; i < 20; i++) {
		block.highest += 50;
		report(&block, 1);
	}
	assert_in_range(told_lost(), 62, 64);
	for (int i = 0; i < 60; i++) {
		rig.worker->now_us += 1000000;
		report(&block, 1);
	}
	assert_in_range(told_lost(), 0, 2);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(feedback_costs_what_its_reading_takes),
	        cmocka_unit_test(who_tells_of_a_queue_often_is_not_looked_at_each_time),
	        cmocka_unit_test(streams_that_stand_still_do_not_dilute_the_loss),
	        cmocka_unit_test(blocks_count_for_the_packets_that_they_are_about),
	        cmocka_unit_test(a_report_about_nothing_changes_nothing),
	        cmocka_unit_test(who_is_sent_nothing_loses_nothing),
	};
	return cmocka_run_group_tests(tests, eal_begin, NULL);
}

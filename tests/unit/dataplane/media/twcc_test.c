#include "media/twcc.h"

#include "hostile.h"
#include "wire/rtcp.h"

#define LOST     INT64_MIN
#define NUMBERS  65536
#define BUF_SIZE 1200

// What the publisher would read out of the feedback: arrival in ticks for each number.
struct reader_state {
	int64_t tick[NUMBERS];
	bool told[NUMBERS];
	uint32_t count_next; // expected feedback packet count
	uint16_t symbols[NUMBERS];
};

static uint16_t read_symbols(struct am_reader *r, uint16_t n, uint16_t *symbols)
{
	uint16_t got = 0;
	while (got < n) {
		uint16_t chunk = am_read_u16(r);
		assert_false(r->failed);
		if ((chunk & 0x8000) == 0) {
			assert_true((chunk & 0x1FFF) > 0);
			for (int i = 0; i < (chunk & 0x1FFF); i++)
				symbols[got++] = chunk >> 13 & 3;
			assert_true(got <= n); // a run never covers packets beyond the count
		} else if ((chunk & 0x4000) == 0) {
			for (int i = 13; i >= 0; i--)
				symbols[got++] = chunk >> i & 1;
		} else {
			for (int i = 12; i >= 0; i -= 2)
				symbols[got++] = chunk >> i & 3;
		}
	}
	return got;
}

// draft-holmer-rmcat-transport-wide-cc-extensions-01, 3.1.
static void read_feedback(struct reader_state *s, const uint8_t *buf, size_t len)
{
	struct rtcp_iter it = rtcp_begin(buf, len);
	struct rtcp_view v;
	assert_true(rtcp_next(&it, &v));
	assert_int_equal(v.kind, RTCP_TRANSPORT_CC);
	struct am_reader r = am_reader_init(v.body, v.body_len);
	assert_int_equal(am_read_u32(&r), 11);
	assert_int_equal(am_read_u32(&r), 22);
	uint16_t base = am_read_u16(&r), n = am_read_u16(&r);
	int32_t reference = (int32_t)(am_read_u24(&r) << 8) >> 8;
	assert_int_equal(am_read_u8(&r), s->count_next++ & 0xFF);
	read_symbols(&r, n, s->symbols);
	int64_t tick = (int64_t)reference * TWCC_REFERENCE_TICKS;
	for (uint16_t i = 0; i < n; i++) {
		uint16_t seq = (uint16_t)(base + i);
		assert_true(s->symbols[i] < 3);
		if (s->symbols[i] == 1)
			tick += am_read_u8(&r);
		else if (s->symbols[i] == 2)
			tick += (int16_t)am_read_u16(&r);
		s->tick[seq] = s->symbols[i] != 0 ? tick : LOST;
		s->told[seq] = true;
	}
	assert_false(r.failed);
	assert_int_equal(am_reader_left(&r), 0);
}

static struct twcc twcc;
static struct reader_state state;

static void reset(void)
{
	twcc_init(&twcc);
	memset(&state, 0, sizeof(state));
}

static int build_all(size_t size)
{
	int n = 0;
	uint8_t *buf = malloc(size);
	assert_non_null(buf);
	for (size_t len; (len = twcc_build(&twcc, buf, size, 11, 22)) > 0; n++)
		read_feedback(&state, buf, len);
	free(buf);
	return n;
}

static void an_idle_transport_tells_nothing(void **)
{
	reset();
	assert_int_equal(build_all(BUF_SIZE), 0);
	twcc_arrived(&twcc, 1, 1000);
	assert_int_equal(build_all(BUF_SIZE), 1);
	assert_int_equal(build_all(BUF_SIZE), 0);
}

static void one_packet_has_the_bytes_of_the_draft(void **)
{
	static const uint8_t expected[] = {
	        0xAF, 205,  0, 5, 0, 0, 0, 11, 0, 0, 0, 22, // header, SSRCs
	        0x12, 0x34, 0, 1, 0, 0, 2, 0, // base, count, reference 128 ms, feedback 0
	        0x20, 0x01, 5, 1, // run of one small delta, 1.25 ms, padding
	};
	uint8_t buf[TWCC_FEEDBACK_SIZE_MIN];
	reset();
	twcc_arrived(&twcc, 0x1234, 128000 + 1250);
	assert_int_equal(twcc_build(&twcc, buf, sizeof(buf), 11, 22), sizeof(expected));
	assert_memory_equal(buf, expected, sizeof(expected));
	assert_int_equal(twcc_build(&twcc, buf, TWCC_FEEDBACK_SIZE_MIN - 1, 11, 22), 0);
}

static void losses_between_feedbacks_are_told(void **)
{
	reset();
	twcc_arrived(&twcc, 65534, 0);
	build_all(BUF_SIZE);
	twcc_arrived(&twcc, 2, 50000);
	build_all(BUF_SIZE);
	for (uint16_t seq = 65535; seq != 2; seq++) {
		assert_true(state.told[seq]);
		assert_true(state.tick[seq] == LOST);
	}
	assert_true(state.tick[2] == 200);
}

static void a_late_packet_corrects_an_earlier_feedback(void **)
{
	reset();
	twcc_arrived(&twcc, 10, 0);
	twcc_arrived(&twcc, 12, 10000);
	build_all(BUF_SIZE);
	assert_true(state.tick[11] == LOST);
	twcc_arrived(&twcc, 11, 20000);
	twcc_arrived(&twcc, 11, 90000); // a duplicate does not change its arrival
	build_all(BUF_SIZE);
	assert_true(state.tick[11] == 80);
	assert_true(state.tick[12] == 40);
}

// Loss, reordering, bursts and pauses too long for a delta: every arrival is reported to the tick.
static void everything_told_is_what_arrived(void **)
{
	static int64_t truth[NUMBERS];
	static const size_t sizes[] = {TWCC_FEEDBACK_SIZE_MIN, 101, 333, BUF_SIZE};
	uint64_t random = hostile_seed();
	for (size_t i = 0; i < COUNT(sizes); i++) {
		reset();
		int64_t now = 1000000000;
		uint16_t seq = 65000;
		const uint16_t first = seq;
		for (int j = 0; j < NUMBERS; j++)
			truth[j] = LOST;
		for (int j = 0; j < 20000; j++, seq++) {
			uint32_t dice = hostile_random(&random) % 1000;
			now += dice < 5     ? 9000000
			       : dice < 300 ? hostile_random(&random) % 100000
			                    : 100;
			if (j % 500 == 0)
				build_all(sizes[i]);
			if (dice % 7 == 0 && j > 0)
				continue;
			int64_t at = now - (dice % 11 == 0 ? 3000 : 0);
			truth[seq] = at / TWCC_TICK_US;
			twcc_arrived(&twcc, seq, at);
		}
		build_all(sizes[i]);
		for (uint16_t s = first; s != (uint16_t)twcc.top; s++) {
			assert_true(state.told[s]);
			assert_true(state.tick[s] == truth[s] || truth[s] == LOST);
			assert_int_equal(state.tick[s] == LOST, truth[s] == LOST);
		}
	}
}

static void a_jump_keeps_to_the_window(void **)
{
	reset();
	twcc_arrived(&twcc, 0, 0);
	twcc_arrived(&twcc, 30000, 1000);
	assert_in_range(build_all(BUF_SIZE), 1, 4);
	assert_true(state.tick[30000] == 4);
	assert_false(state.told[30000 - TWCC_WINDOW]);
	assert_true(state.told[30000 - TWCC_WINDOW + 1]);
	twcc_arrived(&twcc, 30000 - TWCC_WINDOW, 2000); // too late
	assert_int_equal(build_all(BUF_SIZE), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(an_idle_transport_tells_nothing),
	        cmocka_unit_test(one_packet_has_the_bytes_of_the_draft),
	        cmocka_unit_test(losses_between_feedbacks_are_told),
	        cmocka_unit_test(a_late_packet_corrects_an_earlier_feedback),
	        cmocka_unit_test(everything_told_is_what_arrived),
	        cmocka_unit_test(a_jump_keeps_to_the_window),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

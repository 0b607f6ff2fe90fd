#include "media/nack.h"

#include "hostile.h"
#include "wire/sequence.h"

#define MS    1000
#define RTT   (30 * MS)
#define RETRY (RTT * 5 / 4)

static void init(struct nack *n)
{
	nack_init(n);
	n->rtt_us = RTT;
}

static uint16_t collect(struct nack *n, int64_t now_us, uint16_t *seqs)
{
	return nack_collect(n, now_us, seqs, NACK_MISSING_MAX);
}

static void arrive(struct nack *n, uint64_t seq, int64_t now_us)
{
	assert_false(nack_arrived(n, seq, false, now_us));
}

static void a_gap_is_asked_for_after_the_grace_and_again_after_the_rtt(void **)
{
	struct nack n;
	uint16_t seqs[NACK_MISSING_MAX];
	init(&n);
	arrive(&n, sequence_start(65534), 0);
	arrive(&n, sequence_start(65534) + 4, 0);
	assert_int_equal(collect(&n, NACK_GRACE_US_MIN - 1, seqs), 0);
	assert_int_equal(collect(&n, NACK_GRACE_US_MIN, seqs), 3);
	assert_int_equal(seqs[0], 65535);
	assert_int_equal(seqs[1], 0);
	assert_int_equal(seqs[2], 1);
	assert_int_equal(collect(&n, NACK_GRACE_US_MIN + RETRY - 1, seqs), 0);
	assert_int_equal(collect(&n, NACK_GRACE_US_MIN + RETRY, seqs), 3);
}

static void a_repaired_packet_is_not_asked_for(void **)
{
	struct nack n;
	uint16_t seqs[NACK_MISSING_MAX];
	init(&n);
	arrive(&n, 100, 0);
	arrive(&n, 104, 0);
	assert_false(nack_arrived(&n, 102, true, 1 * MS));
	assert_false(nack_arrived(&n, 102, true, 1 * MS)); // a duplicate changes nothing
	assert_int_equal(collect(&n, 20 * MS, seqs), 2);
	assert_int_equal(seqs[0], 101);
	assert_int_equal(seqs[1], 103);
}

static void a_packet_is_given_up_after_ten_tries_or_a_second(void **)
{
	struct nack n;
	uint16_t seqs[NACK_MISSING_MAX];
	init(&n);
	arrive(&n, 100, 0);
	arrive(&n, 102, 0);
	int asked = 0;
	for (int64_t now = 0; now < 2000 * MS; now += 5 * MS)
		asked += collect(&n, now, seqs);
	assert_int_equal(asked, NACK_TRIES_MAX);
	assert_int_equal(n.given_up, 1);

	arrive(&n, 104, 3000 * MS);
	asked = 0;
	n.rtt_us = 240 * MS;
	for (int64_t now = 3000 * MS; now < 6000 * MS; now += 5 * MS)
		asked += collect(&n, now, seqs);
	assert_int_equal(asked, 4); // at 5, 305, 605 and 905 ms
	assert_int_equal(n.n, 0);
}

static void a_jump_asks_for_a_key_frame_instead(void **)
{
	struct nack n;
	uint16_t seqs[NACK_MISSING_MAX];
	init(&n);
	arrive(&n, 100, 0);
	arrive(&n, 102, 0);
	assert_true(nack_arrived(&n, 102 + NACK_JUMP_MAX + 1, false, 0));
	assert_int_equal(collect(&n, 100 * MS, seqs), 0);
	arrive(&n, 102 + NACK_JUMP_MAX + 3, 200 * MS);
	assert_int_equal(collect(&n, 300 * MS, seqs), 1);
}

static void memory_for_missing_packets_is_bounded(void **)
{
	struct nack n;
	uint16_t seqs[NACK_MISSING_MAX];
	init(&n);
	uint64_t seq = 100;
	arrive(&n, seq, 0);
	for (int i = 0; i < NACK_MISSING_MAX; i++)
		arrive(&n, seq += 2, 0);
	assert_int_equal(nack_collect(&n, 50 * MS, seqs, 10), 10); // limited by the caller's buffer
	assert_true(nack_arrived(&n, seq + 2, false, 0));
	assert_int_equal(n.n, 0);
}

// Reordering of 25 % and jitter of 100 ms must cause no NACK storm. Nothing is lost here, so every
// request is one too many.
// proves F11
static void reordering_settles_without_a_storm(void **)
{
	enum { PACKETS = 4000, INTERVAL = 4 * MS, DELAY = 100 * MS };
	static int64_t arrival[PACKETS];
	uint64_t random = hostile_seed();
	uint16_t seqs[NACK_MISSING_MAX];
	struct nack n;
	init(&n);
	for (int i = 0; i < PACKETS; i++)
		arrival[i] = (int64_t)i * INTERVAL + (hostile_random(&random) % 4 == 0 ? DELAY : 0);

	int early = 0, late = 0;
	for (int64_t now = 0; now < (int64_t)PACKETS * INTERVAL; now += 1 * MS) {
		for (int i = (int)(now / INTERVAL) - 30; i <= now / INTERVAL; i++) {
			if (i >= 0 && arrival[i] == now)
				arrive(&n, 1000u + (unsigned)i, now);
		}
		int asked = collect(&n, now, seqs);
		if (now < 500 * MS)
			early += asked;
		else
			late += asked;
	}
	assert_in_range(early, 0, 200);
	assert_int_equal(late, 0);
}

static void the_grace_comes_down_again_with_real_losses(void **)
{
	struct nack n;
	uint16_t seqs[NACK_MISSING_MAX];
	init(&n);
	arrive(&n, 100, 0);
	arrive(&n, 102, 0);
	arrive(&n, 101, 80 * MS);
	assert_int_equal(n.grace_us, 100 * MS);
	int64_t now = 1000 * MS;
	for (uint64_t seq = 104; seq < 164; seq += 2, now += 200 * MS) {
		arrive(&n, seq, now);
		assert_int_equal(collect(&n, now + NACK_GRACE_US_MAX, seqs), 1);
		assert_false(nack_arrived(&n, seq - 1, true, now + NACK_GRACE_US_MAX + RTT));
	}
	assert_in_range(n.grace_us, NACK_GRACE_US_MIN, 2 * NACK_GRACE_US_MIN);
}

// One packet in fifty is lost, and arrives a round trip after it was requested. Returns the mean
// number of requests for each, in percent, once the round trip is known.
static int asked_percent(int64_t rtt_us)
{
	enum { PACKETS = 10000, EVERY = 50, INTERVAL = 5 * MS };
	int64_t answers[NACK_TRIES_MAX * 8];
	uint64_t answered[NACK_TRIES_MAX * 8];
	uint16_t seqs[NACK_MISSING_MAX];
	int waiting = 0, asked = 0, lost = 0;
	struct nack n;

	nack_init(&n);
	for (int64_t now = 0; now < (int64_t)PACKETS * INTERVAL; now += 1 * MS) {
		uint64_t i = (uint64_t)(now / INTERVAL);
		if (now % INTERVAL == 0 && i % EVERY != EVERY - 1)
			arrive(&n, sequence_start(0) + i, now);
		lost += now > 5000 * MS && now % (INTERVAL * EVERY) == 0;
		uint16_t count = collect(&n, now, seqs);
		asked += now > 5000 * MS ? count : 0;
		for (uint16_t k = 0; k < count; k++, waiting++) {
			answers[waiting] = now + rtt_us;
			answered[waiting] = sequence_extend(sequence_start(0) + i, seqs[k]);
		}
		while (waiting > 0 && answers[0] == now) {
			assert_false(nack_arrived(&n, answered[0], true, now));
			waiting--;
			memmove(&answers[0], &answers[1], sizeof(answers) - sizeof(answers[0]));
			memmove(&answered[0], &answered[1], sizeof(answered) - sizeof(answered[0]));
		}
	}
	assert_int_equal(n.given_up, 0);
	assert_in_range(n.rtt_us, rtt_us - 1 * MS, rtt_us + 1 * MS);
	return asked * 100 / lost;
}

static void the_pace_is_that_of_the_publishers_round_trip(void **)
{
	static const int64_t rtts[] = {5 * MS, 40 * MS, 61 * MS, 150 * MS, 300 * MS, 700 * MS};
	for (size_t i = 0; i < COUNT(rtts); i++)
		assert_in_range(asked_percent(rtts[i]), 95, 105);

	struct nack n;
	uint16_t seqs[NACK_MISSING_MAX];
	nack_init(&n);
	n.rtt_us = 5 * MS;
	arrive(&n, 100, 0);
	arrive(&n, 102, 0);
	assert_int_equal(collect(&n, 10 * MS, seqs), 1);
	assert_int_equal(collect(&n, 29 * MS, seqs), 0);
	assert_int_equal(collect(&n, 30 * MS, seqs), 1);
}

// Nothing needs to wait for a publisher that repairs nothing.
static void whoever_repairs_nothing_answers_nothing(void **)
{
	struct nack n;
	uint16_t seqs[NACK_MISSING_MAX];
	init(&n);
	arrive(&n, 100, 0);
	arrive(&n, 102 + NACK_JUMP_MAX / 4, 0);
	assert_true(nack_is_answered(&n));
	assert_int_equal(collect(&n, 20 * MS, seqs), NACK_JUMP_MAX / 4 + 1);
	for (uint64_t seq = 101; seq < 101 + NACK_JUMP_MAX / 4 - 6; seq++)
		assert_false(nack_arrived(&n, seq, true, 50 * MS));
	(void)collect(&n, 20 * MS + NACK_AGE_US_MAX, seqs);
	assert_true(nack_is_answered(&n)); // seven without an answer
	arrive(&n, 300, 2000 * MS);
	(void)collect(&n, 2010 * MS, seqs);
	(void)collect(&n, 2010 * MS + NACK_AGE_US_MAX, seqs);
	assert_false(nack_is_answered(&n));
	arrive(&n, 302, 4000 * MS);
	(void)collect(&n, 4010 * MS, seqs);
	assert_false(nack_arrived(&n, 301, true, 4050 * MS));
	assert_true(nack_is_answered(&n));
	for (uint64_t seq = 320; seq < 500; seq += 20) { // never requested, so these say nothing
		arrive(&n, seq, (int64_t)(seq * 200 * MS));
		(void)nack_collect(&n, (int64_t)(seq * 200 * MS) + 2 * NACK_AGE_US_MAX, seqs, 0);
	}
	assert_int_equal(n.n, 0);
	assert_true(nack_is_answered(&n));
}

// The publisher's network swaps packets, so some come late by themselves, which is no repair.
static void what_comes_late_unasked_is_no_answer(void **)
{
	struct nack n;
	uint16_t seqs[NACK_MISSING_MAX];
	int64_t now = 0;

	init(&n);
	for (uint64_t seq = 100; seq < 100 + 10 * 4; seq += 4, now += 2 * NACK_AGE_US_MAX) {
		arrive(&n, seq, now);
		arrive(&n, seq + 2,
		       now); // the previous packet is lost, and its request gets no answer
		assert_int_equal(collect(&n, now + NACK_GRACE_US_MAX, seqs), 1);
		(void)collect(&n, now + NACK_GRACE_US_MAX + NACK_AGE_US_MAX, seqs);
		arrive(&n, seq + 4, now + NACK_GRACE_US_MAX + NACK_AGE_US_MAX);
		arrive(&n, seq + 3, now + NACK_GRACE_US_MAX + NACK_AGE_US_MAX + 1);
	}
	assert_false(nack_is_answered(&n));
	// A repair may also come without RTX, on the media's own stream.
	arrive(&n, 142, now);
	assert_int_equal(collect(&n, now + NACK_GRACE_US_MAX, seqs), 1);
	arrive(&n, 141, now + NACK_GRACE_US_MAX + RTT);
	assert_true(nack_is_answered(&n));
}

// Numbers wrap; what has come or was given up is not missing.
static void what_has_been_missing_for_long_is_told(void **)
{
	struct nack n;
	uint16_t seqs[NACK_MISSING_MAX];
	uint64_t base = sequence_start(65534);

	init(&n);
	assert_int_equal(nack_missing_since(&n, INT64_MAX), 0);
	arrive(&n, base, 0);
	arrive(&n, base + 4, 1 * MS); // three are missing
	arrive(&n, base + 6, 5 * MS); // and one more
	assert_int_equal(nack_missing_since(&n, 1 * MS), 0);
	assert_int_equal(nack_missing_since(&n, 1 * MS + 1), base + 3);
	assert_int_equal(nack_missing_since(&n, 5 * MS + 1), base + 5);
	assert_false(nack_arrived(&n, base + 3, true, 6 * MS));
	assert_int_equal(nack_missing_since(&n, 5 * MS), base + 2);
	(void)collect(&n, 2 * NACK_AGE_US_MAX, seqs);
	assert_int_equal(nack_missing_since(&n, INT64_MAX), 0);
	assert_int_equal(n.lost, base + 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_gap_is_asked_for_after_the_grace_and_again_after_the_rtt),
	        cmocka_unit_test(a_repaired_packet_is_not_asked_for),
	        cmocka_unit_test(a_packet_is_given_up_after_ten_tries_or_a_second),
	        cmocka_unit_test(a_jump_asks_for_a_key_frame_instead),
	        cmocka_unit_test(memory_for_missing_packets_is_bounded),
	        cmocka_unit_test(reordering_settles_without_a_storm),
	        cmocka_unit_test(the_grace_comes_down_again_with_real_losses),
	        cmocka_unit_test(the_pace_is_that_of_the_publishers_round_trip),
	        cmocka_unit_test(whoever_repairs_nothing_answers_nothing),
	        cmocka_unit_test(what_comes_late_unasked_is_no_answer),
	        cmocka_unit_test(what_has_been_missing_for_long_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

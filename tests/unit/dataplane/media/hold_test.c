#include "media/hold.h"

#include "hostile.h"
#include "media/nack.h"
#include "wire/sequence.h"

#define MS    1000
#define LIMIT (50 * MS)
#define TICK  (2 * MS) // RECEIVE_TICK_US

static uint64_t numbers[100000]; // stand for packets: each holds its own number

static bool put(struct hold *h, uint64_t seq, int64_t now)
{
	uint64_t *p = &numbers[seq % COUNT(numbers)];
	*p = seq;
	return hold_put(h, seq, p, now);
}

// True if the packet goes on at once.
static bool comes(struct hold *h, uint64_t seq, int64_t now)
{
	if (hold_passes(h, seq))
		return true;
	assert_true(put(h, seq, now));
	return false;
}

// The next number that goes on, 0: none.
static uint64_t take(struct hold *h, int64_t now)
{
	const uint64_t *p = hold_take(h, now, LIMIT);
	return p ? *p : 0;
}

static void what_is_in_order_does_not_wait(void **)
{
	struct hold h = {0};
	uint64_t first = sequence_start(65500);
	for (uint64_t i = 0; i < 200; i++)
		assert_true(comes(&h, first + i, 0));
	assert_int_equal(h.count, 0);
	assert_int_equal(h.gaps, 0);
}

static void what_is_behind_a_gap_waits_for_the_repair(void **)
{
	struct hold h = {0};
	uint64_t n = sequence_start(65535); // 101 wraps
	assert_true(comes(&h, n, 0));
	assert_false(comes(&h, n + 3, 1 * MS));
	assert_false(comes(&h, n + 2, 2 * MS));
	assert_false(comes(&h, n + 5, 3 * MS));
	assert_int_equal(take(&h, 3 * MS), 0);
	assert_true(comes(&h, n + 1, 40 * MS));
	assert_int_equal(take(&h, 40 * MS), n + 2);
	assert_int_equal(take(&h, 40 * MS), n + 3);
	assert_int_equal(take(&h, 40 * MS), 0);
	assert_true(comes(&h, n + 4, 41 * MS));
	assert_int_equal(take(&h, 41 * MS), n + 5);
	assert_int_equal(h.gaps, 0);
	assert_int_equal(h.count, 0);
}

static void no_packet_waits_longer_than_the_limit(void **)
{
	struct hold h = {0};
	assert_true(comes(&h, 100, 0));
	assert_false(comes(&h, 110, 0));
	assert_false(comes(&h, 105, LIMIT / 2)); // a partial repair does not prolong the wait
	assert_int_equal(take(&h, LIMIT - 1), 0);
	assert_false(comes(&h, 112, LIMIT - 1));
	assert_int_equal(take(&h, LIMIT), 105);
	assert_int_equal(take(&h, LIMIT), 110);
	assert_int_equal(take(&h, LIMIT), 0); // 112 waits behind another gap
	assert_int_equal(h.gaps, 2);
	assert_int_equal(take(&h, 2 * LIMIT - 2), 0);
	assert_int_equal(take(&h, 2 * LIMIT - 1), 112);
	assert_int_equal(h.gaps, 3);
	assert_true(comes(&h, 104, 2 * LIMIT)); // late, and changes nothing
	assert_true(comes(&h, 113, 2 * LIMIT));
	assert_int_equal(h.count, 0);
	assert_int_equal(hold_take(&h, 0, 0), NULL);
}

static void who_does_not_wait_waits_for_nothing(void **)
{
	struct hold h = {0};
	assert_true(comes(&h, 100, 0));
	assert_false(comes(&h, 102, 7));
	assert_int_equal(*(uint64_t *)hold_take(&h, 7, 0), 102);
	assert_true(comes(&h, 103, 7));
}

static void a_packet_waits_once(void **)
{
	struct hold h = {0};
	assert_true(comes(&h, 100, 0));
	for (uint64_t seq = 110; seq > 101; seq -= 2)
		assert_false(comes(&h, seq, 0));
	for (uint64_t seq = 102; seq <= 110; seq += 2) {
		assert_false(hold_passes(&h, seq));
		assert_false(put(&h, seq, 0));
	}
	assert_int_equal(h.count, 5);
}

static void a_flood_takes_so_many_places(void **)
{
	struct hold h = {0};
	assert_true(comes(&h, 100, 0));
	for (uint64_t i = 0; i < 10000; i++) {
		assert_false(comes(&h, 102 + 2 * i, 0));
		uint64_t out = take(&h, 0);
		assert_int_equal(out, i < HOLD_PACKETS - 1 ? 0 : 102 + 2 * (i + 1 - HOLD_PACKETS));
		assert_int_equal(take(&h, 0), 0);
		assert_true(h.count < HOLD_PACKETS);
	}
}

static void a_source_ends_with_all_that_waits(void **)
{
	struct hold h = {0};
	assert_true(comes(&h, 100, 0));
	assert_false(comes(&h, 105, 0));
	assert_false(comes(&h, 103, 0));
	assert_int_equal(*(uint64_t *)hold_drain(&h), 103);
	assert_int_equal(*(uint64_t *)hold_drain(&h), 105);
	assert_null(hold_drain(&h));
	assert_true(comes(&h, 2000, 0)); // the next packet may have any number
	assert_false(comes(&h, 2002, 0));
}

static void a_limit_is_one_repair(void **)
{
	assert_int_equal(hold_limit_us(0), 10 * MS);
	assert_int_equal(hold_limit_us(40 * MS), 70 * MS);
	assert_int_equal(hold_limit_us(NACK_RTT_US_START), HOLD_US_MAX);
	assert_int_equal(hold_limit_us(140 * MS), HOLD_US_MAX);
	assert_int_equal(hold_limit_us(140 * MS + 1), 0);
	assert_int_equal(hold_limit_us(INT64_MAX), 0);
}

// One packet in nineteen is lost, and repaired a round trip after its request, give or take an
// eighth. Returns the number of gaps given up in ten seconds, once the round trip is known, and the
// longest wait.
static uint32_t gaps_given_up(int64_t rtt_us, int64_t *longest_us)
{
	enum { PACKETS = 4000, EVERY = 19, GAP = 3 * MS };
	static int64_t answer[PACKETS], arrival[PACKETS];
	uint64_t random = hostile_seed();
	uint16_t seqs[NACK_MISSING_MAX];
	struct hold h = {0};
	struct nack n;

	nack_init(&n);
	memset(answer, 0, sizeof(answer));
	*longest_us = 0;
	for (int64_t now = 0; now < PACKETS * GAP; now += MS) {
		for (int i = 0; i < PACKETS && i <= now / GAP; i++) {
			bool lost = i % EVERY == EVERY - 1;
			if (lost ? answer[i] != now || now == 0 : i * GAP != now)
				continue;
			arrival[i] = now;
			assert_false(nack_arrived(&n, sequence_start(0) + (uint64_t)i, lost, now));
			(void)comes(&h, sequence_start(0) + (uint64_t)i, now);
		}
		if (now == 1000 * MS)
			h.gaps = 0;
		uint16_t asked = now % TICK == 0 ? nack_collect(&n, now, seqs, COUNT(seqs)) : 0;
		for (uint16_t k = 0; k < asked; k++) {
			int64_t more_us = hostile_random(&random) % (uint32_t)(rtt_us / 4 + 1);
			answer[seqs[k]] = (now + rtt_us * 7 / 8 + more_us) / MS * MS + MS;
		}
		const uint64_t *out;
		while ((out = hold_take(&h, now, hold_limit_us(n.rtt_us)))) {
			int64_t waited_us = now - arrival[*out - sequence_start(0)];
			*longest_us = waited_us > *longest_us ? waited_us : *longest_us;
		}
	}
	return h.gaps;
}

// The limit fits what media/nack.h does.
static void a_repair_comes_while_it_is_waited_for(void **)
{
	static const int64_t rtts[] = {1 * MS, 2 * MS, 5 * MS, 20 * MS, 60 * MS, 100 * MS};
	int64_t longest_us;

	for (size_t i = 0; i < COUNT(rtts); i++) {
		assert_int_equal(gaps_given_up(rtts[i], &longest_us), 0);
		assert_in_range(longest_us, rtts[i], HOLD_US_MAX);
	}
	assert_true(gaps_given_up(250 * MS, &longest_us) > 100); // packets wait only at first
}

// With any losses, repairs and reordering, each packet goes on once, in time, and in order unless
// it came later than the limit.
static void each_packet_goes_on_once_and_in_time(void **)
{
	enum { PACKETS = 20000, GAP = 2 * MS, LATE = 80 * MS };
	static int64_t arrival[PACKETS];
	uint64_t random = hostile_seed();
	struct hold h = {0};
	uint64_t highest = 0, swaps = 0, out = 0, in = 0;

	for (int i = 0; i < PACKETS; i++) {
		uint64_t fate = hostile_random(&random) % 20;
		int64_t delay = fate == 0 ? (int64_t)(hostile_random(&random) % LATE) : 0;
		arrival[i] = fate == 1 ? -1 : ((int64_t)i * GAP + delay) / MS * MS; // or never
	}
	arrival[0] = 0; // nothing waits for packets before the first one
	for (int64_t now = 0; now < PACKETS * GAP + LATE + LIMIT; now += MS) {
		for (int64_t i = now / GAP - LATE / GAP - 1; i <= now / GAP; i++) {
			uint64_t seq = 1000 + (uint64_t)i;
			if (i < 0 || i >= PACKETS || arrival[i] != now)
				continue;
			in++;
			if (!comes(&h, seq, now))
				continue;
			out++;
			bool late = seq < highest;
			swaps += late;
			assert_true(!late || now - i * GAP > LIMIT - 2 * GAP);
			highest = late ? highest : seq;
		}
		for (uint64_t seq; (seq = take(&h, now)); out++) {
			assert_true(now - arrival[seq - 1000] <= LIMIT);
			assert_true(seq > highest);
			highest = seq;
		}
	}
	assert_int_equal(out, in);
	assert_int_equal(h.count, 0);
	assert_in_range(swaps, 1, PACKETS / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_in_order_does_not_wait),
	        cmocka_unit_test(what_is_behind_a_gap_waits_for_the_repair),
	        cmocka_unit_test(no_packet_waits_longer_than_the_limit),
	        cmocka_unit_test(who_does_not_wait_waits_for_nothing),
	        cmocka_unit_test(a_packet_waits_once),
	        cmocka_unit_test(a_flood_takes_so_many_places),
	        cmocka_unit_test(a_source_ends_with_all_that_waits),
	        cmocka_unit_test(a_limit_is_one_repair),
	        cmocka_unit_test(a_repair_comes_while_it_is_waited_for),
	        cmocka_unit_test(each_packet_goes_on_once_and_in_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

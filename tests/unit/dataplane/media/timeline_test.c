#include "media/timeline.h"

#include "hostile.h"

#define MS      INT64_C(1000)
#define SECOND  INT64_C(1000000)
#define HOUR    (3600 * SECOND)
#define BEGIN   (500 * SECOND)
#define OFFSET  (INT64_C(3900000000) * SECOND) // the sender's clock − ours
#define PACKET  (20 * MS)
#define UNKNOWN INT64_MIN

static struct timeline_publisher publisher;
static struct timeline_track sound, picture;

static int setup(void **)
{
	timeline_publisher_init(&publisher);
	timeline_track_init(&sound, &publisher, 48000);
	timeline_track_init(&picture, &publisher, 90000);
	return 0;
}

static uint64_t ntp_of(int64_t us)
{
	return (uint64_t)(us / SECOND) << 32 | ((uint64_t)(us % SECOND) << 32) / SECOND;
}

static uint32_t stamp(const struct timeline_track *t, int64_t us)
{
	return (uint32_t)((us - BEGIN) * t->rate / SECOND);
}

// A report of this moment that takes 30 ms.
static void report(struct timeline_track *t, int64_t us)
{
	timeline_report(t, ntp_of(us + OFFSET), stamp(t, us), us + 30 * MS);
}

// A frame of this moment that takes this long.
static int64_t frame(struct timeline_track *t, int64_t us, int64_t wait_us)
{
	return timeline_time(t, stamp(t, us), us + wait_us, UNKNOWN);
}

#define ASSERT_NEAR(us, expected, tolerance)                                                       \
	assert_in_range((us) - (expected) + (tolerance), 0, 2 * (tolerance))

static void before_reports_the_fastest_packet_counts(void **)
{
	assert_int_equal(frame(&sound, BEGIN, 90 * MS), BEGIN + 90 * MS);
	assert_int_equal(frame(&sound, BEGIN + PACKET, 90 * MS), BEGIN + PACKET + 90 * MS);
	frame(&sound, BEGIN + 2 * PACKET, 50 * MS);
	for (int64_t i = 3; i < 20; i++)
		frame(&sound, BEGIN + i * PACKET, 90 * MS);
	assert_int_equal(
	        frame(&sound, BEGIN + 20 * PACKET, 90 * MS), BEGIN + 20 * PACKET + 50 * MS
	);
}

static void reports_tie_tracks_together_whatever_their_delays(void **)
{
	report(&sound, BEGIN);
	report(&picture, BEGIN + 10 * MS);
	for (int64_t us = BEGIN; us < BEGIN + SECOND; us += PACKET) {
		ASSERT_NEAR(frame(&sound, us, 50 * MS), us + 30 * MS, 10);
		ASSERT_NEAR(frame(&picture, us, 180 * MS), us + 30 * MS, 10);
	}
}

static void a_first_report_that_comes_late_does_not_turn_time_back(void **)
{
	int64_t last_us = 0;
	for (int64_t us = BEGIN; us < BEGIN + 5 * SECOND; us += PACKET) {
		if (us == BEGIN + 2 * SECOND)
			report(&picture, us);
		int64_t time_us = frame(&picture, us, 200 * MS);
		if (last_us != 0)
			assert_in_range(time_us - last_us, PACKET / 2 - 1, PACKET + 1);
		last_us = time_us;
		if (us < BEGIN + 2 * SECOND)
			assert_int_equal(time_us, us + 200 * MS);
		if (us > BEGIN + 2 * SECOND + 400 * MS)
			ASSERT_NEAR(time_us, us + 30 * MS, 10);
	}
}

static void timestamps_wrap(void **)
{
	for (int64_t us = BEGIN; us < BEGIN + 60 * HOUR; us += 20 * SECOND) {
		report(&sound, us);
		ASSERT_NEAR(frame(&sound, us, 50 * MS), us + 30 * MS, 200);
		ASSERT_NEAR(frame(&picture, us, 50 * MS), us + 50 * MS, 200);
	}
}

static void drift_is_followed(void **)
{
	// The sender's clock loses 100 ppm, its sound card another 100.
	for (int64_t us = BEGIN; us < BEGIN + 2 * HOUR; us += PACKET) {
		int64_t sender_us = us - (us - BEGIN) / 10000;
		uint32_t timestamp = stamp(&sound, sender_us - (us - BEGIN) / 10000);
		if ((us - BEGIN) % (5 * SECOND) == 0)
			timeline_report(
			        &sound, ntp_of(sender_us + OFFSET), timestamp, us + 30 * MS
			);
		int64_t time_us = timeline_time(&sound, timestamp, us + 50 * MS, sender_us);
		ASSERT_NEAR(time_us, us + 30 * MS, 3 * MS);
	}
}

static void stalled_capture_is_seen_from_send_times(void **)
{
	report(&sound, BEGIN);
	for (int64_t us = BEGIN; us < BEGIN + 10 * SECOND; us += PACKET) {
		int64_t lacks_us = us >= BEGIN + 5 * SECOND ? 40 * MS : 0;
		int64_t time_us = timeline_time(
		        &sound, stamp(&sound, us - lacks_us), us + 50 * MS, us + 7 * MS
		);
		if (us < BEGIN + 5 * SECOND || us > BEGIN + 6 * SECOND)
			ASSERT_NEAR(time_us, us + 30 * MS, MS);
	}
}

static void stalled_capture_is_seen_from_reports(void **)
{
	report(&sound, BEGIN);
	for (int64_t us = BEGIN; us < BEGIN + 10 * SECOND; us += PACKET) {
		int64_t lacks_us = us >= BEGIN + 5 * SECOND ? 400 * MS : 0;
		if (us == BEGIN + 7 * SECOND)
			timeline_report(
			        &sound, ntp_of(us + OFFSET), stamp(&sound, us - lacks_us),
			        us + 30 * MS
			);
		int64_t time_us = frame(&sound, us - lacks_us, 50 * MS + lacks_us);
		if (us < BEGIN + 5 * SECOND || us >= BEGIN + 7 * SECOND)
			ASSERT_NEAR(time_us, us + 30 * MS, MS);
	}
}

// Muted, the sender captures nothing: its timestamps go on where they were.
static void timestamps_that_go_on_after_a_mute_are_put_forward(void **)
{
	report(&sound, BEGIN);
	for (int64_t us = BEGIN; us < BEGIN + SECOND; us += PACKET)
		timeline_time(&sound, stamp(&sound, us), us + 50 * MS, us);
	for (int64_t us = BEGIN + 4 * SECOND; us < BEGIN + 5 * SECOND; us += PACKET) {
		uint32_t timestamp = stamp(&sound, us - 3 * SECOND);
		ASSERT_NEAR(timeline_time(&sound, timestamp, us + 50 * MS, us), us + 30 * MS, MS);
	}
}

// A sender that was suspended sends what it has captured in one go.
static void a_burst_after_a_silence_stays_where_it_belongs(void **)
{
	int64_t time_us = 0;
	report(&sound, BEGIN);
	for (int64_t us = BEGIN; us < BEGIN + 4 * SECOND; us += PACKET) {
		bool late = us >= BEGIN + SECOND && us < BEGIN + 2 * SECOND;
		int64_t sent_us = late ? BEGIN + 2 * SECOND + (us - BEGIN) % SECOND / 100 : us;
		time_us = timeline_time(&sound, stamp(&sound, us), sent_us + 50 * MS, sent_us);
		if (!late && us < BEGIN + 2 * SECOND)
			ASSERT_NEAR(time_us, us + 30 * MS, MS);
	}
	ASSERT_NEAR(time_us, BEGIN + 4 * SECOND - PACKET + 30 * MS, MS);
}

static void a_gap_in_the_timestamps_is_a_gap_in_time(void **)
{
	report(&sound, BEGIN);
	ASSERT_NEAR(frame(&sound, BEGIN, 50 * MS), BEGIN + 30 * MS, MS);
	ASSERT_NEAR(frame(&sound, BEGIN + 90 * SECOND, 50 * MS), BEGIN + 90 * SECOND + 30 * MS, MS);
	// So long that the difference of timestamps means nothing.
	int64_t late_us = BEGIN + 30 * HOUR;
	ASSERT_NEAR(frame(&sound, late_us, 50 * MS), late_us + 40 * MS, 10 * MS);
}

static void a_clock_that_jumps_changes_nothing(void **)
{
	static const int64_t jumps[] = {0, 3 * HOUR, -5 * HOUR, 0, 700 * MS, -400 * MS, 0};
	for (unsigned i = 0; i < COUNT(jumps); i++) {
		for (int64_t n = 0; n < 500; n++) {
			int64_t us = BEGIN + i * 10 * SECOND + n * PACKET;
			if (n % 100 == 0)
				timeline_report(
				        &sound, ntp_of(us + OFFSET + jumps[i]), stamp(&sound, us),
				        us + 30 * MS
				);
			if (n % 100 == 30)
				timeline_report(
				        &picture, ntp_of(us + OFFSET + jumps[i]),
				        stamp(&picture, us), us + 30 * MS
				);
			ASSERT_NEAR(frame(&sound, us, 50 * MS), us + 30 * MS, MS);
			if (i > 0 || n > 30)
				ASSERT_NEAR(frame(&picture, us, 80 * MS), us + 30 * MS, MS);
		}
	}
}

static void senders_without_a_clock_are_timed_by_arrivals(void **)
{
	for (int64_t us = BEGIN; us < BEGIN + 5 * SECOND; us += PACKET) {
		timeline_report(&sound, 12345, stamp(&sound, us) + 777, us);
		assert_int_equal(frame(&sound, us, 50 * MS), us + 50 * MS);
	}
	assert_false(publisher.known);
}

static void absurd_timestamps_leave_time_near_the_arrival(void **)
{
	report(&sound, BEGIN);
	frame(&sound, BEGIN, 50 * MS);
	static const uint32_t jumps[] = {
	        0x40000000, 0x7FFFFFFF, 0x80000000, 0xC0000000, 48000 * 20};
	uint32_t timestamp = 0;
	int64_t us = BEGIN;
	for (unsigned i = 0; i < 50; i++) {
		us += PACKET;
		timestamp += jumps[i % COUNT(jumps)];
		ASSERT_NEAR(timeline_time(&sound, timestamp, us, UNKNOWN), us, 150 * MS);
	}
}

// Its timestamps may be anywhere, or near the old ones.
static void another_source_begins_anew(void **)
{
	static const uint32_t shifts[] = {0xDEADBEEF, (uint32_t)-96000};
	for (unsigned i = 0; i < COUNT(shifts); i++) {
		setup(NULL);
		report(&sound, BEGIN);
		for (int64_t us = BEGIN; us < BEGIN + SECOND; us += PACKET)
			frame(&sound, us, 50 * MS);
		timeline_track_restart(&sound);
		int64_t last_us = 0;
		for (int64_t us = BEGIN + SECOND; us < BEGIN + 3 * SECOND; us += PACKET) {
			uint32_t timestamp = stamp(&sound, us) + shifts[i];
			if (us == BEGIN + 2 * SECOND)
				timeline_report(
				        &sound, ntp_of(us + OFFSET), timestamp, us + 30 * MS
				);
			int64_t time_us = timeline_time(&sound, timestamp, us + 50 * MS, UNKNOWN);
			// Until the report, packets are taken to be as late as the first source's.
			ASSERT_NEAR(time_us, us + 30 * MS, 5 * MS);
			assert_true(time_us >= last_us);
			last_us = time_us;
		}
	}
}

static void one_report_does_not_turn_time_back_but_two_do(void **)
{
	int64_t time_us = 0;
	for (int64_t us = BEGIN; us < BEGIN + 20 * SECOND; us += PACKET) {
		int64_t wrong_us =
		        us == BEGIN + 5 * SECOND || us >= BEGIN + 10 * SECOND ? 80 * MS : 0;
		if ((us - BEGIN) % SECOND == 0)
			timeline_report(
			        &sound, ntp_of(us + OFFSET), stamp(&sound, us + wrong_us),
			        us + 30 * MS
			);
		time_us = frame(&sound, us, 50 * MS);
		if (us < BEGIN + 11 * SECOND)
			ASSERT_NEAR(time_us, us + 30 * MS, MS);
	}
	ASSERT_NEAR(time_us, BEGIN + 20 * SECOND - PACKET - 50 * MS, MS);
}

static void a_slow_way_moves_time_slowly(void **)
{
	int64_t last_us = 0;
	for (int64_t us = BEGIN; us < BEGIN + 120 * SECOND; us += PACKET) {
		int64_t wait_us = us < BEGIN + 30 * SECOND ? 30 * MS : 130 * MS;
		if ((us - BEGIN) % SECOND == 0)
			timeline_report(
			        &sound, ntp_of(us + OFFSET), stamp(&sound, us), us + wait_us
			);
		int64_t time_us = frame(&sound, us, wait_us);
		if (last_us != 0)
			assert_in_range(time_us - last_us, PACKET - 50, PACKET + 50);
		last_us = time_us;
	}
	ASSERT_NEAR(last_us, BEGIN + 120 * SECOND - PACKET + 130 * MS, MS);
}

// Whatever a publisher says, time does not go back and does not leave the present.
static void noise_neither_turns_time_back_nor_runs_ahead(void **)
{
	uint64_t seed = hostile_seed();
	int64_t now_us = BEGIN, last_us = 0;
	uint32_t timestamp = 0;
	for (unsigned i = 0; i < 300000; i++) {
		uint32_t dice = hostile_random(&seed);
		uint64_t ntp = (uint64_t)hostile_random(&seed) << 32 | hostile_random(&seed);
		now_us += dice % 100 == 0 ? dice / 4 : dice % 40000;
		timestamp += dice >> 8 & 0x1F ? 960 : hostile_random(&seed);
		if (dice % 7 == 0)
			timeline_report(&sound, ntp, timestamp + (dice % 3 ? 0 : dice), now_us);
		if (dice % 7 == 1)
			timeline_report(&sound, ntp_of(now_us + OFFSET), timestamp, now_us);
		if (dice % 1000 == 3)
			timeline_track_restart(&sound);
		int64_t send_us = dice % 5 == 0 ? UNKNOWN : dice % 5 == 1 ? (int64_t)ntp : now_us;
		int64_t time_us = timeline_time(&sound, timestamp, now_us, send_us);
		assert_true(time_us >= last_us);
		assert_true(time_us <= now_us + TIMELINE_AHEAD_US);
		last_us = time_us;
	}
	// Arrivals are ours and do not jump about, but nothing may overflow if they do.
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t a = (uint64_t)hostile_random(&seed) << 32 | hostile_random(&seed);
		timeline_report(&sound, a << i % 64, (uint32_t)a, (int64_t)(a >> i % 7));
		timeline_time(&sound, (uint32_t)a, (int64_t)(a << i % 11), (int64_t)(a << i % 13));
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
	        TEST(before_reports_the_fastest_packet_counts),
	        TEST(reports_tie_tracks_together_whatever_their_delays),
	        TEST(a_first_report_that_comes_late_does_not_turn_time_back),
	        TEST(timestamps_wrap),
	        TEST(drift_is_followed),
	        TEST(stalled_capture_is_seen_from_send_times),
	        TEST(stalled_capture_is_seen_from_reports),
	        TEST(timestamps_that_go_on_after_a_mute_are_put_forward),
	        TEST(a_burst_after_a_silence_stays_where_it_belongs),
	        TEST(a_gap_in_the_timestamps_is_a_gap_in_time),
	        TEST(a_clock_that_jumps_changes_nothing),
	        TEST(senders_without_a_clock_are_timed_by_arrivals),
	        TEST(absurd_timestamps_leave_time_near_the_arrival),
	        TEST(another_source_begins_anew),
	        TEST(one_report_does_not_turn_time_back_but_two_do),
	        TEST(a_slow_way_moves_time_slowly),
	        TEST(noise_neither_turns_time_back_nor_runs_ahead),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

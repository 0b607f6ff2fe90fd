// The tap between two real processes: the writer overwrites at full speed, and may be killed at any
// moment; the reader finds each entry whole, or learns that it has missed it.
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "am_clock.h"
#include "am_tap.h"

#define RUN_NS UINT64_C(2000000000)
#define KILLS  20

// Every byte of an entry follows from its position.
static void entry_make(struct am_tap_entry *e, uint64_t position)
{
	*e = (struct am_tap_entry){
	        .id = am_id_make(position % AM_TRACK_MAX, 1 + (uint32_t)position),
	        .arrival_us = (int64_t)position * 3,
	        .seq = position,
	        .ntp = ~position,
	        .timestamp = (uint32_t)position * 7,
	        .len = (uint16_t)(position * 31 % AM_TAP_PAYLOAD_MAX),
	        .kind = AM_TAP_PACKET,
	        .level = (uint8_t)position,
	};
	memset(e->payload, (int)(position % 251), e->len);
}

static void write_on(struct am_tap_ring *r)
{
	struct am_tap_entry e;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (uint64_t n = am_tap_head(r);; n++) {
		entry_make(&e, n);
		memcpy(am_tap_begin(r, n), &e, offsetof(struct am_tap_entry, payload) + e.len);
		am_tap_end(r, n);
	}
}

static pid_t writer_start(struct am_tap_ring *r)
{
	pid_t pid = fork();

	if (pid == 0)
		write_on(r);
	assert_true(pid > 0);
	return pid;
}

static void writer_end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void check_whole(const struct am_tap_entry *e, uint64_t position)
{
	struct am_tap_entry want;

	entry_make(&want, position);
	assert_memory_equal(e, &want, offsetof(struct am_tap_entry, payload) + want.len);
}

struct reader {
	uint64_t next, got, missed;
};

// Reads up to the head, and leaps ahead like the recorder if it is too slow.
static void read_on(struct reader *reader, const struct am_tap_ring *r)
{
	static struct am_tap_entry e;
	uint64_t head = am_tap_head(r);

	while (reader->next < head) {
		int ret = am_tap_read(r, reader->next, &e);
		if (ret == -EOVERFLOW) {
			uint64_t oldest = am_tap_head(r) - AM_TAP_SLOTS / 2;
			assert_true(oldest > reader->next);
			reader->missed += oldest - reader->next;
			reader->next = oldest;
			continue;
		}
		assert_int_equal(ret, 0);
		check_whole(&e, reader->next);
		reader->next++;
		reader->got++;
	}
}

static void each_entry_is_whole_or_missed(void **)
{
	struct am_tap ours, theirs;
	struct reader reader = {0};

	assert_int_equal(am_tap_new(&ours, 1, 1), 0);
	assert_int_equal(am_tap_join(&theirs, dup(ours.fd)), 0);
	pid_t writer = writer_start(&ours.map->rings[0]);
	uint64_t end_ns = am_clock_ns() + RUN_NS;
	while (am_clock_ns() < end_ns)
		read_on(&reader, &theirs.map->rings[0]);
	usleep(300000); // the reader sleeps, too long
	read_on(&reader, &theirs.map->rings[0]);
	writer_end(writer);
	read_on(&reader, &theirs.map->rings[0]);
	fprintf(stderr, "%lu entries read, %lu missed\n", reader.got, reader.missed);
	assert_true(reader.got > 2 * AM_TAP_SLOTS);
	assert_true(reader.missed > 0);
	assert_int_equal(reader.got + reader.missed, am_tap_head(&ours.map->rings[0]));
	am_tap_leave(&theirs);
	am_tap_leave(&ours);
}

// What a data plane wrote before its death can be read to the end.
static void a_dead_writer_leaves_whole_entries(void **)
{
	struct am_tap ours, theirs;
	unsigned seed = (unsigned)time(NULL);

	fprintf(stderr, "seed %u\n", seed);
	assert_int_equal(am_tap_new(&ours, 1, 1), 0);
	assert_int_equal(am_tap_join(&theirs, dup(ours.fd)), 0);
	struct am_tap_ring *r = &ours.map->rings[0];
	for (int i = 0; i < KILLS; i++) {
		pid_t writer = writer_start(r);
		usleep((useconds_t)(rand_r(&seed) % 8000));
		writer_end(writer);
		uint64_t head = am_tap_head(r);
		struct reader reader = {
		        .next = head > AM_TAP_SLOTS - 1 ? head - AM_TAP_SLOTS + 1 : 0};
		read_on(&reader, &theirs.map->rings[0]);
		assert_int_equal(reader.missed, 0);
	}
	am_tap_leave(&theirs);
	am_tap_leave(&ours);
}

static void a_reader_cannot_map_it_for_writing(void **)
{
	struct am_tap ours;
	int status;

	assert_int_equal(am_tap_new(&ours, 1, 1), 0);
	pid_t pid = fork();
	if (pid == 0) {
		void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ours.fd, 0);
		_exit(map == MAP_FAILED && errno == EPERM ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	am_tap_leave(&ours);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_entry_is_whole_or_missed),
	        cmocka_unit_test(a_dead_writer_leaves_whole_entries),
	        cmocka_unit_test(a_reader_cannot_map_it_for_writing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

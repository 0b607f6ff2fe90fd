// Both rings and a table between two real processes, either of which is killed at random moments;
// the test process checks the region from a third mapping. A restarted process joins the region as
// it finds it, like a restarted control plane.
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "am_region.h"

#define KILLS        200
#define KILL_US_MAX  8000
#define TABLE_SLOT   7
#define EXIT_TORN    10 // a child found a message whose bytes do not match
#define EXIT_ORDER   11 // … or one that was repeated, lost or out of order
#define EXIT_HOSTILE 12 // … or an impossible index

// Every byte of a message follows from its sequence.
static void msg_make(struct am_msg *m, uint32_t sequence, uint8_t salt)
{
	*m = (struct am_msg){.type = salt, .epoch = (uint16_t)(sequence * 3), .sequence = sequence};
	for (size_t i = 0; i < sizeof(m->bytes); i++)
		m->bytes[i] = (uint8_t)(sequence * 17 + i * salt);
}

// The next message's sequence is the ring's head, so the successor of a killed producer continues
// it.
static void produce(struct am_ring *ring, uint8_t salt)
{
	struct am_msg m;

	msg_make(&m, atomic_load(&ring->head), salt);
	if (am_ring_push(ring, &m) == -EPROTO)
		_exit(EXIT_HOSTILE);
}

static bool consume(struct am_ring *ring, uint8_t salt)
{
	struct am_msg m, want;
	uint32_t tail = atomic_load(&ring->tail);
	int ret = am_ring_pop(ring, &m);

	if (ret < 0)
		_exit(EXIT_HOSTILE);
	if (ret == 0)
		return false;
	if (m.sequence != tail)
		_exit(EXIT_ORDER);
	msg_make(&want, tail, salt);
	if (memcmp(&m, &want, sizeof(m)) != 0)
		_exit(EXIT_TORN);
	return true;
}

// The control process posts commands and takes events. The data plane does the opposite, and writes
// the table.
static void work(int fd, bool control)
{
	struct am_region r;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (am_region_join(&r, fd) < 0)
		_exit(1);
	struct am_transport_state *entry = &r.map->transports[TABLE_SLOT];
	for (uint64_t n = 1;; n++) {
		produce(control ? &r.map->commands : &r.map->events, control ? 1 : 2);
		bool busy = consume(control ? &r.map->events : &r.map->commands, control ? 2 : 1);
		if (control) {
			struct am_transport_state copy;
			if (am_table_read(entry, &copy, sizeof(copy)) && copy.room_id != ~copy.id &&
			    copy.id != 0)
				_exit(EXIT_TORN);
		} else {
			// A killed writer may have left the version odd; its successor writes the
			// entry again.
			if (n == 1 && (atomic_load(&entry->version) & 1))
				atomic_store(&entry->version, atomic_load(&entry->version) + 1);
			am_table_begin(&entry->version);
			entry->id = n;
			entry->room_id = ~n;
			am_table_end(&entry->version);
		}
		if (!busy)
			sched_yield();
	}
}

static pid_t start(const struct am_region *r, bool control)
{
	pid_t pid = fork();

	if (pid == 0)
		work(dup(r->fd), control);
	assert_true(pid > 0);
	return pid;
}

// Kills a child; fails the test if it had already ended with an error.
static void end(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status))
		fail_msg("a process complained: %d", WEXITSTATUS(status));
	assert_true(WIFSIGNALED(status));
}

static void check_indices(const struct am_ring *ring)
{
	// Read the tail first: it never passes the head.
	uint32_t tail = atomic_load(&ring->tail);
	uint32_t head = atomic_load(&ring->head);
	assert_true(head - tail <= AM_RING_SLOTS + 1000000u); // both move on between the loads
	assert_true((int32_t)(head - tail) >= 0);
}

// proves F03
static void either_process_may_be_killed_at_any_moment(void **)
{
	struct am_region r;
	pid_t pids[2];
	unsigned seed = (unsigned)time(NULL);

	fprintf(stderr, "seed %u\n", seed);
	assert_int_equal(am_region_new(&r, 1), 0);
	for (int i = 0; i < 2; i++)
		pids[i] = start(&r, i == 1);
	for (int i = 0; i < KILLS; i++) {
		usleep((useconds_t)(rand_r(&seed) % KILL_US_MAX));
		int victim = rand_r(&seed) % 2;
		end(pids[victim]);
		check_indices(&r.map->commands);
		check_indices(&r.map->events);
		pids[victim] = start(&r, victim == 1);
	}
	uint32_t commands = atomic_load(&r.map->commands.tail);
	uint32_t events = atomic_load(&r.map->events.tail);
	usleep(200000);
	assert_true(atomic_load(&r.map->commands.tail) != commands); // the consumer still runs
	assert_true(atomic_load(&r.map->events.tail) != events);
	for (int i = 0; i < 2; i++)
		end(pids[i]);
	fprintf(stderr, "%u commands, %u events, %d kills\n", commands, events, KILLS);
	am_region_leave(&r);
}

// proves F03
static void a_consumer_that_is_gone_fills_the_ring_and_no_more(void **)
{
	struct am_region r;
	struct am_msg m;

	assert_int_equal(am_region_new(&r, 1), 0);
	pid_t control = start(&r, true);
	uint64_t tries = 0;
	while (atomic_load(&r.map->commands.head) < AM_RING_SLOTS && tries++ < 500)
		usleep(10000);
	usleep(50000);
	end(control);
	assert_int_equal(atomic_load(&r.map->commands.head), AM_RING_SLOTS);
	for (uint32_t i = 0; i < AM_RING_SLOTS; i++) {
		struct am_msg want;
		msg_make(&want, i, 1);
		assert_int_equal(am_ring_pop(&r.map->commands, &m), 1);
		assert_memory_equal(&m, &want, sizeof(m));
	}
	assert_int_equal(am_ring_pop(&r.map->commands, &m), 0);
	am_region_leave(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(either_process_may_be_killed_at_any_moment),
	        cmocka_unit_test(a_consumer_that_is_gone_fills_the_ring_and_no_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

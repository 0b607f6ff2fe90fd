#include "am_ring.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "test.h"

#define TRANSFERS 200000u

static int setup(void **state)
{
	*state = aligned_alloc(64, sizeof(struct am_ring));
	if (!*state)
		return -1;
	memset(*state, 0, sizeof(struct am_ring));
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

// Every byte of a message follows from its sequence, so a torn copy shows.
static struct am_msg msg_make(uint32_t sequence)
{
	struct am_msg m = {.type = AM_EVENT_ACK, .epoch = 7, .sequence = sequence};
	for (size_t i = 0; i < sizeof(m.bytes); i++)
		m.bytes[i] = (uint8_t)(sequence * 31 + i);
	return m;
}

static void messages_come_out_in_order(void **state)
{
	struct am_ring *r = *state;
	struct am_msg m;

	assert_int_equal(am_ring_pop(r, &m), 0);
	for (uint32_t i = 0; i < 3; i++) {
		m = msg_make(i);
		assert_int_equal(am_ring_push(r, &m), 0);
	}
	for (uint32_t i = 0; i < 3; i++) {
		struct am_msg want = msg_make(i);
		assert_int_equal(am_ring_pop(r, &m), 1);
		assert_memory_equal(&m, &want, sizeof(m));
	}
	assert_int_equal(am_ring_pop(r, &m), 0);
}

static void a_full_ring_refuses_and_keeps_all(void **state)
{
	struct am_ring *r = *state;
	struct am_msg m;

	for (uint32_t i = 0; i < AM_RING_SLOTS; i++) {
		m = msg_make(i);
		assert_int_equal(am_ring_push(r, &m), 0);
	}
	m = msg_make(UINT32_MAX);
	assert_int_equal(am_ring_push(r, &m), -ENOSPC);
	assert_int_equal(am_ring_pop(r, &m), 1);
	assert_int_equal(m.sequence, 0);
	assert_int_equal(am_ring_push(r, &m), 0);
}

static void indices_wrap_at_32_bits(void **state)
{
	struct am_ring *r = *state;
	struct am_msg m;

	atomic_store(&r->head, UINT32_MAX - 1);
	atomic_store(&r->tail, UINT32_MAX - 1);
	for (uint32_t i = 0; i < AM_RING_SLOTS; i++) {
		m = msg_make(i);
		assert_int_equal(am_ring_push(r, &m), 0);
	}
	assert_int_equal(am_ring_push(r, &m), -ENOSPC);
	for (uint32_t i = 0; i < AM_RING_SLOTS; i++) {
		assert_int_equal(am_ring_pop(r, &m), 1);
		assert_int_equal(m.sequence, i);
	}
	assert_int_equal(am_ring_pop(r, &m), 0);
}

// proves A23
static void impossible_indices_are_refused(void **state)
{
	struct am_ring *r = *state;
	const uint32_t hostile[] = {AM_RING_SLOTS + 1, 0x80000000u, UINT32_MAX};
	struct am_msg m = msg_make(1);

	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		atomic_store(&r->tail, 0);
		atomic_store(&r->head, hostile[i]);
		assert_int_equal(am_ring_pop(r, &m), -EPROTO);
		assert_int_equal(atomic_load(&r->tail), 0);

		atomic_store(&r->head, 0);
		atomic_store(&r->tail, 0u - hostile[i]);
		assert_int_equal(am_ring_push(r, &m), -EPROTO);
		assert_int_equal(atomic_load(&r->head), 0);
	}
}

static void *produce(void *ring)
{
	for (uint32_t i = 0; i < TRANSFERS; i++) {
		struct am_msg m = msg_make(i);
		while (am_ring_push(ring, &m) == -ENOSPC)
			sched_yield();
	}
	return NULL;
}

static void two_threads_lose_and_tear_nothing(void **state)
{
	struct am_ring *r = *state;
	pthread_t producer;

	assert_int_equal(pthread_create(&producer, NULL, produce, r), 0);
	for (uint32_t i = 0; i < TRANSFERS; i++) {
		struct am_msg m, want = msg_make(i);
		while (am_ring_pop(r, &m) == 0)
			sched_yield();
		assert_memory_equal(&m, &want, sizeof(m));
	}
	assert_int_equal(pthread_join(producer, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(messages_come_out_in_order, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_full_ring_refuses_and_keeps_all, setup, teardown),
	        cmocka_unit_test_setup_teardown(indices_wrap_at_32_bits, setup, teardown),
	        cmocka_unit_test_setup_teardown(impossible_indices_are_refused, setup, teardown),
	        cmocka_unit_test_setup_teardown(two_threads_lose_and_tear_nothing, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

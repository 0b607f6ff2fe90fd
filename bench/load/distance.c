#include "distance.h"

#include <pthread.h>
#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "am_clock.h"

#define ROUNDS 20000

struct ball {
	alignas(64) atomic_uint there;
	alignas(64) atomic_uint back;
	uint16_t core;
	atomic_int placed; // 1: on its core, -1: failed
};

static bool move_to(uint16_t core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	return sched_setaffinity(0, sizeof(set), &set) == 0;
}

static void *return_ball(void *context)
{
	struct ball *b = context;

	if (!move_to(b->core)) {
		atomic_store(&b->placed, -1);
		return NULL;
	}
	atomic_store(&b->placed, 1);
	for (unsigned i = 1; i <= ROUNDS; i++) {
		while (atomic_load_explicit(&b->there, memory_order_acquire) != i)
			;
		atomic_store_explicit(&b->back, i, memory_order_release);
	}
	return NULL;
}

double distance_ns(uint16_t near, uint16_t far)
{
	struct ball b = {.core = far};
	pthread_t thread;
	uint64_t ns = 0;

	if (near == far || !move_to(near) || pthread_create(&thread, NULL, return_ball, &b) != 0)
		return 0;
	while (atomic_load(&b.placed) == 0)
		;
	if (atomic_load(&b.placed) > 0) {
		ns = am_clock_ns();
		for (unsigned i = 1; i <= ROUNDS; i++) {
			atomic_store_explicit(&b.there, i, memory_order_release);
			while (atomic_load_explicit(&b.back, memory_order_acquire) != i)
				;
		}
		ns = am_clock_ns() - ns;
	}
	pthread_join(thread, NULL);
	return (double)ns / ROUNDS;
}

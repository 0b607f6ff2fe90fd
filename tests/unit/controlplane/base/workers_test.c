// Work is done in threads, and its end is told in the loop.
#include "test.h"

#include "base/loop.h"
#include "base/map.h"
#include "base/workers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define JOBS 200

struct job {
	struct work work;
	pthread_t thread;
	int waits_us;
	bool done, ran;
};

static pthread_t loop_thread;
static _Atomic int under_way, under_way_max;

static void run(struct work *w)
{
	struct job *j = container_of(w, struct job, work);
	int now = ++under_way;

	if (now > under_way_max)
		under_way_max = now;
	j->thread = pthread_self();
	usleep((unsigned)j->waits_us);
	under_way--;
}

static void done(struct work *w)
{
	struct job *j = container_of(w, struct job, work);

	assert_true(pthread_equal(pthread_self(), loop_thread));
	assert_false(j->done);
	j->done = true;
	j->ran = w->has_run;
}

static void jobs_init(struct job jobs[], int count, int waits_us)
{
	for (int i = 0; i < count; i++)
		jobs[i] = (struct job){.work = {.run = run, .done = done}, .waits_us = waits_us};
}

static void each_is_run_once_and_told_in_the_loop(void **)
{
	static struct job jobs[JOBS];
	struct loop *l = loop_create();
	struct workers *ws = workers_start(l, "test", 3);
	int finished = 0;

	assert_non_null(ws);
	loop_thread = pthread_self();
	jobs_init(jobs, JOBS, 500);
	for (int i = 0; i < JOBS; i++)
		workers_add(ws, &jobs[i].work);
	for (int turns = 0; finished < JOBS && turns < 10000; turns++) {
		loop_turn(l, 100);
		finished = 0;
		for (int i = 0; i < JOBS; i++)
			finished += jobs[i].done;
	}
	for (int i = 0; i < JOBS; i++) {
		assert_true(jobs[i].done && jobs[i].ran);
		assert_false(pthread_equal(jobs[i].thread, loop_thread));
	}
	assert_in_range(under_way_max, 2, 3);
	workers_stop(ws);
	loop_destroy(l);
}

static void a_stop_waits_for_what_is_under_way(void **)
{
	static struct job jobs[8];
	struct loop *l = loop_create();
	struct workers *ws = workers_start(l, "test", 1);

	loop_thread = pthread_self();
	jobs_init(jobs, 8, 50000);
	for (int i = 0; i < 8; i++)
		workers_add(ws, &jobs[i].work);
	while (under_way == 0)
		usleep(100);
	workers_stop(ws);
	assert_true(jobs[0].done && jobs[0].ran);
	assert_true(jobs[7].done && !jobs[7].ran);
	assert_int_equal(under_way, 0);
	loop_destroy(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_is_run_once_and_told_in_the_loop),
	        cmocka_unit_test(a_stop_waits_for_what_is_under_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

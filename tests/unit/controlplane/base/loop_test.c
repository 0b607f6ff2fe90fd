// The loop's tasks run at the end of a turn, once however often they were requested.
#include "test.h"

#include "base/loop.h"

struct counter {
	struct loop *loop;
	struct loop_task task;
	struct loop_task *next; // the task that this one sets; NULL: none
	int runs;
};

static void count(void *owner)
{
	struct counter *c = owner;

	c->runs++;
	if (c->next)
		loop_task_set(c->loop, c->next);
	c->next = NULL;
}

static void counter_init(struct counter *c, struct loop *loop)
{
	*c = (struct counter){.loop = loop, .task = {.run = count, .owner = c}};
}

static void a_task_runs_once_a_turn(void **)
{
	struct loop *l = loop_create();
	struct counter c;

	counter_init(&c, l);
	loop_task_set(l, &c.task);
	loop_task_set(l, &c.task);
	assert_int_equal(c.runs, 0);
	loop_turn(l, 0);
	assert_int_equal(c.runs, 1);
	loop_turn(l, 0);
	assert_int_equal(c.runs, 1);
	loop_task_set(l, &c.task);
	loop_turn(l, 0);
	assert_int_equal(c.runs, 2);
	loop_destroy(l);
}

static void a_task_that_is_cancelled_does_not_run(void **)
{
	struct loop *l = loop_create();
	struct counter a, b;

	counter_init(&a, l);
	counter_init(&b, l);
	loop_task_set(l, &a.task);
	loop_task_set(l, &b.task);
	loop_task_cancel(l, &a.task);
	loop_task_cancel(l, &a.task);
	loop_turn(l, 0);
	assert_int_equal(a.runs, 0);
	assert_int_equal(b.runs, 1);
	loop_destroy(l);
}

// No task has to wait for the next event.
static void tasks_set_by_tasks_run_before_the_wait(void **)
{
	struct loop *l = loop_create();
	struct counter a, b;

	counter_init(&a, l);
	counter_init(&b, l);
	a.next = &b.task;
	b.next = &a.task;
	loop_task_set(l, &a.task);
	loop_turn(l, 0);
	assert_int_equal(a.runs, 2);
	assert_int_equal(b.runs, 1);
	loop_destroy(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_task_runs_once_a_turn),
	        cmocka_unit_test(a_task_that_is_cancelled_does_not_run),
	        cmocka_unit_test(tasks_set_by_tasks_run_before_the_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

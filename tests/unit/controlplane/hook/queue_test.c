// Whose turn it is to call, without any HTTP.
#include "test.h"

#include "hook/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOSES 25000 // of one account

struct world {
	struct loop *loop;
	struct hook_queue queue;
	struct hook_turn *running[256];
	int count; // turns that have started
	int given_up;
};

static struct world world;

static void started(struct hook_turn *t)
{
	assert_true(world.count < 256);
	world.running[world.count++] = t;
}

static void gave_up(struct hook_turn *)
{
	world.given_up++;
}

static struct hook_turn asking(void)
{
	return (struct hook_turn){.start = started, .give_up = gave_up};
}

static struct hook_turn closing(void)
{
	return (struct hook_turn){.closes = true, .start = started};
}

static void turns(int n)
{
	for (int i = 0; i < n; i++)
		loop_turn(world.loop, 5);
}

static int setup(void **)
{
	memset(&world, 0, sizeof(world));
	world.loop = loop_create();
	hook_queue_init(&world.queue, world.loop);
	return 0;
}

static int teardown(void **)
{
	hook_queue_fini(&world.queue);
	loop_destroy(world.loop);
	return 0;
}

static void a_share_grows_with_quick_answers(void **)
{
	static struct hook_turn t[200];

	for (int i = 0; i < 200; i++) {
		t[i] = asking();
		assert_true(hook_turn_take(&world.queue, &t[i], 1, NULL));
	}
	assert_int_equal(world.count, 0); // not within the call
	turns(20);
	assert_int_equal(world.count, HOOK_CALLS_FIRST);
	for (int i = 0; i < HOOK_CALLS_FIRST; i++)
		hook_turn_end(world.running[i], true);
	turns(20);
	assert_int_equal(world.count, 3 * HOOK_CALLS_FIRST);
	for (int i = HOOK_CALLS_FIRST; i < world.count && world.count < 200; i++) {
		hook_turn_end(world.running[i], true);
		turns(2);
		assert_true(world.count - i - 1 <= HOOK_CALLS_MAX);
	}
	for (int i = 0; i < 200; i++)
		hook_turn_leave(&t[i]); // in whatever state
}

static void accounts_take_turns(void **)
{
	static struct hook_turn many[50], one;

	for (int i = 0; i < 50; i++) {
		many[i] = asking();
		assert_true(hook_turn_take(&world.queue, &many[i], 1, NULL));
	}
	one = asking();
	assert_true(hook_turn_take(&world.queue, &one, 2, NULL));
	turns(2);
	assert_int_equal(one.state, TURN_RUNNING);
	assert_true(world.running[0] == &one || world.running[1] == &one);
	for (int i = 0; i < 50; i++)
		hook_turn_leave(&many[i]);
	hook_turn_leave(&one);
}

static void one_peer_goes_in_order(void **)
{
	struct hook_turn join = asking(), next = asking(), close = closing(), other = asking();

	assert_true(hook_turn_take(&world.queue, &join, 1, "1/r/p"));
	turns(3);
	assert_true(hook_turn_take(&world.queue, &next, 1, "1/r/p"));
	assert_true(hook_turn_take(&world.queue, &close, 1, "1/r/p"));
	assert_true(hook_turn_take(&world.queue, &other, 1, "1/r/q"));
	turns(3);
	assert_int_equal(world.count, 2);
	assert_true(world.running[0] == &join && world.running[1] == &other);
	hook_turn_end(&join, true);
	turns(3);
	assert_true(world.running[2] == &close);
	hook_turn_end(&close, true);
	turns(3);
	assert_true(world.running[3] == &next);
	hook_turn_end(&next, true);
	hook_turn_end(&other, true);
}

// Without an answer to the close, the join after it gets none.
static void joins_behind_an_unanswered_close_get_no_answer(void **)
{
	struct hook_turn close = closing(), join = asking();

	assert_true(hook_turn_take(&world.queue, &close, 1, "1/r/p"));
	assert_true(hook_turn_take(&world.queue, &join, 1, "1/r/p"));
	turns(3);
	assert_true(hook_turn_rest(&close, false));
	turns(3);
	assert_int_equal(world.given_up, 1);
	hook_turn_leave(&close);
}

// No close is forgotten, however many wait for one receiver.
// proves W05
static void all_closes_wait_their_turn(void **)
{
	static struct hook_turn t[CLOSES];

	for (int i = 0; i < CLOSES; i++) {
		t[i] = closing();
		assert_true(hook_turn_take(&world.queue, &t[i], 1, NULL));
	}
	turns(20);
	assert_int_equal(world.count, HOOK_CLOSES_MAX);
	for (int i = 0; i < CLOSES; i++)
		hook_turn_leave(&t[i]);
}

static void a_close_is_not_tried_for_ever(void **)
{
	struct hook_turn t = closing();

	assert_true(hook_turn_take(&world.queue, &t, 1, "1/r/p"));
	turns(3);
	assert_int_equal(t.state, TURN_RUNNING);
	t.tries = HOOK_TRIES_MAX - 1;
	assert_true(hook_turn_rest(&t, false));
	loop_timer_set(world.loop, &t.timer, 0); // ends the back-off
	turns(3);
	assert_int_equal(t.state, TURN_RUNNING);
	assert_false(hook_turn_rest(&t, false));
}

static void rests_get_longer(void **)
{
	struct hook_turn t = closing();
	uint64_t before = 0;

	assert_true(hook_turn_take(&world.queue, &t, 1, "1/r/p"));
	for (int i = 0; i < 30; i++) {
		turns(3);
		assert_int_equal(t.state, TURN_RUNNING);
		assert_true(hook_turn_rest(&t, true));
		uint64_t rest = t.timer.due_ms - loop_now_ms(world.loop);
		assert_true(rest >= HOOK_RETRY_MS && rest <= HOOK_RETRY_MS_MAX * 5 / 4);
		assert_true(i >= 8 || rest > before); // up to the longest
		before = rest;
		loop_timer_set(world.loop, &t.timer, 0);
	}
	hook_turn_leave(&t);
}

static void sequences_are_the_accounts(void **)
{
	hook_queue_set_sequence(&world.queue, 2, 41);
	assert_int_equal(hook_queue_sequence(&world.queue, 1), 1);
	assert_int_equal(hook_queue_sequence(&world.queue, 1), 2);
	assert_int_equal(hook_queue_sequence(&world.queue, 2), 42);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(a_share_grows_with_quick_answers),
	        TEST(accounts_take_turns),
	        TEST(one_peer_goes_in_order),
	        TEST(joins_behind_an_unanswered_close_get_no_answer),
	        TEST(all_closes_wait_their_turn),
	        TEST(a_close_is_not_tried_for_ever),
	        TEST(rests_get_longer),
	        TEST(sequences_are_the_accounts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

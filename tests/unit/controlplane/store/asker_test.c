// Queries to a file, and whose turn it is.
#include "test.h"

#include "base/loop.h"
#include "base/map.h"
#include "store/asker.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[] = "/tmp/amphi-asker-XXXXXX";
static struct loop *loop;
static struct store_asker *asker;
static atomic_bool held; // long queries wait until it is false
static atomic_int running;

struct question {
	struct store_question store;
	bool is_long, done;
};

static void ask(struct store_question *q, sqlite3 *)
{
	atomic_fetch_add(&running, 1);
	while (container_of(q, struct question, store)->is_long && atomic_load(&held))
		usleep(1000);
	atomic_fetch_sub(&running, 1);
}

static void done(struct store_question *q)
{
	container_of(q, struct question, store)->done = true;
}

static struct question question(uint64_t account_id, bool is_long)
{
	return (struct question
	){.store = {.account_id = account_id, .ask = ask, .done = done}, .is_long = is_long};
}

static int setup(void **)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_close(db);
	atomic_store(&held, true);
	loop = loop_create();
	asker = store_asker_start(loop, "test", path);
	return asker ? 0 : -1;
}

static int teardown(void **)
{
	loop_destroy(loop);
	return 0;
}

static void wait_for(const bool *flag)
{
	for (int i = 0; i < 10000 && !*flag; i++)
		loop_turn(loop, 1);
	assert_true(*flag);
}

// Sends a query, and waits for a thread to take it.
static void ask_and_wait(struct question *q)
{
	assert_int_equal(store_ask(asker, &q->store), 0);
	for (int i = 0; i < 10000 && atomic_load(&running) == 0; i++)
		usleep(1000);
	assert_int_equal(atomic_load(&running), 1);
}

static void a_long_question_delays_its_own_account_alone(void **)
{
	struct question slow[3] = {question(1, true), question(1, true), question(1, true)};
	struct question own = question(1, false), other = question(2, false);

	ask_and_wait(&slow[0]);
	for (int i = 1; i < 3; i++)
		assert_int_equal(store_ask(asker, &slow[i].store), 0);
	assert_int_equal(store_ask(asker, &own.store), 0);
	assert_int_equal(store_ask(asker, &other.store), 0);
	wait_for(&other.done);
	assert_int_equal(atomic_load(&running), 1);
	assert_false(own.done || slow[0].done);
	atomic_store(&held, false);
	wait_for(&own.done);
	assert_true(slow[0].done && slow[1].done && slow[2].done);
	store_asker_stop(asker);
}

static void an_account_fills_its_own_share_alone(void **)
{
	static struct question q[STORE_ASKER_ACCOUNT_MAX + 2];
	struct question other = question(2, false);

	q[0] = question(1, true);
	ask_and_wait(&q[0]);
	for (int i = 1; i <= STORE_ASKER_ACCOUNT_MAX; i++) {
		q[i] = question(1, false);
		assert_int_equal(store_ask(asker, &q[i].store), 0);
	}
	q[STORE_ASKER_ACCOUNT_MAX + 1] = question(1, false);
	assert_int_equal(store_ask(asker, &q[STORE_ASKER_ACCOUNT_MAX + 1].store), -EAGAIN);
	assert_int_equal(store_ask(asker, &other.store), 0);
	wait_for(&other.done);
	atomic_store(&held, false);
	store_asker_stop(asker); // queries that are left are answered, too
	for (int i = 0; i <= STORE_ASKER_ACCOUNT_MAX; i++)
		assert_true(q[i].done);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                a_long_question_delays_its_own_account_alone, setup, teardown
	        ),
	        cmocka_unit_test_setup_teardown(
	                an_account_fills_its_own_share_alone, setup, teardown
	        ),
	};
	int fd = mkstemp(path);

	if (fd < 0)
		return 1;
	close(fd);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}

// The thread that writes a file, and what it counts if the file cannot be written.
#include "test.h"

#include "store/writer.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PATIENCE_MS 50000 // on a busy machine

static char directory[] = "/tmp/amphi-writer-XXXXXX";
static char path[64];

static const char *const sql[] = {"INSERT INTO t VALUES(?1)"};
static const struct store_statements statements = {
        .name = "test",
        .count = 1,
        .sql = sql,
        .numbers = 1,
};

struct world {
	sqlite3 *db; // the writer's connection
	sqlite3 *other; // its transaction keeps the writer out
	struct store_writer *writer;
};

static void run(sqlite3 *db, const char *statement)
{
	assert_int_equal(sqlite3_exec(db, statement, NULL, NULL, NULL), SQLITE_OK);
}

static int setup(void **state)
{
	static struct world w;

	unlink(path);
	assert_int_equal(sqlite3_open(path, &w.db), SQLITE_OK);
	assert_int_equal(sqlite3_open(path, &w.other), SQLITE_OK);
	run(w.other, "CREATE TABLE t(n INTEGER)");
	w.writer = store_writer_start(w.db, &statements);
	assert_non_null(w.writer);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	sqlite3_close(w->db);
	sqlite3_close(w->other);
	unlink(path);
	return 0;
}

static struct store_counts counts(struct world *w)
{
	struct store_counts c;
	store_writer_count(w->writer, &c);
	return c;
}

static uint64_t put(struct world *w, int64_t n)
{
	return store_write(w->writer, 0, &n, NULL);
}

static void wait_failure(struct world *w)
{
	for (int i = 0; i < PATIENCE_MS && counts(w).failed == 0; i++)
		usleep(1000);
	assert_true(counts(w).failed > 0);
}

static void wait_written(struct world *w)
{
	for (int i = 0; i < PATIENCE_MS && counts(w).waiting > 0; i++)
		usleep(1000);
	assert_int_equal(counts(w).waiting, 0);
}

static int64_t rows(struct world *w)
{
	sqlite3_stmt *p;

	assert_int_equal(
	        sqlite3_prepare_v2(w->other, "SELECT COUNT(*) FROM t", -1, &p, NULL), SQLITE_OK
	);
	assert_int_equal(sqlite3_step(p), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(p, 0);
	sqlite3_finalize(p);
	return n;
}

static void what_is_written_counts_as_nothing(void **state)
{
	struct world *w = *state;

	assert_int_equal(put(w, 1), 1);
	wait_written(w);
	assert_int_equal(counts(w).failed, 0);
	assert_int_equal(counts(w).lost, 0);
	store_writer_stop(w->writer);
	assert_int_equal(rows(w), 1);
}

// proves F06
static void a_failure_is_counted_and_tried_again(void **state)
{
	struct world *w = *state;

	run(w->other, "BEGIN EXCLUSIVE");
	put(w, 1);
	wait_failure(w);
	put(w, 2);
	assert_int_equal(counts(w).waiting, 2);
	run(w->other, "ROLLBACK");
	wait_written(w);
	assert_int_equal(counts(w).lost, 0);
	store_writer_stop(w->writer);
	assert_int_equal(rows(w), 2);
}

// proves F06
static void what_finds_the_queue_full_is_counted(void **state)
{
	struct world *w = *state;

	run(w->other, "BEGIN EXCLUSIVE");
	put(w, 0);
	wait_failure(w); // from now on, the thread holds that write, and the queue is empty
	for (int i = 1; i <= STORE_WRITER_QUEUE_MAX; i++)
		assert_true(put(w, i) != 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(put(w, i), 0);
	assert_int_equal(counts(w).lost, 3);
	assert_int_equal(counts(w).waiting, STORE_WRITER_QUEUE_MAX + 1);
	run(w->other, "ROLLBACK");
	wait_written(w);
	assert_int_equal(counts(w).lost, 3); // although logged: a counter never goes back
	store_writer_stop(w->writer);
	assert_int_equal(rows(w), STORE_WRITER_QUEUE_MAX + 1);
}

static void the_end_waits_for_no_failure(void **state)
{
	struct world *w = *state;

	run(w->other, "BEGIN EXCLUSIVE");
	put(w, 1);
	wait_failure(w);
	store_writer_stop(w->writer);
	run(w->other, "ROLLBACK");
	assert_int_equal(rows(w), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(what_is_written_counts_as_nothing),
	        TEST(a_failure_is_counted_and_tried_again),
	        TEST(what_finds_the_queue_full_is_counted),
	        TEST(the_end_waits_for_no_failure),
	};
	if (!mkdtemp(directory))
		return 1;
	snprintf(path, sizeof(path), "%s/file.db", directory);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(directory);
	return failed;
}

// How a file is brought up to date, and how its rows are read.
#include "test.h"

#include "store/database.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/amphi-database-XXXXXX";
static char path[64];

static const char *const migrations[] = {
        "CREATE TABLE t(a INTEGER); INSERT INTO t VALUES(1)",
        "ALTER TABLE t ADD COLUMN b INTEGER NOT NULL DEFAULT 7",
        "DELETE FROM t; INSERT INTO nowhere VALUES(1)",
};

static struct database_layout migrated(int version)
{
	return (struct database_layout){
	        .name = "test",
	        .needed = "a file",
	        .pragmas = "PRAGMA synchronous = OFF",
	        .version = version,
	        .migrations = migrations,
	};
}

static struct database_layout replaced(int version)
{
	return (struct database_layout){
	        .name = "test",
	        .needed = "a file",
	        .pragmas = "PRAGMA synchronous = OFF",
	        .version = version,
	        .anew = "DROP TABLE IF EXISTS t; CREATE TABLE t(a INTEGER)",
	};
}

static int setup(void **)
{
	unlink(path);
	return 0;
}

// Opens the file, and returns the query's value.
static int64_t value(struct database_layout l, const char *query)
{
	sqlite3 *db = database_open(&l, path);

	assert_non_null(db);
	int64_t n = database_value(db, query);
	sqlite3_close(db);
	return n;
}

static void refused(struct database_layout l)
{
	assert_null(database_open(&l, path));
}

static void a_new_file_takes_every_migration(void **)
{
	struct stat st;

	assert_int_equal(value(migrated(2), "SELECT b FROM t"), 7);
	assert_int_equal(value(migrated(2), "PRAGMA user_version"), 2);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void an_older_file_keeps_its_content(void **)
{
	assert_int_equal(value(migrated(1), "SELECT COUNT(*) FROM t"), 1);
	assert_int_equal(value(migrated(2), "SELECT a * 10 + b FROM t"), 17);
	assert_int_equal(value(migrated(2), "SELECT COUNT(*) FROM t"), 1); // once only
}

static void a_later_file_is_refused(void **)
{
	assert_int_equal(value(migrated(2), "SELECT COUNT(*) FROM t"), 1);
	refused(migrated(1));
	assert_int_equal(value(migrated(2), "SELECT b FROM t"), 7);
}

static void a_migration_that_fails_changes_nothing(void **)
{
	refused(migrated(3)); // the first two are done: each is a transaction
	assert_int_equal(value(migrated(2), "SELECT COUNT(*) FROM t"), 1);
}

static void a_file_without_migrations_is_replaced(void **)
{
	assert_int_equal(value(replaced(2), "SELECT COUNT(*) FROM t"), 0);
	assert_int_equal(value(replaced(2), "INSERT INTO t VALUES(1) RETURNING a"), 1);
	assert_int_equal(value(replaced(2), "SELECT COUNT(*) FROM t"), 1);
	assert_int_equal(value(replaced(3), "SELECT COUNT(*) FROM t"), 0);
	assert_int_equal(value(replaced(3), "INSERT INTO t VALUES(1) RETURNING a"), 1);
	assert_int_equal(value(replaced(2), "SELECT COUNT(*) FROM t"), 0); // also a later one
}

static void an_impossible_path_is_refused(void **)
{
	struct database_layout l = migrated(1);

	assert_null(database_open(&l, "/proc/nowhere/test.db"));
	assert_null(database_open(&l, "/tmp"));
	assert_null(database_open_reader("test", "/proc/nowhere/test.db"));
}

struct seen {
	int count, end, result;
};

static int row(void *owner, sqlite3_stmt *p)
{
	struct seen *s = owner;

	assert_int_equal(sqlite3_column_int(p, 0), ++s->count);
	return s->count == s->end ? s->result : 0;
}

static void rows_are_read_until_the_reader_has_enough(void **)
{
	static const struct database_query queries[] = {
	        {"VALUES(1), (2), (3)", row},
	        {"VALUES(4)", row},
	        {"SELECT a FROM nowhere", row},
	};
	struct seen all = {0}, two = {.end = 2, .result = -5}, none = {0};
	struct database_layout l = migrated(1);
	sqlite3 *db = database_open(&l, path);

	assert_non_null(db);
	assert_int_equal(database_read("test", path, queries, 2, &all), 0);
	assert_int_equal(all.count, 4);
	assert_int_equal(database_read("test", path, queries, 2, &two), -5);
	assert_int_equal(two.count, 2);
	assert_true(database_read("test", path, &queries[2], 1, &none) < 0);
	sqlite3_close(db);
}

static int number(void *owner, sqlite3_stmt *p)
{
	*(int *)owner = sqlite3_column_int(p, 0);
	return 0;
}

// Reading has a connection of its own.
static void a_file_can_be_read_while_it_is_written(void **)
{
	static const struct database_query count = {"SELECT COUNT(*) FROM t", number};
	struct database_layout l = migrated(1);
	sqlite3 *db = database_open(&l, path);
	int n = -1;

	assert_int_equal(database_execute(db, "BEGIN IMMEDIATE; INSERT INTO t VALUES(2)"), 0);
	assert_int_equal(database_read("test", path, &count, 1, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(database_execute(db, "COMMIT"), 0);
	assert_int_equal(database_read("test", path, &count, 1, &n), 0);
	assert_int_equal(n, 2);
	sqlite3 *reader = database_open_reader("test", path);
	assert_non_null(reader);
	assert_true(database_execute(reader, "DELETE FROM t") < 0);
	sqlite3_close(reader);
	sqlite3_close(db);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(a_new_file_takes_every_migration),
	        TEST(an_older_file_keeps_its_content),
	        TEST(a_later_file_is_refused),
	        TEST(a_migration_that_fails_changes_nothing),
	        TEST(a_file_without_migrations_is_replaced),
	        TEST(an_impossible_path_is_refused),
	        TEST(rows_are_read_until_the_reader_has_enough),
	        TEST(a_file_can_be_read_while_it_is_written),
	};
	if (!mkdtemp(directory))
		return 1;
	snprintf(path, sizeof(path), "%s/test.db", directory);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	rmdir(directory);
	return failed;
}

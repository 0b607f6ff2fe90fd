// How the file of the history is opened; what it keeps is tested with those that use it.
#include "test.h"

#include "base/loop.h"
#include "store/history.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/amphi-history-XXXXXX";
static char path[64];
static struct loop *loop;

static int begin(void **)
{
	loop = loop_create();
	struct history *h = history_open(loop, path, 0);
	assert_non_null(h);
	history_close(h);
	return 0;
}

static int end(void **)
{
	char command[128];

	loop_destroy(loop);
	snprintf(command, sizeof(command), "rm -f %s*", path);
	return system(command);
}

// Sets the file's version. Returns the one that it had.
static int version_set(int version)
{
	char statement[64];
	sqlite3_stmt *p;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &p, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(p), SQLITE_ROW);
	int before = sqlite3_column_int(p, 0);
	sqlite3_finalize(p);
	snprintf(statement, sizeof(statement), "PRAGMA user_version = %d", version);
	assert_int_equal(sqlite3_exec(db, statement, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	return before;
}

static void a_file_of_a_later_version_is_refused(void **)
{
	int version = version_set(1000);

	assert_null(history_open(loop, path, 0));
	assert_int_equal(version_set(version), 1000); // and left as it was
	struct history *h = history_open(loop, path, 0);
	assert_non_null(h);
	history_close(h);
}

static void only_its_owner_may_read_the_file(void **)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void an_impossible_path_is_refused(void **)
{
	assert_null(history_open(loop, "/proc/nowhere/history.db", 0));
	assert_null(history_open(loop, "/tmp", 0));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(a_file_of_a_later_version_is_refused),
	        TEST(only_its_owner_may_read_the_file),
	        TEST(an_impossible_path_is_refused),
	};

	if (!mkdtemp(directory))
		return 1;
	snprintf(path, sizeof(path), "%s/history.db", directory);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	return rmdir(directory) == 0 ? failed : 1;
}

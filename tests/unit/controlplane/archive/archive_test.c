// An account lists, opens and removes its recordings, and the old ones go by themselves.
#include "test.h"

#include "account/account.h"
#include "account/edit.h"
#include "account/setting.h"
#include "archive/archive.h"
#include "archive/retention.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/loop.h"
#include "store/history.h"
#include "store/recordings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_MS INT64_C(86400000)

static char top[] = "/tmp/amphi-archive-XXXXXX";
static char files[96], history_path[96], accounts_path[96];
static struct loop *loop;
static struct history *history;
static struct accounts *accounts;
static struct archive *archive;
static struct retention *retention;
static uint64_t account_id;

static void archive_start(void)
{
	archive = archive_create(&(struct archive_settings
	){.loop = loop, .history = history, .directory = files});
	assert_non_null(archive);
	retention = retention_create(loop, archive, accounts);
}

static void archive_end(void)
{
	if (archive)
		archive_destroy(archive);
	archive = NULL;
	if (retention)
		retention_destroy(retention);
	retention = NULL;
}

// The account may keep its recordings for so many days.
static void account_keeps(const char *days)
{
	struct account_error error;
	const struct account *old = accounts_by_name(accounts, "company");
	struct account *a = old ? account_copy(old) : account_create("company", &error);

	assert_int_equal(account_set(a, "record-days", days, &error), 0);
	assert_int_equal(accounts_put(accounts, a, &error), 0);
	account_id = accounts_by_name(accounts, "company")->id;
}

static int begin(void **)
{
	mkdir(files, 0700);
	loop = loop_create();
	history = history_open(loop, history_path, 0);
	accounts = accounts_open(loop, accounts_path);
	assert_true(history && accounts);
	account_keeps("none");
	archive_start();
	return 0;
}

static int end(void **)
{
	char command[128];

	archive_end();
	history_close(history);
	accounts_close(accounts);
	loop_destroy(loop);
	snprintf(command, sizeof(command), "rm -rf %s/*", top);
	return system(command);
}

// Waits until the history's writes are in its file.
static void settle(void)
{
	archive_end();
	history_close(history);
	history = history_open(loop, history_path, 0);
	archive_start();
}

static const char *path_of(const char *name)
{
	static char out[256];

	snprintf(out, sizeof(out), "%s/%s", files, name);
	return out;
}

static bool exists(const char *name)
{
	return access(path_of(name), F_OK) == 0;
}

// A recording in the directory a/r/ID with programme.webm and tracks/1-audio.webm.
static void record(uint64_t id, int64_t started_ms, enum recording_state state)
{
	char directory[64], command[512];
	struct recording_row r = {
	        .id = id,
	        .account_id = account_id,
	        .room = "r",
	        .directory = directory,
	        .started_ms = started_ms,
	        .state = state,
	};

	snprintf(directory, sizeof(directory), "a/r/%016" PRIx64, id);
	snprintf(
	        command, sizeof(command),
	        "cd %s && mkdir -p %s/tracks && cd %s && echo programme > programme.webm"
	        " && echo track > tracks/1-audio.webm && echo state > state",
	        files, directory, directory
	);
	assert_int_equal(system(command), 0);
	history_recording_put(history, &r);
	history_recording_file_put(
	        history, &(struct recording_file_row
	                 ){.recording_id = id, .name = "programme.webm", .kind = "programme"}
	);
	history_recording_file_put(
	        history, &(struct recording_file_row
	                 ){.recording_id = id,
	                   .name = "tracks/1-audio.webm",
	                   .kind = "audio",
	                   .display_name = "Ada"}
	);
}

// What was answered last.
static struct {
	bool done;
	int result;
	char text[4096];
	struct archive_list list;
	struct archive_file file;
} heard;

static void listed(void *, int result, const struct archive_list *l)
{
	heard.done = true;
	heard.result = result;
	if (!l)
		return;
	char *text = json_print(l->recordings);
	snprintf(heard.text, sizeof(heard.text), "%s", text);
	free(text);
	heard.list = *l;
	json_free(l->recordings);
}

static void opened(void *, int result, const struct archive_file *f)
{
	heard.done = true;
	heard.result = result;
	if (f) {
		heard.file = *f;
		snprintf(heard.text, sizeof(heard.text), "%s %s", f->room, f->display_name);
	}
}

static void removed(void *, int result)
{
	heard.done = true;
	heard.result = result;
}

static int answer(void)
{
	for (int turns = 0; !heard.done && turns < 1000; turns++)
		loop_turn(loop, 10);
	assert_true(heard.done);
	heard.done = false;
	return heard.result;
}

static int list(struct archive_query q)
{
	q.account_id = q.account_id ? q.account_id : account_id;
	q.limit = q.limit ? q.limit : 100;
	archive_list(archive, &q, listed, NULL);
	return answer();
}

static int open_file(uint64_t account, uint64_t id, const char *name)
{
	archive_open(archive, account, id, name, opened, NULL);
	return answer();
}

static int remove_recording(uint64_t account, uint64_t id)
{
	archive_remove(archive, account, id, removed, NULL);
	return answer();
}

static void recordings_are_listed_with_their_files(void **)
{
	record(1, 1800000000000, RECORDING_READY);
	record(2, 1800000001000, RECORDING_RECORDING);
	settle();
	assert_int_equal(list((struct archive_query){.id = 1}), 0);
	assert_string_equal(
	        heard.text,
	        "[{\"id\":\"0000000000000001\",\"roomId\":\"r\",\"state\":\"ready\",\"reason\":"
	        "null,"
	        "\"startedAt\":\"2027-01-15T08:00:00.000Z\",\"stoppedAt\":null,\"duration\":0,"
	        "\"bytes\":0,\"by\":null,\"files\":[{\"name\":\"programme.webm\","
	        "\"kind\":\"programme\",\"codec\":null,\"peerId\":null,\"displayName\":null,"
	        "\"offset\":0,\"duration\":0,\"bytes\":0},{\"name\":\"tracks/1-audio.webm\","
	        "\"kind\":\"audio\",\"codec\":null,\"peerId\":null,\"displayName\":\"Ada\","
	        "\"offset\":0,\"duration\":0,\"bytes\":0}]}]"
	);
	assert_int_equal(list((struct archive_query){.limit = 1}), 0);
	assert_int_equal(heard.list.count, 1);
	assert_int_equal(heard.list.last, 2);
	assert_int_equal(
	        list((struct archive_query
	        ){.after = heard.list.last, .after_ms = heard.list.last_ms}),
	        0
	);
	assert_int_equal(heard.list.count, 1);
	assert_int_equal(heard.list.last, 1);
	assert_int_equal(list((struct archive_query){.account_id = account_id + 1}), 0);
	assert_string_equal(heard.text, "[]");
}

static void only_files_of_the_rows_are_opened(void **)
{
	char text[32] = "";

	record(1, 1800000000000, RECORDING_READY);
	settle();
	assert_int_equal(open_file(account_id, 1, "tracks/1-audio.webm"), 0);
	assert_string_equal(heard.text, "r Ada");
	assert_int_equal(heard.file.size, 6);
	assert_true(heard.file.complete);
	assert_int_equal(heard.file.started_ms, 1800000000000);
	assert_int_equal(read(heard.file.fd, text, sizeof(text)), 6);
	assert_string_equal(text, "track\n");
	close(heard.file.fd);
	assert_int_equal(open_file(account_id, 2, "programme.webm"), -ENOENT);
	assert_int_equal(open_file(account_id + 1, 1, "programme.webm"), -ENOENT);
	assert_int_equal(open_file(account_id, 1, "state"), -ENODATA); // exists, but has no row
	assert_int_equal(open_file(account_id, 1, "../1/programme.webm"), -ENODATA);
	assert_int_equal(open_file(account_id, 1, ""), -ENODATA);
	char longest[400];
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(open_file(account_id, 1, longest), -ENODATA);
	unlink(path_of("a/r/0000000000000001/programme.webm"));
	assert_int_equal(open_file(account_id, 1, "programme.webm"), -ENODATA);
}

static void a_row_with_a_bad_name_leads_nowhere(void **)
{
	record(1, 1800000000000, RECORDING_READY);
	history_recording_file_put(
	        history, &(struct recording_file_row
	                 ){.recording_id = 1, .name = "../../../../history.db", .kind = "chat"}
	);
	settle();
	assert_int_equal(open_file(account_id, 1, "../../../../history.db"), -ENODATA);
}

static void a_recording_is_removed_with_its_files(void **)
{
	record(1, 1800000000000, RECORDING_READY);
	record(2, 1800000000000, RECORDING_STOPPING);
	settle();
	assert_int_equal(remove_recording(account_id + 1, 1), -ENOENT);
	assert_int_equal(remove_recording(account_id, 2), -EBUSY);
	assert_true(exists("a/r/0000000000000001") && exists("a/r/0000000000000002"));
	assert_int_equal(remove_recording(account_id, 1), 0);
	assert_false(exists("a/r/0000000000000001"));
	assert_true(exists("a/r/0000000000000002/state"));
	settle();
	assert_int_equal(list((struct archive_query){0}), 0);
	assert_int_equal(heard.list.count, 1);
	assert_int_equal(heard.list.last, 2);
}

static void what_cannot_be_removed_stays_listed(void **)
{
	char command[512];

	record(1, 1800000000000, RECORDING_READY);
	settle();
	// A file stands where the path has a directory.
	snprintf(command, sizeof(command), "mv %s/a/r %s/a/s && touch %s/a/r", files, files, files);
	assert_int_equal(system(command), 0);
	assert_int_equal(remove_recording(account_id, 1), -EIO);
	settle();
	assert_int_equal(list((struct archive_query){0}), 0);
	assert_int_equal(heard.list.count, 1);
}

static uint32_t left(void)
{
	assert_int_equal(list((struct archive_query){0}), 0);
	return heard.list.count;
}

static void expired_recordings_go_oldest_first(void **)
{
	int64_t now = clock_real_ms();

	for (int i = 1; i <= 10; i++)
		record((uint64_t)i, now - i * DAY_MS, RECORDING_READY);
	record(11, now - 20 * DAY_MS, RECORDING_PAUSED); // is not finished
	settle();
	for (int i = 0; i < 10; i++)
		loop_turn(loop, 20);
	assert_int_equal(left(), 11); // kept forever
	account_keeps("3");
	settle();
	for (int turns = 0; left() > 3 && turns < 1000; turns++)
		loop_turn(loop, 10);
	assert_int_equal(left(), 3);
	assert_non_null(strstr(heard.text, "\"0000000000000001\""));
	assert_non_null(strstr(heard.text, "\"0000000000000002\""));
	assert_non_null(strstr(heard.text, "\"000000000000000b\""));
	assert_true(exists("a/r/0000000000000002/programme.webm"));
	assert_false(exists("a/r/0000000000000003"));
	assert_true(exists("a/r/000000000000000b"));
}

// What is under way at the end is answered before the archive is gone, and never again.
static void the_end_answers_all(void **)
{
	record(1, 1800000000000, RECORDING_READY);
	settle();
	heard.done = false;
	archive_list(archive, &(struct archive_query){.account_id = account_id}, listed, NULL);
	archive_end();
	assert_int_equal(answer(), -ECANCELED);
	loop_turn(loop, 50);
	assert_false(heard.done);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(recordings_are_listed_with_their_files),
	        TEST(only_files_of_the_rows_are_opened),
	        TEST(a_row_with_a_bad_name_leads_nowhere),
	        TEST(a_recording_is_removed_with_its_files),
	        TEST(what_cannot_be_removed_stays_listed),
	        TEST(expired_recordings_go_oldest_first),
	        TEST(the_end_answers_all),
	};

	if (!mkdtemp(top))
		return 1;
	snprintf(files, sizeof(files), "%s/files", top);
	snprintf(history_path, sizeof(history_path), "%s/history.db", top);
	snprintf(accounts_path, sizeof(accounts_path), "%s/accounts.db", top);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	return rmdir(top) == 0 ? failed : 1;
}

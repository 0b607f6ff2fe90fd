// Recordings and their files in the history's file.
#include "test.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/map.h"
#include "store/history.h"
#include "store/recordings.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ACCOUNT 7
#define FOREIGN 8
#define MINUTE  60000

static char directory[] = "/tmp/amphi-recordings-XXXXXX";
static char path[64];
static struct loop *loop;
static struct history *h;

static void start(void)
{
	h = history_open(loop, path, 0);
	assert_non_null(h);
}

static int begin(void **)
{
	loop = loop_create();
	start();
	return 0;
}

static int end(void **)
{
	char command[128];

	history_close(h);
	loop_destroy(loop);
	snprintf(command, sizeof(command), "rm -f %s*", path);
	return system(command);
}

static void restart(void)
{
	history_close(h);
	start();
}

static struct recording_row row(uint64_t id, int64_t started_ms)
{
	return (struct recording_row){
	        .id = id,
	        .account_id = ACCOUNT,
	        .room_number = 5,
	        .room = "r",
	        .directory = "7/r/x",
	        .by_id = "mod",
	        .by_name = "Mo Derator",
	        .started_ms = started_ms,
	        .state = RECORDING_RECORDING,
	};
}

static void put(struct recording_row r)
{
	history_recording_put(h, &r);
}

static void file_put(uint64_t id, const char *name, const char *kind, uint64_t bytes)
{
	history_recording_file_put(
	        h, &(struct recording_file_row
	           ){.recording_id = id, .name = name, .kind = kind, .bytes = bytes}
	);
}

// What was answered, as text: "id(file,file) id()".
struct asked {
	struct history_recordings query;
	char text[1024];
	struct recording_row last;
	int result;
	bool done;
};

static void heard(struct history_recordings *q, const struct recording_row *r)
{
	struct asked *a = container_of(q, struct asked, query);

	sprintf(a->text + strlen(a->text), " %" PRIu64, r->id);
	a->last = *r;
	a->last.room = a->last.directory = a->last.by_id = a->last.by_name = NULL;
}

static void file_heard(struct history_recordings *q, const struct recording_file_row *f)
{
	struct asked *a = container_of(q, struct asked, query);

	assert_int_equal(f->recording_id, a->last.id);
	sprintf(a->text + strlen(a->text), " %s:%" PRIu64, f->name, f->bytes);
}

static void answered(struct history_recordings *q, int result)
{
	struct asked *a = container_of(q, struct asked, query);

	a->result = result;
	a->done = true;
}

static struct asked query(void)
{
	return (struct asked
	){.query = {
	          .account_id = ACCOUNT,
	          .limit = 100,
	          .recording = heard,
	          .done = answered,
	  }};
}

// Asks, after all writes before are in the file.
static void ask(struct asked *a, const char *expected)
{
	a->text[0] = '\0';
	a->done = false;
	assert_int_equal(history_recordings_ask(h, &a->query), 0);
	while (!a->done)
		loop_turn(loop, 1000);
	assert_int_equal(a->result, 0);
	assert_string_equal(a->text, expected);
}

static void a_recording_comes_back_as_it_was_put(void **)
{
	struct recording_row r = row(UINT64_MAX - 1, 100);
	struct asked a = query();

	put(r);
	r.state = RECORDING_READY;
	r.reason = RECORDING_DISK_FULL;
	r.stopped_ms = 300;
	r.duration_ms = 150;
	r.bytes = UINT64_C(5) << 32;
	put(r);
	restart();
	a.query.id = r.id;
	ask(&a, " 18446744073709551614");
	assert_int_equal(a.last.state, RECORDING_READY);
	assert_int_equal(a.last.reason, RECORDING_DISK_FULL);
	assert_int_equal(a.last.room_number, 5);
	assert_int_equal(a.last.at_ms, 100);
	assert_int_equal(a.last.started_ms, 100);
	assert_int_equal(a.last.stopped_ms, 300);
	assert_int_equal(a.last.duration_ms, 150);
	assert_int_equal(a.last.bytes, UINT64_C(5) << 32);
}

static void files_come_in_the_order_in_which_they_were_put(void **)
{
	struct asked a = query();

	a.query.file = file_heard;
	put(row(1, 100));
	put(row(2, 200));
	file_put(1, "programme.webm", "programme", 10);
	file_put(1, "chat.vtt", "chat", 20);
	file_put(2, "programme.webm", "programme", 30);
	file_put(1, "programme.webm", "programme", 11);
	file_put(3, "programme.webm", "programme", 40); // of no recording
	restart();
	ask(&a, " 2 programme.webm:30 1 programme.webm:11 chat.vtt:20");
}

static void lists_are_filtered(void **)
{
	struct asked a = query();

	for (int i = 1; i <= 6; i++) {
		struct recording_row r = row((uint64_t)i, i * MINUTE);
		r.room = i % 2 ? "odd" : "even";
		r.account_id = i == 6 ? FOREIGN : ACCOUNT;
		r.state = i == 5 ? RECORDING_PAUSED : RECORDING_READY;
		put(r);
	}
	restart();
	ask(&a, " 5 4 3 2 1");
	strcpy(a.query.room, "odd");
	ask(&a, " 5 3 1");
	a.query.from_ms = 3 * MINUTE;
	ask(&a, " 5 3");
	a.query.to_ms = 5 * MINUTE;
	ask(&a, " 3");
	a = query();
	a.query.finished = true;
	a.query.oldest_first = true;
	a.query.limit = 3;
	ask(&a, " 1 2 3");
	a = query();
	a.query.id = 6;
	ask(&a, ""); // is another account's
}

static void pages_hold_even_if_their_last_one_is_removed(void **)
{
	struct asked a = query();

	for (int i = 1; i <= 5; i++)
		put(row((uint64_t)i, i == 3 ? 2 * MINUTE : i * MINUTE)); // 2 and 3 at the same time
	restart();
	a.query.limit = 2;
	ask(&a, " 5 4");
	a.query.after = a.last.id;
	a.query.after_ms = a.last.at_ms;
	history_recording_remove(h, 4);
	restart();
	ask(&a, " 3 2");
	a.query.after = 3;
	a.query.after_ms = 2 * MINUTE;
	ask(&a, " 2 1");
}

static void one_that_never_started_has_a_place_in_the_list(void **)
{
	struct asked a = query();
	struct recording_row r = row(1, 0);
	int64_t now = clock_real_ms();

	r.state = RECORDING_STARTING;
	put(r);
	restart();
	ask(&a, " 1");
	assert_in_range(a.last.at_ms, now, now + MINUTE);
	assert_int_equal(a.last.started_ms, 0);
	r.state = RECORDING_FAILED;
	put(r);
	restart();
	ask(&a, " 1");
	assert_in_range(a.last.at_ms, now, now + MINUTE);
}

static void found(void *owner, const struct recording_row *r)
{
	sprintf((char *)owner + strlen(owner), " %" PRIu64 ":%s", r->id, r->by_name);
}

static void those_under_way_are_read_at_the_start(void **)
{
	char text[256] = "";

	for (int i = 0; i < RECORDING_STATE_COUNT; i++) {
		struct recording_row r = row((uint64_t)i + 1, 100 - i);
		r.state = (enum recording_state)i;
		put(r);
	}
	restart();
	assert_int_equal(history_recordings_read(h, found, text), 0);
	assert_string_equal(text, " 4:Mo Derator 3:Mo Derator 2:Mo Derator 1:Mo Derator");
}

static void bytes_are_counted_by_account(void **)
{
	struct recording_row r = row(1, 100), other = row(2, 200), foreign = row(3, 300);

	r.bytes = 1000;
	other.bytes = 10;
	foreign.account_id = FOREIGN;
	foreign.bytes = 7;
	put(r);
	put(other);
	put(foreign);
	assert_int_equal(history_recorded_bytes(h, ACCOUNT), 1010);
	r.bytes = 500;
	put(r);
	assert_int_equal(history_recorded_bytes(h, ACCOUNT), 510);
	restart();
	assert_int_equal(history_recorded_bytes(h, ACCOUNT), 510);
	assert_int_equal(history_recorded_bytes(h, FOREIGN), 7);
	history_recording_remove(h, 1);
	assert_int_equal(history_recorded_bytes(h, ACCOUNT), 10);
	history_recording_remove(h, 99);
	restart();
	assert_int_equal(history_recorded_bytes(h, ACCOUNT), 10);
	assert_int_equal(history_recorded_bytes(h, 99), 0);
}

static void a_removed_one_takes_its_files_along(void **)
{
	struct asked a = query();

	a.query.file = file_heard;
	put(row(1, 100));
	file_put(1, "programme.webm", "programme", 10);
	history_recording_remove(h, 1);
	file_put(1, "late.webm", "video", 10);
	put(row(1, 100));
	restart();
	ask(&a, " 1");
}

static void the_key_of_links_stays(void **)
{
	uint8_t key[HISTORY_LINK_KEY_SIZE], zero[HISTORY_LINK_KEY_SIZE] = {0};

	memcpy(key, history_link_key(h), sizeof(key));
	assert_memory_not_equal(key, zero, sizeof(key));
	restart();
	assert_memory_equal(history_link_key(h), key, sizeof(key));
}

static void execute(const char *statements)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, statements, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void notice_found(void *owner, const struct history_notice *n)
{
	sprintf((char *)owner + strlen(owner), " %" PRId64 " %s %s %s %s %s", n->event.sequence,
	        n->event.room, n->event.data, n->url, n->authorization, n->secret);
}

static void an_older_file_is_taken_on(void **)
{
	struct asked a = query();
	char text[256] = "";

	history_close(h);
	execute("DROP TABLE recordings; DROP TABLE recording_files; DROP TABLE notices;"
	        "DROP TABLE secrets; ALTER TABLE events DROP COLUMN data;"
	        "INSERT INTO events VALUES(7, 4, 1, 1, 1000, 'r', 'p', 'name');"
	        "PRAGMA user_version = 2");
	start();
	put(row(1, 100));
	history_notice_put(
	        h, &(struct history_notice
	           ){.event = {.account_id = ACCOUNT, .sequence = 5, .room = "r", .data = "{}"},
	             .url = "https://u",
	             .authorization = "a",
	             .secret = "s"}
	);
	restart();
	ask(&a, " 1");
	assert_int_equal(history_notices_read(h, notice_found, text), 0);
	assert_string_equal(text, " 5 r {} https://u a s");
	history_notice_remove(h, ACCOUNT, 5);
	restart();
	text[0] = '\0';
	assert_int_equal(history_notices_read(h, notice_found, text), 0);
	assert_string_equal(text, "");
}

static void names_of_states_and_reasons(void **)
{
	for (int i = 0; i < RECORDING_STATE_COUNT; i++)
		assert_non_null(recording_state_name((enum recording_state)i));
	assert_null(recording_reason_name(RECORDING_NO_REASON));
	for (int i = 1; i < RECORDING_REASON_COUNT; i++)
		assert_non_null(recording_reason_name((enum recording_reason)i));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(a_recording_comes_back_as_it_was_put),
	        TEST(files_come_in_the_order_in_which_they_were_put),
	        TEST(lists_are_filtered),
	        TEST(pages_hold_even_if_their_last_one_is_removed),
	        TEST(one_that_never_started_has_a_place_in_the_list),
	        TEST(those_under_way_are_read_at_the_start),
	        TEST(bytes_are_counted_by_account),
	        TEST(a_removed_one_takes_its_files_along),
	        TEST(the_key_of_links_stays),
	        TEST(an_older_file_is_taken_on),
	        cmocka_unit_test(names_of_states_and_reasons),
	};

	if (!mkdtemp(directory))
		return 1;
	snprintf(path, sizeof(path), "%s/history.db", directory);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	return rmdir(directory) == 0 ? failed : 1;
}

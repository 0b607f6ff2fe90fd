// Videos of recordings are made one after the other, by a program that the test plays: a script in
// the recording's folder says what it does.
#include "test.h"

#include "archive/archive.h"
#include "archive/composer.h"
#include "archive/tree.h"
#include "base/json.h"
#include "base/loop.h"
#include "store/history.h"
#include "store/recordings.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ACCOUNT 7
#define TURNS   1000 // of 10 ms

static const char program[] = "#!/bin/sh\n"
                              "echo \"$@\" >>\"${0%/*}/calls\"\n"
                              "while [ $# -gt 1 ]; do\n"
                              "	[ \"$1\" != --output ] || out=$2\n"
                              "	shift 2\n"
                              "done\n"
                              "folder=$1\n"
                              "echo $$ >\"$folder/pid\"\n"
                              ". \"$folder/script\"\n";

static char top[] = "/tmp/amphi-composer-XXXXXX";
static char files[64], history_path[64], program_path[64];
static struct loop *loop;
static struct history *history;
static struct archive *archive;
static struct composer *composer;
static bool busy;
static struct {
	int count;
	uint64_t id, bytes, file_bytes;
	char name[32];
} composed;

static _Atomic bool moves_slowly, has_moved;

int __real_tree_move(const char *root, const char *from, const char *to, uint64_t *bytes);
int __wrap_tree_move(const char *root, const char *from, const char *to, uint64_t *bytes);

int __wrap_tree_move(const char *root, const char *from, const char *to, uint64_t *bytes)
{
	int ret = __real_tree_move(root, from, to, bytes);

	has_moved = true;
	if (moves_slowly)
		usleep(300000);
	return ret;
}

static bool writes_slowly;

bool __real_history_is_written(const struct history *, uint64_t number);
bool __wrap_history_is_written(const struct history *, uint64_t number);

bool __wrap_history_is_written(const struct history *h, uint64_t number)
{
	return !writes_slowly && __real_history_is_written(h, number);
}

static bool is_busy(void *)
{
	return busy;
}

static void has_composed(void *, const struct recording_row *r, const struct recording_file_row *f)
{
	composed.count++;
	composed.id = r->id;
	composed.bytes = r->bytes;
	composed.file_bytes = f->bytes;
	snprintf(composed.name, sizeof(composed.name), "%s", f->name);
}

static void archive_start(void)
{
	archive = archive_create(&(struct archive_settings){
	        .loop = loop,
	        .history = history,
	        .directory = files,
	        .free_min_mib = 3,
	        .composer_program = program_path,
	        .is_busy = is_busy,
	        .composed = has_composed,
	});
	assert_non_null(archive);
	composer = archive_composer(archive);
}

static void archive_end(void)
{
	if (archive)
		archive_destroy(archive);
	archive = NULL;
}

static void file_write(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
}

static int begin(void **)
{
	mkdir(files, 0700);
	file_write(program_path, program, 0700);
	loop = loop_create();
	history = history_open(loop, history_path, 0);
	assert_non_null(history);
	busy = writes_slowly = moves_slowly = has_moved = false;
	composed.count = 0;
	archive_start();
	return 0;
}

static int end(void **)
{
	char command[128];

	archive_end();
	history_close(history);
	loop_destroy(loop);
	snprintf(command, sizeof(command), "rm -rf %s/*", top);
	return system(command);
}

// Waits until the history's writes are in its file. What is being composed is over then.
static void settle(void)
{
	archive_end();
	history_close(history);
	history = history_open(loop, history_path, 0);
	archive_start();
}

static const char *path_of(uint64_t id, const char *name)
{
	static char out[256];

	snprintf(out, sizeof(out), "%s/7/r/%016" PRIx64 "/%s", files, id, name);
	return out;
}

static bool exists(uint64_t id, const char *name)
{
	return access(path_of(id, name), F_OK) == 0;
}

static bool left(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", files, name);
	return access(path, F_OK) == 0;
}

static void put(uint64_t id, enum recording_state state)
{
	char directory[64];
	struct recording_row r = {
	        .id = id,
	        .account_id = ACCOUNT,
	        .room = "r",
	        .directory = directory,
	        .by_id = "mod",
	        .started_ms = 1800000000000,
	        .duration_ms = 1500,
	        .bytes = 1000,
	        .state = state,
	};

	snprintf(directory, sizeof(directory), "7/r/%016" PRIx64, id);
	history_recording_put(history, &r);
	history_recording_file_put(
	        history,
	        &(struct recording_file_row
	        ){.recording_id = id, .name = "programme.webm", .kind = "programme", .bytes = 1000}
	);
}

// A recording that is ready, and what the program does with it.
static void record(uint64_t id, const char *script)
{
	char command[256];

	snprintf(command, sizeof(command), "mkdir -p %s/7/r/%016" PRIx64, files, id);
	assert_int_equal(system(command), 0);
	file_write(path_of(id, "script"), script, 0600);
	put(id, RECORDING_READY);
}

#define VIDEO "echo progress 100; printf video >\"$out\""

static struct {
	bool done;
	int result;
	struct composition_view view;
} heard;

static void answered(void *, int result, const struct composition_view *v)
{
	heard.done = true;
	heard.result = result;
	if (v)
		heard.view = *v;
}

static void wait_heard(void)
{
	for (int i = 0; !heard.done && i < TURNS; i++)
		loop_turn(loop, 10);
	assert_true(heard.done);
	heard.done = false;
}

static int ask_as(uint64_t account_id, uint64_t id, const char *layout, const char *format)
{
	composer_ask(
	        composer, account_id, id, composer_layout(layout), composer_format(format),
	        answered, NULL
	);
	wait_heard();
	return heard.result;
}

static int ask(uint64_t id)
{
	return ask_as(ACCOUNT, id, "share", "mp4");
}

static enum composition_state state_of(uint64_t id)
{
	struct composition_view v;

	assert_true(composer_find(composer, ACCOUNT, id, &v));
	return v.state;
}

static struct composition_view wait_state(uint64_t id, enum composition_state state)
{
	struct composition_view v = {.state = COMPOSITION_STATE_COUNT};

	for (int i = 0; v.state != state && i < TURNS; i++) {
		loop_turn(loop, 10);
		assert_true(composer_find(composer, ACCOUNT, id, &v));
	}
	assert_int_equal(v.state, state);
	return v;
}

static bool is_known(uint64_t id)
{
	struct composition_view v;
	return composer_find(composer, ACCOUNT, id, &v);
}

// The process that works on the recording, as it wrote itself down.
static pid_t pid_of(uint64_t id)
{
	int pid = 0;
	FILE *f;

	for (int i = 0; !pid && i < TURNS; i++) {
		loop_turn(loop, 10);
		f = fopen(path_of(id, "pid"), "r");
		if (f && fscanf(f, "%d", &pid) != 1)
			pid = 0;
		if (f)
			fclose(f);
	}
	assert_true(pid > 0);
	return pid;
}

// 'T': stopped; 0: gone.
static char process_state(pid_t pid)
{
	char path[64], s = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	FILE *f = fopen(path, "r");
	if (!f)
		return 0;
	assert_int_equal(fscanf(f, "%*d %*s %c", &s), 1);
	fclose(f);
	return s;
}

static void wait_process(pid_t pid, bool (*is_so)(char state))
{
	for (int i = 0; !is_so(process_state(pid)) && i < TURNS; i++)
		loop_turn(loop, 10);
	assert_true(is_so(process_state(pid)));
}

static bool is_gone(char state)
{
	return !state;
}

static bool is_stopped(char state)
{
	return state == 'T';
}

static bool is_awake(char state)
{
	return state && state != 'T';
}

static void listed(void *out, int result, const struct archive_list *l)
{
	assert_int_equal(result, 0);
	char *text = json_print(l->recordings);
	strcpy(out, text);
	free(text);
	json_free(l->recordings);
	heard.done = true;
}

static const char *list(uint64_t id)
{
	static char text[4096];
	const struct archive_query q = {.account_id = ACCOUNT, .id = id, .limit = 1};

	archive_list(archive, &q, listed, text);
	wait_heard();
	return text;
}

static void removed(void *, int result)
{
	heard.done = true;
	heard.result = result;
}

static int remove_recording(uint64_t id)
{
	archive_remove(archive, ACCOUNT, id, removed, NULL);
	wait_heard();
	return heard.result;
}

static void a_video_becomes_a_file_of_its_recording(void **)
{
	char *calls = NULL, expected[512];
	size_t size = 0;

	record(1, VIDEO);
	settle();
	assert_int_equal(ask_as(ACCOUNT, 1, "grid", "webm"), 0);
	struct composition_view v = wait_state(1, COMPOSITION_DONE);
	assert_int_equal(v.percent, 100);
	assert_string_equal(v.name, "composed.webm");
	assert_null(v.reason);
	assert_true(exists(1, "composed.webm"));
	assert_false(left("composing.webm"));
	assert_int_equal(composed.count, 1);
	assert_int_equal(composed.id, 1);
	assert_int_equal(composed.bytes, 1005);
	assert_int_equal(composed.file_bytes, 5);
	assert_string_equal(composed.name, "composed.webm");
	assert_int_equal(history_recorded_bytes(history, ACCOUNT), 1005);
	snprintf(
	        expected, sizeof(expected),
	        "--layout grid --format webm --output %s/composing.webm --parent %d --leave 6 "
	        "%s/7/r/0000000000000001\n",
	        files, getpid(), files
	);
	char path[64];
	snprintf(path, sizeof(path), "%s/calls", top);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	assert_true(getdelim(&calls, &size, '\0', f) > 0);
	fclose(f);
	assert_string_equal(calls, expected);
	free(calls);
	settle();
	const char *text = list(1);
	assert_non_null(strstr(text, "\"bytes\":1005,\"by\":{\"peerId\":\"mod\""));
	assert_non_null(
	        strstr(text, "{\"name\":\"composed.webm\",\"kind\":\"composed\",\"codec\":\"vp9\","
	                     "\"peerId\":null,\"displayName\":null,\"offset\":0,\"duration\":1.5,"
	                     "\"bytes\":5}]")
	);
	assert_false(is_known(1)); // a new process has only the file
}

// What is asked for again replaces the first one, and counts once.
static void another_video_replaces_the_first(void **)
{
	record(1, VIDEO);
	settle();
	assert_int_equal(ask_as(ACCOUNT, 1, "grid", "mp4"), 0);
	wait_state(1, COMPOSITION_DONE);
	file_write(path_of(1, "script"), VIDEO "; printf longer >>\"$out\"", 0600);
	assert_int_equal(ask_as(ACCOUNT, 1, "grid", "mp4"), 0);
	assert_int_equal(heard.view.state, COMPOSITION_DONE); // it has that one
	assert_int_equal(ask_as(ACCOUNT, 1, "share", "mp4"), 0);
	assert_int_equal(heard.view.state, COMPOSITION_QUEUED);
	wait_state(1, COMPOSITION_DONE);
	assert_int_equal(composed.count, 2);
	assert_int_equal(history_recorded_bytes(history, ACCOUNT), 1011);
	assert_int_equal(ask_as(ACCOUNT, 1, "share", "webm"), 0);
	wait_state(1, COMPOSITION_DONE);
	assert_int_equal(history_recorded_bytes(history, ACCOUNT), 1022);
}

static void progress_is_told(void **)
{
	struct composition_view v;

	record(1, "echo progress 7; echo progress 40; echo progress 39; echo progress 400;"
	          "echo nonsense; until [ -e \"$folder/go\" ]; do sleep 0.02; done; " VIDEO);
	settle();
	assert_int_equal(ask(1), 0);
	v = wait_state(1, COMPOSITION_RUNNING);
	for (int i = 0; v.percent < 40 && i < TURNS; i++) {
		loop_turn(loop, 10);
		assert_true(composer_find(composer, ACCOUNT, 1, &v));
	}
	loop_turn(loop, 50);
	v = wait_state(1, COMPOSITION_RUNNING);
	assert_int_equal(v.percent, 40);
	struct json *j = composition_json(&v);
	char *text = json_print(j);
	assert_string_equal(
	        text, "{\"state\":\"running\",\"percent\":40,\"layout\":\"share\",\"format\":"
	              "\"mp4\",\"name\":\"composed.mp4\",\"reason\":null}"
	);
	free(text);
	json_free(j);
	file_write(path_of(1, "go"), "", 0600);
	wait_state(1, COMPOSITION_DONE);
}

static void one_after_the_other(void **)
{
	for (uint64_t id = 1; id <= 3; id++)
		record(id, "sleep 0.1; " VIDEO);
	settle();
	for (uint64_t id = 1; id <= 3; id++)
		assert_int_equal(ask(id), 0);
	for (uint64_t id = 1; id <= 3; id++) {
		wait_state(id, COMPOSITION_RUNNING);
		for (uint64_t later = id + 1; later <= 3; later++) {
			assert_int_equal(state_of(later), COMPOSITION_QUEUED);
			assert_false(exists(later, "pid"));
		}
		wait_state(id, COMPOSITION_DONE);
	}
	assert_int_equal(composed.count, 3);
}

static void the_same_is_not_made_twice(void **)
{
	record(1, "sleep 100");
	record(2, "sleep 100");
	settle();
	for (uint64_t id = 1; id <= 2; id++) {
		assert_int_equal(ask(id), 0);
		assert_int_equal(ask(id), 0);
		assert_int_equal(ask_as(ACCOUNT, id, "grid", "mp4"), -EALREADY);
		assert_int_equal(ask_as(ACCOUNT, id, "share", "webm"), -EALREADY);
	}
	assert_int_equal(heard.result, -EALREADY);
	assert_int_equal(state_of(1), COMPOSITION_RUNNING);
	assert_int_equal(state_of(2), COMPOSITION_QUEUED);
}

static void only_what_is_ready_is_composed(void **)
{
	record(1, VIDEO);
	put(2, RECORDING_STOPPING);
	put(3, RECORDING_FAILED);
	settle();
	assert_int_equal(ask(2), -EBUSY);
	assert_int_equal(ask(3), -EBUSY);
	assert_int_equal(ask(4), -ENOENT);
	assert_int_equal(ask_as(ACCOUNT + 1, 1, "share", "mp4"), -ENOENT);
	assert_int_equal(ask(1), 0);
	struct composition_view v;
	assert_false(composer_find(composer, ACCOUNT + 1, 1, &v));
	assert_null(composer_layout("mosaic"));
	assert_null(composer_format("avi"));
	assert_null(composer_format(""));
}

static void the_queue_is_bounded(void **)
{
	record(1, "sleep 100");
	for (uint64_t id = 2; id <= COMPOSER_ACCOUNT_MAX + 2; id++)
		put(id, RECORDING_READY);
	settle();
	for (uint64_t id = 1; id <= COMPOSER_ACCOUNT_MAX + 1; id++)
		assert_int_equal(ask(id), 0);
	assert_int_equal(ask(COMPOSER_ACCOUNT_MAX + 2), -EDQUOT);
	assert_int_equal(ask(3), 0); // is there already
}

static void it_waits_while_the_data_plane_is_busy(void **)
{
	record(1, "while [ ! -e \"$folder/go\" ]; do sleep 0.02; done; " VIDEO);
	settle();
	busy = true;
	assert_int_equal(ask(1), 0);
	for (int i = 0; i < 20; i++)
		loop_turn(loop, 10);
	assert_int_equal(state_of(1), COMPOSITION_QUEUED);
	assert_false(exists(1, "pid"));
	busy = false;
	wait_state(1, COMPOSITION_RUNNING);
	pid_t pid = pid_of(1);
	busy = true;
	wait_state(1, COMPOSITION_PAUSED);
	wait_process(pid, is_stopped);
	file_write(path_of(1, "go"), "", 0600);
	for (int i = 0; i < 20; i++)
		loop_turn(loop, 10);
	assert_int_equal(state_of(1), COMPOSITION_PAUSED);
	busy = false;
	wait_state(1, COMPOSITION_RUNNING);
	wait_process(pid, is_awake);
	wait_state(1, COMPOSITION_DONE);
}

static void expect_failure(uint64_t id, const char *script, const char *reason)
{
	record(id, script);
	settle();
	assert_int_equal(ask(id), 0);
	struct composition_view v = wait_state(id, COMPOSITION_FAILED);
	assert_string_equal(v.reason, reason);
	for (int i = 0; left("composing.mp4.part") && i < TURNS; i++)
		loop_turn(loop, 10);
	assert_false(left("composing.mp4.part"));
	assert_false(exists(id, "composed.mp4"));
}

static void a_failure_is_told(void **)
{
	expect_failure(
	        1, "echo progress 30; echo >\"$out.part\"; echo one >&2; echo why >&2; exit 1",
	        "error"
	);
	expect_failure(2, "exit 3", "disk-full");
	expect_failure(3, "exit 4", "no-encoder");
	expect_failure(4, "kill -SEGV $$", "crashed");
	expect_failure(5, "exit 0", "disk-error"); // there is no file
	assert_int_equal(composed.count, 0);
	assert_int_equal(history_recorded_bytes(history, ACCOUNT), 5000);
	file_write(path_of(5, "script"), VIDEO, 0600);
	assert_int_equal(ask(5), 0); // may be tried again
	wait_state(5, COMPOSITION_DONE);
}

static void a_program_that_cannot_be_started_is_a_failure(void **)
{
	record(1, VIDEO);
	settle();
	chmod(program_path, 0600);
	assert_int_equal(ask(1), 0);
	struct composition_view v = wait_state(1, COMPOSITION_FAILED);
	assert_string_equal(v.reason, "error");
}

static void a_removed_recording_ends_its_composition(void **)
{
	record(1, "echo >\"$out.part\"; exec sleep 100");
	record(2, "exec sleep 100");
	record(3, VIDEO);
	settle();
	for (uint64_t id = 1; id <= 3; id++)
		assert_int_equal(ask(id), 0);
	pid_t pid = pid_of(1);
	for (int i = 0; !left("composing.mp4.part") && i < TURNS; i++)
		loop_turn(loop, 10);
	assert_int_equal(remove_recording(2), 0); // that waits
	assert_false(is_known(2));
	assert_int_equal(remove_recording(1), 0);
	assert_false(is_known(1));
	assert_false(exists(1, ""));
	wait_process(pid, is_gone);
	wait_state(3, COMPOSITION_DONE);
	assert_false(left("composing.mp4.part"));
	assert_int_equal(composed.count, 1);
	assert_int_equal(remove_recording(3), 0);
	assert_false(is_known(3));
	assert_int_equal(history_recorded_bytes(history, ACCOUNT), 0);
	settle();
	assert_string_equal(list(1), "[]");
	assert_string_equal(list(3), "[]");
}

// A removal at any moment leaves neither a row nor a file.
static void removals_and_ends_may_meet(void **)
{
	for (uint64_t id = 1; id <= 30; id++) {
		record(id, VIDEO);
		settle();
		assert_int_equal(ask(id), 0);
		for (uint64_t turns = 0; turns < id; turns++)
			loop_turn(loop, 1);
		assert_int_equal(remove_recording(id), 0);
		for (int i = 0; i < 10; i++)
			loop_turn(loop, 2);
		assert_false(exists(id, ""));
		assert_false(is_known(id));
	}
	assert_int_equal(history_recorded_bytes(history, ACCOUNT), 0);
	settle();
	assert_string_equal(list(0), "[]");
	assert_false(left("composing.mp4"));
}

// The file has its place, but the loop does not know yet, when the recording is removed.
static void a_removal_may_overtake_the_end(void **)
{
	record(1, VIDEO);
	settle();
	moves_slowly = true;
	assert_int_equal(ask(1), 0);
	for (int i = 0; !has_moved && i < TURNS; i++)
		loop_turn(loop, 10);
	assert_true(exists(1, "composed.mp4"));
	assert_int_equal(remove_recording(1), 0);
	assert_int_equal(composed.count, 0);
	for (int i = 0; i < 50; i++)
		loop_turn(loop, 10);
	assert_int_equal(composed.count, 0);
	assert_false(is_known(1));
	assert_int_equal(history_recorded_bytes(history, ACCOUNT), 0);
	settle();
	assert_string_equal(list(1), "[]");
}

static void it_is_done_once_its_row_is_written(void **)
{
	record(1, VIDEO);
	record(2, VIDEO);
	settle();
	writes_slowly = true;
	assert_int_equal(ask(1), 0);
	assert_int_equal(ask(2), 0);
	for (int i = 0; !composed.count && i < TURNS; i++)
		loop_turn(loop, 10);
	for (int i = 0; i < 20; i++)
		loop_turn(loop, 10);
	assert_int_equal(state_of(1), COMPOSITION_RUNNING);
	assert_int_equal(state_of(2), COMPOSITION_QUEUED);
	writes_slowly = false;
	wait_state(1, COMPOSITION_DONE);
	assert_non_null(strstr(list(1), "\"kind\":\"composed\""));
	wait_state(2, COMPOSITION_DONE);
}

// The end of the process waits for a file that is given its place, and the history has it.
static void a_complete_file_is_not_lost_at_the_end(void **)
{
	record(1, VIDEO);
	settle();
	moves_slowly = true;
	assert_int_equal(ask(1), 0);
	for (int i = 0; !has_moved && i < TURNS; i++)
		loop_turn(loop, 10);
	assert_int_equal(composed.count, 0);
	settle();
	assert_int_equal(composed.count, 1);
	assert_non_null(strstr(list(1), "\"kind\":\"composed\""));
}

static void nothing_outlives_the_process(void **)
{
	record(1, "echo >\"$out.part\"; exec sleep 100");
	settle();
	assert_int_equal(ask(1), 0);
	pid_t pid = pid_of(1);
	for (int i = 0; !left("composing.mp4.part") && i < TURNS; i++)
		loop_turn(loop, 10);
	archive_end();
	assert_int_equal(process_state(pid), 0);
	assert_false(left("composing.mp4.part"));
	char path[128];
	snprintf(path, sizeof(path), "%s/composing.webm.part", files); // as after kill -9
	file_write(path, "half", 0600);
	archive_start();
	for (int i = 0; left("composing.webm.part") && i < TURNS; i++)
		loop_turn(loop, 10);
	assert_false(left("composing.webm.part"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(a_video_becomes_a_file_of_its_recording),
	        TEST(another_video_replaces_the_first),
	        TEST(progress_is_told),
	        TEST(one_after_the_other),
	        TEST(the_same_is_not_made_twice),
	        TEST(only_what_is_ready_is_composed),
	        TEST(the_queue_is_bounded),
	        TEST(it_waits_while_the_data_plane_is_busy),
	        TEST(a_failure_is_told),
	        TEST(a_program_that_cannot_be_started_is_a_failure),
	        TEST(a_removed_recording_ends_its_composition),
	        TEST(removals_and_ends_may_meet),
	        TEST(a_removal_may_overtake_the_end),
	        TEST(it_is_done_once_its_row_is_written),
	        TEST(a_complete_file_is_not_lost_at_the_end),
	        TEST(nothing_outlives_the_process),
	};
	if (!mkdtemp(top))
		return 1;
	snprintf(files, sizeof(files), "%s/recordings", top);
	snprintf(history_path, sizeof(history_path), "%s/history.db", top);
	snprintf(program_path, sizeof(program_path), "%s/program", top);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(top);
	return failed;
}

#include "recorder/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hostile.h"
#include "scratch.h"

#define BOOT "11111111-2222-3333-4444-555555555555"

static struct am_record_file file(const char *name)
{
	struct am_record_file f = {
	        .recording_id = 7, .kind = AM_RECORD_PROGRAMME, .codec = AM_CODEC_VP8};

	snprintf(f.name, sizeof(f.name), "%s", name);
	return f;
}

static void open_state(struct state *s, const char *dir, int expected)
{
	assert_int_equal(state_open(s, scratch_directory(), dir, 7, BOOT), expected);
}

static void what_is_noted_is_found_again(void **)
{
	struct state s;
	uint32_t index;

	open_state(&s, "a/b/c", 0);
	assert_int_equal(s.found, STATE_NEW);
	line_run(&s.head->line, 1000);
	const struct am_record_file programme = file("programme.webm");
	assert_non_null(state_file_add(&s, &programme, &index));
	assert_int_equal(index, 0);
	struct state_track *t = state_track(&s, 3);
	assert_non_null(t);
	t->stated = (struct am_record_track){
	        .recording_id = 7,
	        .track_id = am_id_make(1, 1),
	        .publisher = 5,
	        .clock_rate = 48000,
	        .codec = AM_CODEC_OPUS,
	        .encoding_count = 1,
	};
	t->used = 1;
	for (uint32_t i = 0; i < STATE_TIMES + 10; i++)
		state_time_add(
		        t, &(struct state_time
		           ){.time_us = i * 20000, .timestamp = i * 960, .file_ms = i * 20}
		);
	state_close(&s);

	open_state(&s, "a/b/c", 0);
	assert_int_equal(s.found, STATE_RESUMED);
	assert_int_equal(s.head->line.began_us, 1000);
	assert_int_equal(s.head->file_count, 1);
	assert_string_equal(state_file(&s, 0)->report.name, "programme.webm");
	assert_int_equal(s.tracks_allocated, 4);
	t = state_track(&s, 3);
	assert_null(state_time_find(t, 0, 0, 9 * 960)); // forgotten
	assert_int_equal(state_time_find(t, 0, 0, 10 * 960)->time_us, 200000);
	assert_null(state_time_find(t, 0, 1, 10 * 960));
	assert_int_equal(state_time_before(t, 1010)->file_ms, 1000);
	assert_null(state_time_before(t, 100));
	assert_int_equal(state_time_at(t, 300)->timestamp, 15 * 960);
	assert_null(state_time_at(t, 301));
	state_close(&s);
}

static void another_life_of_the_machine_is_noticed(void **)
{
	struct state s;

	open_state(&s, "reboot", 0);
	state_close(&s);
	assert_int_equal(state_open(&s, scratch_directory(), "reboot", 7, "another"), 0);
	assert_int_equal(s.found, STATE_REBOOTED);
	state_close(&s);
}

static void another_recordings_state_is_refused(void **)
{
	struct state s;

	open_state(&s, "other", 0);
	state_close(&s);
	assert_int_equal(state_open(&s, scratch_directory(), "other", 8, BOOT), -EEXIST);
}

static void links_are_not_followed(void **)
{
	struct state s;

	assert_int_equal(symlink("/tmp", scratch_path("link")), 0);
	assert_true(state_open(&s, scratch_directory(), "link", 7, BOOT) < 0);
	assert_true(state_open(&s, scratch_directory(), "link/below", 7, BOOT) < 0);
	assert_int_equal(mkdir(scratch_path("link2"), 0700), 0);
	assert_int_equal(symlink("/etc/passwd", scratch_path("link2/state")), 0);
	assert_true(state_open(&s, scratch_directory(), "link2", 7, BOOT) < 0);
}

static void the_table_of_files_ends(void **)
{
	struct state s;
	const struct am_record_file f = file("x");
	uint32_t index;

	open_state(&s, "full", 0);
	for (uint32_t i = 0; i < STATE_FILES_MAX; i++)
		assert_non_null(state_file_add(&s, &f, &index));
	assert_null(state_file_add(&s, &f, &index));
	state_close(&s);
	open_state(&s, "full", 0);
	assert_int_equal(s.head->file_count, STATE_FILES_MAX);
	state_close(&s);
}

// --- what lies on the disk ---

static uint8_t *content;
static size_t content_size;

// The head of a real file, changed, in front of the rest.
static void head_feed(const uint8_t *bytes, size_t len)
{
	if (len != sizeof(struct state_head)) {
		assert_false(state_is_good(bytes, len));
		return;
	}
	memcpy(content, bytes, len);
	if (!state_is_good(content, content_size))
		return;
	const struct state_head *h = (const struct state_head *)content;
	assert_true(h->file_count <= STATE_FILES_MAX && h->programme <= h->file_count);
	assert_true(memchr(h->boot_id, '\0', sizeof(h->boot_id)) != NULL);
}

static void hostile_heads_are_refused(void **)
{
	struct state s;
	struct stat st;
	struct state_head head;

	open_state(&s, "hostile", 0);
	line_run(&s.head->line, 1000);
	line_stop(&s.head->line, 2000);
	head = *s.head;
	assert_int_equal(fstat(s.fd, &st), 0);
	content_size = (size_t)st.st_size;
	content = calloc(1, content_size);
	assert_non_null(content);
	state_close(&s);
	memcpy(content, &head, sizeof(head));
	assert_true(state_is_good(content, content_size));
	hostile_bytes(head_feed, (const uint8_t *)&head, sizeof(head));
	free(content);
}

static void a_state_that_makes_no_sense_is_refused(void **)
{
	static const char noise[] = "this is no state";
	struct state s;

	assert_int_equal(mkdir(scratch_path("noise"), 0700), 0);
	int fd = open(scratch_path("noise/state"), O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, noise, sizeof(noise)), sizeof(noise));
	close(fd);
	open_state(&s, "noise", -EBADMSG);
	assert_int_equal(truncate(scratch_path("noise/state"), 0), 0);
	open_state(&s, "noise", 0); // its maker was killed at once
	assert_int_equal(s.found, STATE_NEW);
	state_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_noted_is_found_again),
	        cmocka_unit_test(another_life_of_the_machine_is_noticed),
	        cmocka_unit_test(another_recordings_state_is_refused),
	        cmocka_unit_test(links_are_not_followed),
	        cmocka_unit_test(the_table_of_files_ends),
	        cmocka_unit_test(hostile_heads_are_refused),
	        cmocka_unit_test(a_state_that_makes_no_sense_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

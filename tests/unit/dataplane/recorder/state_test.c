#include "recorder/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hostile.h"
#include "scratch.h"

#define HEAD_SIZE offsetof(struct state_head, chats) // what is more than times
#define BOOT      "11111111-2222-3333-4444-555555555555"

static struct am_record_file file(const char *name)
{
	struct am_record_file f = {
	        .recording_id = 7, .kind = AM_RECORD_PROGRAMME, .codec = AM_CODEC_VP8};

	snprintf(f.name, sizeof(f.name), "%s", name);
	return f;
}

static struct state_place place = {.boot_id = BOOT};

static void open_state(struct state *s, const char *dir, int expected)
{
	assert_int_equal(state_open(s, &place, dir, 7), expected);
}

// What the recorder does through the disk's queue.
static void write_copy(struct state *s, const char *dir)
{
	char path[256];
	size_t len;
	uint8_t *bytes = state_copy(s, false, &len);

	assert_non_null(bytes);
	snprintf(path, sizeof(path), "%s/" STATE_COPY, dir);
	FILE *f = fopen(scratch_path(path), "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	fclose(f);
	free(bytes);
}

// Each test has its own live states.
static int setup(void **)
{
	static int folders;
	char name[32];

	snprintf(name, sizeof(name), "live-%d", folders++);
	assert_int_equal(mkdir(scratch_path(name), 0700), 0);
	place.live = open(scratch_path(name), O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	assert_true(place.live >= 0);
	place.directory = scratch_directory();
	place.boot_id = BOOT;
	place.stalls = false;
	return 0;
}

static int teardown(void **)
{
	close(place.live);
	return 0;
}

static void lose_live(void)
{
	assert_int_equal(unlinkat(place.live, "0000000000000007", 0), 0);
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

static void half_a_note_of_the_clocks_is_not_used(void **)
{
	static struct state_track t;
	struct state_clocks c = {0};

	assert_null(state_clocks_get(&t));
	for (int64_t i = 1; i <= 3; i++) {
		c.seen_us = i;
		state_clocks_put(&t, &c);
		assert_int_equal(state_clocks_get(&t)->seen_us, i);
	}
	t.clocks[0].publisher.offset_us++; // number 2, the last one
	assert_int_equal(state_clocks_get(&t)->seen_us, 2);
	t.clocks[1].encodings[3].base_us++;
	assert_null(state_clocks_get(&t));
}

// With a file and two tracks, of which the first is over.
static void make_state(struct state *s, const char *dir)
{
	const struct am_record_file programme = file("programme.webm");
	uint32_t index;

	open_state(s, dir, 0);
	line_run(&s->head->line, 1000);
	s->head->names = 2;
	assert_non_null(state_file_add(s, &programme, &index));
	for (uint32_t i = 0; i < 2; i++) {
		struct state_track *t = state_track(s, i);
		assert_non_null(t);
		t->stated = (struct am_record_track){
		        .recording_id = 7,
		        .track_id = am_id_make(1, i),
		        .publisher = 5,
		        .clock_rate = 48000,
		        .codec = AM_CODEC_OPUS,
		        .encoding_count = 1,
		};
		t->used = i;
		state_time_add(t, &(struct state_time){.time_us = 1});
	}
}

static void assert_restored(struct state *s, enum state_found found)
{
	assert_int_equal(s->found, found);
	assert_int_equal(s->head->recording_id, 7);
	assert_int_equal(s->head->line.began_us, 1000);
	assert_int_equal(s->head->file_count, 1);
	assert_string_equal(state_file(s, 0)->report.name, "programme.webm");
	assert_int_equal(s->tracks_allocated, 1);
	assert_int_equal(state_track(s, 0)->stated.track_id, am_id_make(1, 1));
	assert_int_equal(state_track(s, 0)->time_count, 0);
	assert_true(s->changed);
}

static void another_life_of_the_machine_is_noticed(void **)
{
	struct state s;

	make_state(&s, "reboot");
	write_copy(&s, "reboot");
	state_close(&s);
	place.boot_id = "another";
	open_state(&s, "reboot", 0); // the live one, on a disk after all, counts for nothing
	assert_restored(&s, STATE_REBOOTED);
	state_close(&s);
	lose_live();
	open_state(&s, "reboot", 0);
	assert_restored(&s, STATE_REBOOTED);
	assert_string_equal(s.head->boot_id, BOOT);
	state_close(&s);
}

static void a_live_one_of_another_life_is_better_than_none(void **)
{
	struct state s;

	make_state(&s, "no-copy");
	state_close(&s);
	place.boot_id = "another";
	open_state(&s, "no-copy", 0);
	assert_int_equal(s.found, STATE_REBOOTED);
	assert_int_equal(s.head->file_count, 1);
	state_close(&s);
}

static void the_copy_replaces_a_lost_one(void **)
{
	struct state s;

	make_state(&s, "lost");
	write_copy(&s, "lost");
	state_remove(&s);
	state_close(&s);
	open_state(&s, "lost", 0);
	assert_restored(&s, STATE_RESTORED);
	state_close(&s);
	open_state(&s, "lost", 0);
	assert_int_equal(s.found, STATE_RESUMED);
	state_close(&s);
}

// Not even whether there is one: the recordings' folder is another file.
static void with_a_live_one_the_disk_is_left_alone(void **)
{
	struct state s;

	make_state(&s, "alone");
	state_close(&s);
	place.stalls = true;
	place.directory = "/proc/self/status";
	open_state(&s, "alone", 0);
	assert_int_equal(s.found, STATE_RESUMED);
	state_close(&s);
	lose_live();
	open_state(&s, "alone", -EAGAIN);
}

static void names_that_are_taken_are_passed(void **)
{
	struct state s;

	make_state(&s, "names");
	write_copy(&s, "names");
	state_close(&s);
	lose_live();
	assert_int_equal(mkdir(scratch_path("names/tracks"), 0700), 0);
	assert_int_equal(mknod(scratch_path("names/tracks/12-voice.webm"), S_IFREG | 0600, 0), 0);
	assert_int_equal(mknod(scratch_path("names/tracks/x"), S_IFREG | 0600, 0), 0);
	assert_int_equal(mknod(scratch_path("names/programme-3.mkv"), S_IFREG | 0600, 0), 0);
	open_state(&s, "names", 0);
	assert_int_equal(s.head->names, 12);
	assert_int_equal(s.head->parts, 3);
	state_close(&s);
}

static void another_recordings_state_is_refused(void **)
{
	struct state s;

	make_state(&s, "other");
	write_copy(&s, "other");
	state_close(&s);
	assert_int_equal(state_open(&s, &place, "other", 8), -EEXIST);
}

static void links_are_not_followed(void **)
{
	struct state s;

	assert_int_equal(symlink("/tmp", scratch_path("link")), 0);
	assert_true(state_open(&s, &place, "link", 7) < 0);
	assert_true(state_open(&s, &place, "link/below", 7) < 0);
	assert_int_equal(mkdir(scratch_path("link2"), 0700), 0);
	assert_int_equal(symlink("/etc/passwd", scratch_path("link2/state")), 0);
	assert_true(state_open(&s, &place, "link2", 7) < 0);
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
	if (len != HEAD_SIZE) {
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
	hostile_bytes(head_feed, (const uint8_t *)&head, HEAD_SIZE);
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
}

// One whose maker was killed before it was whole is none.
static void a_live_one_that_makes_no_sense_is_made_anew(void **)
{
	struct state s;

	int fd = openat(place.live, "0000000000000007", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(ftruncate(fd, STATE_SIZE), 0);
	assert_int_equal(write(fd, "noise", 5), 5);
	close(fd);
	open_state(&s, "fresh", 0);
	assert_int_equal(s.found, STATE_NEW);
	assert_int_equal(s.head->file_count, 0);
	state_close(&s);
	open_state(&s, "fresh", 0);
	assert_int_equal(s.found, STATE_RESUMED);
	state_close(&s);
}

// What it begins with, changed, in front of the rest.
static void copy_feed(const uint8_t *bytes, size_t len)
{
	uint8_t *to = calloc(1, STATE_SIZE);

	assert_non_null(to);
	memcpy(content, bytes, len);
	if (state_restore(to, content, content_size))
		assert_true(state_is_good(to, STATE_SIZE));
	free(to);
}

static void hostile_copies_are_refused(void **)
{
	struct state s;
	size_t len;

	make_state(&s, "copies");
	uint8_t *bytes = state_copy(&s, true, &len);
	assert_non_null(bytes);
	assert_int_equal(((struct state_head *)bytes)->done, 1);
	state_close(&s);
	((struct state_head *)bytes)->file_count = STATE_FILES_MAX;
	uint8_t *to = calloc(1, STATE_SIZE);
	assert_false(state_restore(to, bytes, len));
	((struct state_head *)bytes)->file_count = 0; // then its file would be tracks
	assert_false(state_restore(to, bytes, len));
	((struct state_head *)bytes)->file_count = 1;
	for (size_t n = 0; n < len; n++) // without its track, it is whole, too
		assert_true(!state_restore(to, bytes, n) || n == len - len % 128);
	free(to);
	content = calloc(1, len);
	content_size = len;
	memcpy(content, bytes, len);
	hostile_bytes(copy_feed, bytes, 96);
	free(content);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(what_is_noted_is_found_again, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                another_life_of_the_machine_is_noticed, setup, teardown
	        ),
	        cmocka_unit_test_setup_teardown(
	                a_live_one_of_another_life_is_better_than_none, setup, teardown
	        ),
	        cmocka_unit_test_setup_teardown(the_copy_replaces_a_lost_one, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                with_a_live_one_the_disk_is_left_alone, setup, teardown
	        ),
	        cmocka_unit_test_setup_teardown(names_that_are_taken_are_passed, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                another_recordings_state_is_refused, setup, teardown
	        ),
	        cmocka_unit_test_setup_teardown(links_are_not_followed, setup, teardown),
	        cmocka_unit_test_setup_teardown(the_table_of_files_ends, setup, teardown),
	        cmocka_unit_test_setup_teardown(hostile_heads_are_refused, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                a_state_that_makes_no_sense_is_refused, setup, teardown
	        ),
	        cmocka_unit_test_setup_teardown(
	                a_live_one_that_makes_no_sense_is_made_anew, setup, teardown
	        ),
	        cmocka_unit_test_setup_teardown(hostile_copies_are_refused, setup, teardown),
	        cmocka_unit_test(half_a_note_of_the_clocks_is_not_used),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// Small files, written on another thread in one step.
#include "test.h"

#include "base/loop.h"
#include "base/memory.h"
#include "recording/scribe.h"

#include "am_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/amphi-scribe-XXXXXX";

static void read_text(const char *path, char *out, size_t size)
{
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	out[fread(out, 1, size - 1, f)] = '\0';
	fclose(f);
}

static int64_t told;
static uint64_t told_of;

static void on_told(void *, uint64_t id, int64_t bytes)
{
	told_of = id;
	told = bytes;
}

static void the_last_text_is_in_the_file(void **)
{
	char path[128], other[128], text[64];
	struct loop *loop = loop_create();
	struct scribe *s = scribe_create(loop, on_told, NULL);

	assert_non_null(s);
	snprintf(path, sizeof(path), "%s/a.json", directory);
	snprintf(other, sizeof(other), "%s/b.json", directory);
	for (int i = 0; i <= 100; i++) {
		snprintf(text, sizeof(text), "%d", i);
		scribe_write(s, path, memory_copy_string(text), strlen(text));
		scribe_write(s, other, memory_copy_string("other"), 5);
	}
	scribe_destroy(s);
	loop_destroy(loop);
	read_text(path, text, sizeof(text));
	assert_string_equal(text, "100");
	read_text(other, text, sizeof(text));
	assert_string_equal(text, "other");
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	strcat(path, ".new"); // nothing is left beside it
	assert_int_equal(access(path, F_OK), -1);
	strcpy(strrchr(path, '/'), "/a.json");
	unlink(path);
	unlink(other);
}

static void a_file_that_cannot_be_written_does_no_harm(void **)
{
	char path[128], text[64];
	struct loop *loop = loop_create();
	struct scribe *s = scribe_create(loop, on_told, NULL);

	snprintf(path, sizeof(path), "%s/absent/a.json", directory);
	scribe_write(s, path, memory_copy_string("lost"), 4);
	snprintf(path, sizeof(path), "%s/b.json", directory);
	scribe_write(s, path, memory_copy_string("there"), 5);
	scribe_destroy(s);
	loop_destroy(loop);
	read_text(path, text, sizeof(text));
	assert_string_equal(text, "there");
	unlink(path);
}

static int64_t chat(struct loop *loop, struct scribe *s, uint64_t id)
{
	told_of = 0;
	scribe_chat(s, directory, id, 10000);
	for (int i = 0; i < 10000 && told_of == 0; i++)
		loop_turn(loop, 1);
	assert_int_equal(told_of, id);
	return told;
}

static void the_chat_becomes_captions(void **)
{
	static const char line[] =
	        "1500 {\"id\":1,\"peerId\":\"p\",\"name\":\"Ann\",\"text\":\"Hi\"}\n";
	struct loop *loop = loop_create();
	struct scribe *s = scribe_create(loop, on_told, NULL);
	char from[128], to[128], text[1024];

	snprintf(from, sizeof(from), "%s/chat.txt", directory);
	snprintf(to, sizeof(to), "%s/chat.vtt", directory);
	assert_int_equal(chat(loop, s, 7), -ENOENT);
	FILE *f = fopen(from, "w");
	fputs(line, f);
	fclose(f);
	int64_t bytes = chat(loop, s, 8);
	read_text(to, text, sizeof(text));
	assert_int_equal(bytes, strlen(text));
	assert_memory_equal(text, "WEBVTT", 6);
	assert_int_equal(access(from, F_OK), -1);
	assert_int_equal(chat(loop, s, 9), bytes); // it is there already
	scribe_destroy(s);
	loop_destroy(loop);
	unlink(to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_last_text_is_in_the_file),
	        cmocka_unit_test(the_chat_becomes_captions),
	        cmocka_unit_test(a_file_that_cannot_be_written_does_no_harm),
	};

	am_log_level = AM_LOG_ERROR;
	if (!mkdtemp(directory))
		return 1;
	int ret = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(directory);
	return ret;
}

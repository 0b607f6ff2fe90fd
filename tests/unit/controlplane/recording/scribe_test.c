// Small files, written on another thread in one step.
#include "test.h"

#include "base/memory.h"
#include "recording/scribe.h"

#include "am_log.h"

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

static void the_last_text_is_in_the_file(void **)
{
	char path[128], other[128], text[64];
	struct scribe *s = scribe_create();

	assert_non_null(s);
	snprintf(path, sizeof(path), "%s/a.json", directory);
	snprintf(other, sizeof(other), "%s/b.json", directory);
	for (int i = 0; i <= 100; i++) {
		snprintf(text, sizeof(text), "%d", i);
		scribe_write(s, path, memory_copy_string(text));
		scribe_write(s, other, memory_copy_string("other"));
	}
	scribe_destroy(s);
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
	struct scribe *s = scribe_create();

	snprintf(path, sizeof(path), "%s/absent/a.json", directory);
	scribe_write(s, path, memory_copy_string("lost"));
	snprintf(path, sizeof(path), "%s/b.json", directory);
	scribe_write(s, path, memory_copy_string("there"));
	scribe_destroy(s);
	read_text(path, text, sizeof(text));
	assert_string_equal(text, "there");
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_last_text_is_in_the_file),
	        cmocka_unit_test(a_file_that_cannot_be_written_does_no_harm),
	};

	am_log_level = AM_LOG_ERROR;
	if (!mkdtemp(directory))
		return 1;
	int ret = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(directory);
	return ret;
}

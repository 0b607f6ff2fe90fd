#include "film.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "hostile.h"

static char folder[] = "/tmp/amphi-film-XXXXXX";
static char path[sizeof(folder) + 32];
static char error[512];

static int read_text(struct film *f, const char *text, size_t len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	fclose(file);
	return film_read(f, folder, error, sizeof(error));
}

static const char good[] =
        "{\"duration\":20.5,\"files\":["
        "{\"name\":\"tracks/"
        "2-video.webm\",\"kind\":\"video\",\"peerId\":\"b\",\"displayName\":\"Bob\",\"offset\":3,"
        "\"duration\":4},"
        "{\"name\":\"programme.webm\",\"kind\":\"programme\",\"offset\":0,\"duration\":20},"
        "{\"name\":\"tracks/"
        "1-audio.webm\",\"kind\":\"audio\",\"peerId\":\"a\",\"displayName\":\"Ada\",\"offset\":0.5,"
        "\"duration\":20},"
        "{\"name\":\"chat.vtt\",\"kind\":\"chat\",\"offset\":0,\"duration\":20}],"
        "\"leaders\":[{\"time\":1,\"peerId\":\"a\"},{\"time\":5,\"peerId\":\"b\"}]}";

static void a_recording_is_read(void **)
{
	struct film f;

	assert_int_equal(read_text(&f, good, strlen(good)), 0);
	assert_true(f.duration > 20.4 && f.duration < 20.6);
	assert_int_equal(f.file_count, 3); // without the chat
	assert_int_equal(f.files[0].kind, FILM_PROGRAMME);
	assert_int_equal(f.files[1].kind, FILM_SOUND);
	assert_string_equal(f.people[f.files[1].person].name, "Ada");
	assert_int_equal(f.files[2].kind, FILM_CAMERA);
	assert_string_equal(f.people[f.files[2].person].name, "Bob");
	assert_true(f.files[2].end > 6.9 && f.files[2].end < 7.1);
	assert_int_equal(film_leader_at(&f, 0.9), UINT32_MAX);
	assert_int_equal(film_leader_at(&f, 1), f.files[1].person);
	assert_int_equal(film_leader_at(&f, 4.9), f.files[1].person);
	assert_int_equal(film_leader_at(&f, 1000), f.files[2].person);
	film_free(&f);
}

static void files_outside_the_folder_are_passed_over(void **)
{
	static const char *const names[] = {
	        "../other.webm", "/etc/passwd", "tracks/../../x", "", ".hidden",
	        "a//b",          "a b",         "a\\\\b",
	};
	struct film f;
	char text[512];

	for (size_t i = 0; i < COUNT(names); i++) {
		int n = snprintf(
		        text, sizeof(text),
		        "{\"duration\":1,\"files\":[{\"name\":\"%s\",\"kind\":\"video\",\"peerId\":"
		        "\"a\",\"offset\":0,\"duration\":1}]}",
		        names[i]
		);
		assert_int_equal(read_text(&f, text, (size_t)n), 0);
		assert_int_equal(f.file_count, 0);
		film_free(&f);
	}
}

static void what_is_no_recording_is_refused_with_a_sentence(void **)
{
	static const char *const texts[] = {
	        "",
	        "[]",
	        "{}",
	        "{\"duration\":0}",
	        "{\"duration\":-1}",
	        "{\"duration\":1e9}",
	        "{\"duration\":\"20\"}",
	        "{\"duration\":20",
	};
	struct film f;

	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_int_equal(read_text(&f, texts[i], strlen(texts[i])), -EBADMSG);
		assert_non_null(strstr(error, "recording.json does not describe"));
	}
	unlink(path);
	assert_int_equal(film_read(&f, folder, error, sizeof(error)), -ENOENT);
	assert_non_null(strstr(error, "cannot be read: No such file"));
}

static void feed(const uint8_t *bytes, size_t len)
{
	struct film f;

	if (read_text(&f, (const char *)bytes, len) == 0)
		film_free(&f);
}

static void damaged_files_do_no_harm(void **)
{
	uint8_t bytes[sizeof(good)];

	for (size_t cut = 0; cut < strlen(good); cut++)
		hostile_feed(feed, (const uint8_t *)good, cut);
	for (size_t at = 0; at < strlen(good); at++) {
		memcpy(bytes, good, sizeof(good));
		bytes[at] ^= 0x15;
		hostile_feed(feed, bytes, strlen(good));
	}
}

static int set_up(void **)
{
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/recording.json", folder);
	return 0;
}

static int tear_down(void **)
{
	unlink(path);
	rmdir(folder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_recording_is_read),
	        cmocka_unit_test(files_outside_the_folder_are_passed_over),
	        cmocka_unit_test(what_is_no_recording_is_refused_with_a_sentence),
	        cmocka_unit_test(damaged_files_do_no_harm),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

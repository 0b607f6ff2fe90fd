// Nothing outside the directory of recordings can be opened or removed.
#include "test.h"

#include "archive/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[64], root[96];

static const char *at(const char *path)
{
	static _Thread_local char out[256];

	snprintf(out, sizeof(out), "%s/%s", top, path);
	return out;
}

static void file_make(const char *path)
{
	FILE *f = fopen(at(path), "w");

	assert_non_null(f);
	fputs("content", f);
	fclose(f);
}

static int begin(void **)
{
	strcpy(top, "/tmp/amphi-tree-XXXXXX");
	assert_non_null(mkdtemp(top));
	snprintf(root, sizeof(root), "%s/root", top);
	mkdir(at("root"), 0700);
	mkdir(at("root/7"), 0700);
	mkdir(at("root/7/room"), 0700);
	mkdir(at("root/7/room/a"), 0700);
	mkdir(at("root/7/room/a/tracks"), 0700);
	file_make("secret");
	file_make("root/7/room/a/programme.webm");
	file_make("root/7/room/a/tracks/1-audio.webm");
	return 0;
}

static int end(void **)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

static bool exists(const char *path)
{
	struct stat st;
	return lstat(at(path), &st) == 0;
}

static int try_open(const char *path)
{
	int fd = tree_open(root, path);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static void files_are_opened_beneath_the_root(void **)
{
	char text[16] = "";
	int fd = tree_open(root, "7/room/a/tracks/1-audio.webm");

	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text)), 7);
	close(fd);
	assert_int_equal(try_open("7/room/a/programme.webm"), 0);
	assert_int_equal(try_open("7/room/a/other.webm"), -ENOENT);
	assert_int_equal(try_open("7/room/a"), -ENOENT); // a directory
}

static void names_do_not_lead_out_of_it(void **)
{
	static const char *const paths[] = {
	        "",
	        "/",
	        "..",
	        "../secret",
	        "7/../../secret",
	        "7/room/a/../../../../secret",
	        "7//room/a/programme.webm",
	        "./7/room/a/programme.webm",
	        "7/room/a/programme.webm/",
	        "/etc/passwd",
	};
	char absolute[128], longest[400];

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_int_equal(try_open(paths[i]), -EINVAL);
	strcpy(absolute, at("secret"));
	assert_int_equal(try_open(absolute), -EINVAL);
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(try_open(longest), -EINVAL);
}

static void links_are_not_followed(void **)
{
	char secret[128];

	strcpy(secret, at("secret"));
	assert_int_equal(symlink(secret, at("root/7/room/a/link.webm")), 0);
	assert_int_equal(symlink("..", at("root/7/room/a/up")), 0);
	assert_int_equal(symlink(top, at("root/7/out")), 0);
	assert_int_equal(try_open("7/room/a/link.webm"), -ELOOP);
	assert_int_equal(try_open("7/room/a/up/a/programme.webm"), -ENOTDIR);
	assert_int_equal(try_open("7/out/secret"), -ENOTDIR);
}

static void a_fifo_does_not_hold_up(void **)
{
	assert_int_equal(mkfifo(at("root/7/room/a/fifo.webm"), 0600), 0);
	assert_int_equal(try_open("7/room/a/fifo.webm"), -ENOENT);
}

static void a_recording_is_removed_with_its_links_but_not_what_they_name(void **)
{
	char outside[128];

	strcpy(outside, at("outside"));
	mkdir(outside, 0700);
	file_make("outside/kept");
	assert_int_equal(symlink(outside, at("root/7/room/a/link")), 0);
	assert_int_equal(tree_remove(root, "7/room/a"), 0);
	assert_false(exists("root/7/room/a"));
	assert_false(exists("root/7/room")); // was empty then
	assert_true(exists("root/7"));
	assert_true(exists("outside/kept"));
	assert_int_equal(tree_remove(root, "7/room/a"), 0); // is gone already
	assert_int_equal(symlink(outside, at("root/7/b")), 0);
	assert_int_equal(tree_remove(root, "7/b"), 0);
	assert_true(exists("outside/kept"));
}

static void others_in_the_room_stay(void **)
{
	mkdir(at("root/7/room/b"), 0700);
	assert_int_equal(tree_remove(root, "7/room/a"), 0);
	assert_false(exists("root/7/room/a"));
	assert_true(exists("root/7/room/b"));
}

static void nothing_outside_is_removed(void **)
{
	assert_int_equal(tree_remove(root, ".."), -EINVAL);
	assert_int_equal(tree_remove(root, "7/.."), -EINVAL);
	assert_int_equal(tree_remove(root, "../secret"), -EINVAL);
	assert_int_equal(tree_remove(root, ""), -EINVAL);
	assert_int_equal(symlink(top, at("root/7/out")), 0);
	assert_int_equal(tree_remove(root, "7/out/secret"), -ENOTDIR);
	assert_true(exists("secret"));
	assert_true(exists("root/7/room/a/programme.webm"));
}

static void a_file_is_given_its_place(void **)
{
	uint64_t bytes = 0;

	file_make("root/new");
	assert_int_equal(tree_move(root, "new", "7/room/a/composed.mp4", &bytes), 0);
	assert_int_equal(bytes, 7);
	assert_false(exists("root/new"));
	assert_int_equal(try_open("7/room/a/composed.mp4"), 0);
	file_make("root/new");
	assert_int_equal(tree_move(root, "new", "7/room/a/composed.mp4", &bytes), 0); // replaces
	assert_int_equal(tree_move(root, "new", "7/room/a/composed.mp4", &bytes), -ENOENT);
	assert_int_equal(try_open("7/room/a/composed.mp4"), 0);
}

static void nothing_is_moved_out_or_in(void **)
{
	char secret[128];
	uint64_t bytes;

	file_make("root/new");
	assert_int_equal(symlink(top, at("root/7/out")), 0);
	strcpy(secret, at("secret"));
	assert_int_equal(symlink(secret, at("root/link")), 0);
	assert_int_equal(tree_move(root, "new", "../new", &bytes), -EINVAL);
	assert_int_equal(tree_move(root, "new", "7/out/new", &bytes), -ENOTDIR);
	assert_int_equal(tree_move(root, "new", "7/room/b/new", &bytes), -ENOENT);
	assert_int_equal(tree_move(root, "../secret", "7/secret", &bytes), -EINVAL);
	assert_int_equal(tree_move(root, "link", "7/secret", &bytes), -ELOOP);
	assert_int_equal(tree_move(root, "7", "8", &bytes), -ENOENT); // a directory
	assert_true(exists("root/new"));
	assert_true(exists("secret"));
}

// Moves a file into a directory at some time, if there is one.
static void *move_in(void *wait_us)
{
	uint64_t bytes;

	usleep(*(const unsigned *)wait_us);
	(void)!tree_move(root, "new", "7/room/c/composed.mp4", &bytes);
	return NULL;
}

static void what_appears_meanwhile_is_removed_too(void **)
{
	static char name[64];
	pthread_t thread;

	for (unsigned i = 0; i < 400; i++) {
		unsigned wait_us = i % 100 * 10;
		file_make("root/new");
		mkdir(at("root/7/room/c"), 0700);
		for (int n = 0; n < 50; n++) {
			snprintf(name, sizeof(name), "root/7/room/c/%d", n);
			file_make(name);
		}
		pthread_create(&thread, NULL, move_in, &wait_us);
		assert_int_equal(tree_remove(root, "7/room/c"), 0);
		pthread_join(thread, NULL);
		assert_false(exists("root/7/room/c"));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(files_are_opened_beneath_the_root),
	        TEST(names_do_not_lead_out_of_it),
	        TEST(links_are_not_followed),
	        TEST(a_fifo_does_not_hold_up),
	        TEST(a_recording_is_removed_with_its_links_but_not_what_they_name),
	        TEST(others_in_the_room_stay),
	        TEST(nothing_outside_is_removed),
	        TEST(a_file_is_given_its_place),
	        TEST(nothing_is_moved_out_or_in),
	        TEST(what_appears_meanwhile_is_removed_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// The thread that writes: order, a full queue, errors that stay, paths that lead out, what a slow
// or stuck disk does to its caller.
#include "test.h"

#include "scratch.h"

#include "recorder/disk.h"

#include "am_clock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK (1u << 20)

ssize_t __real_pwrite(int fd, const void *bytes, size_t len, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t len, off_t offset);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

// A disk that stops while the gate is closed, and that may fail.
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static _Atomic int fail_with; // errno of writes
static _Atomic int syncs;
static _Atomic int64_t half_of; // a write of this length is carried out by half before it fails

ssize_t __wrap_pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	if (atomic_load(&half_of) == (int64_t)len)
		return __real_pwrite(fd, bytes, len / 2, offset);
	if (atomic_load(&fail_with) != 0) {
		errno = atomic_load(&fail_with);
		return -1;
	}
	return __real_pwrite(fd, bytes, len, offset);
}

int __wrap_fdatasync(int fd)
{
	atomic_fetch_add(&syncs, 1);
	return __real_fdatasync(fd);
}

static int setup(void **state)
{
	struct disk *d = disk_create(scratch_directory());
	assert_non_null(d);
	atomic_store(&fail_with, 0);
	atomic_store(&half_of, 0);
	atomic_store(&syncs, 0);
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	disk_destroy(*state);
	return 0;
}

static void close_drained(struct disk *d, struct disk_file *f)
{
	disk_close(f);
	scratch_drain(d);
}

static void assert_content(const char *name, const char *text)
{
	char found[256];
	int fd = open(scratch_path(name), O_RDONLY);
	assert_true(fd >= 0);
	ssize_t n = read(fd, found, sizeof(found) - 1);
	assert_true(n >= 0);
	found[n] = '\0';
	close(fd);
	assert_string_equal(found, text);
}

static void writes_are_in_order(void **state)
{
	struct disk *d = *state;
	struct disk_file *f = disk_open(d, "a/b/order.txt");
	struct disk_piece pieces[] = {{0, "abcd", 4}, {2, "CD", 2}, {4, "e", 1}};

	assert_non_null(f);
	assert_int_equal(disk_write(f, 0, "xxxxxx", 6), 0);
	assert_int_equal(disk_write_pieces(f, pieces, 3), 0);
	assert_int_equal(disk_write(f, 5, "f", 1), 0);
	assert_int_equal(disk_size(f), 6);
	disk_rename(f, "a/c/renamed.txt", true);
	scratch_drain(d);
	assert_true(disk_is_idle(f));
	assert_true(disk_is_renamed(f));
	assert_int_equal(disk_written(f), 6 + 7 + 1);
	assert_int_equal(disk_waiting(d), 0);
	close_drained(d, f);
	assert_content("a/c/renamed.txt", "abCDef");
	assert_false(disk_exists(d, "a/b/order.txt"));
	assert_true(disk_exists(d, "a/c/renamed.txt"));
	assert_int_equal(disk_error(f = disk_open_existing(d, "a/c/renamed.txt")), 0);
	assert_int_equal(disk_size(f), 6);
	close_drained(d, f);
}

static void files_and_folders_are_for_their_owner(void **state)
{
	struct disk *d = *state;
	struct stat st;
	mode_t before = umask(0);

	close_drained(d, disk_open(d, "mode/file"));
	umask(before);
	assert_int_equal(stat(scratch_path("mode"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(stat(scratch_path("mode/file"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void opening_keeps_empties_or_requires(void **state)
{
	struct disk *d = *state;
	struct disk_file *f = disk_open(d, "kept");
	char bytes[8];

	assert_int_equal(disk_write(f, 0, "text", 4), 0);
	close_drained(d, f);
	f = disk_open(d, "kept");
	assert_int_equal(disk_size(f), 4);
	assert_int_equal(disk_read(f, 1, bytes, sizeof(bytes)), 3);
	assert_memory_equal(bytes, "ext", 3);
	assert_int_equal(disk_truncate(f, 2), 0);
	close_drained(d, f);
	assert_content("kept", "te");
	f = disk_begin(d, "kept");
	assert_int_equal(disk_size(f), 0);
	disk_discard(f);
	scratch_drain(d);
	assert_false(disk_exists(d, "kept"));
	assert_null(disk_open_existing(d, "kept"));
	assert_int_equal(errno, ENOENT);
}

static void no_path_leads_out(void **state)
{
	struct disk *d = *state;
	static const char *const bad[] = {
	        "",   "/etc/passwd", "../x",        "a/../../x", "a//b", ".",    "a/.",
	        "a/", "..",          "link/passwd", "link",      "file", "fifo",
	};

	assert_int_equal(symlink("/etc", scratch_path("link")), 0);
	close_drained(d, disk_open(d, "target"));
	assert_int_equal(symlink("target", scratch_path("file")), 0);
	assert_int_equal(mkfifo(scratch_path("fifo"), 0600), 0);
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_null(disk_open(d, bad[i]));
		assert_null(disk_open_existing(d, bad[i]));
		struct disk_file *f = disk_begin(d, bad[i]);
		if (f == NULL)
			continue;
		assert_int_equal(disk_write(f, 0, "x", 1), 0);
		scratch_drain(d);
		assert_true(disk_error(f) < 0);
		close_drained(d, f);
	}
	char longer[600];
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_null(disk_open(d, longer));
}

static void a_rename_does_not_lead_out_either(void **state)
{
	struct disk *d = *state;
	struct disk_file *f = disk_open(d, "stays");

	disk_rename(f, "../gone", true);
	scratch_drain(d);
	assert_int_equal(disk_error(f), -EINVAL);
	assert_false(disk_is_renamed(f));
	close_drained(d, f);
	assert_true(disk_exists(d, "stays"));
}

static void what_has_the_name_may_be_replaced(void **state)
{
	struct disk *d = *state;

	close_drained(d, disk_open(d, "taken"));
	for (int replace = 0; replace < 2; replace++) {
		struct disk_file *f = disk_begin(d, "new");
		assert_int_equal(disk_write(f, 0, "new", 3), 0);
		disk_rename(f, "taken", replace);
		scratch_drain(d);
		assert_int_equal(disk_error(f), replace ? 0 : -EEXIST);
		close_drained(d, f);
		assert_false(disk_exists(d, "new"));
		assert_content("taken", replace ? "new" : "");
	}
}

static void a_file_that_is_begun_waits_for_nothing(void **state)
{
	struct disk *d = *state;
	struct disk_file *first = disk_open(d, "first");

	assert_int_equal(mkdir(scratch_path("no-file"), 0700), 0);
	pthread_mutex_lock(&gate);
	assert_int_equal(disk_write(first, 0, "x", 1), 0);
	struct disk_file *f = disk_begin(d, "begun/here"), *bad = disk_begin(d, "no-file");
	struct disk_file *unused = disk_begin(d, "unused");
	assert_int_equal(disk_write(f, 0, "text", 4), 0);
	assert_int_equal(disk_cut(f, 2), 0);
	assert_int_equal(disk_write(f, 2, "st", 2), 0);
	assert_int_equal(disk_write(bad, 0, "text", 4), 0);
	assert_int_equal(disk_size(f), 4);
	assert_false(disk_exists(d, "begun/here"));
	pthread_mutex_unlock(&gate);
	scratch_drain(d);
	assert_int_equal(disk_error(f), 0);
	assert_int_equal(disk_error(bad), -EISDIR);
	disk_close(first);
	disk_close(unused);
	disk_close(bad);
	close_drained(d, f);
	assert_content("begun/here", "test");
	assert_false(disk_exists(d, "unused"));
	disk_remove(d, "begun/here");
	disk_remove(d, "never");
	scratch_drain(d);
	assert_false(disk_exists(d, "begun/here"));
	assert_null(disk_begin(d, "../x"));
	assert_int_equal(errno, EINVAL);
}

// The caller hears of a slow disk at once, and everything that was taken gets there.
static void a_full_queue_refuses(void **state)
{
	struct disk *d = *state;
	struct disk_file *f = disk_open(d, "slow");
	uint8_t *chunk = calloc(1, CHUNK);
	uint64_t taken = 0;
	int ret;

	pthread_mutex_lock(&gate);
	uint64_t begin_ns = am_clock_ns();
	while ((ret = disk_write(f, taken * CHUNK, chunk, CHUNK)) == 0)
		taken++;
	assert_int_equal(ret, -EAGAIN);
	assert_int_equal(taken, DISK_QUEUE_MAX / CHUNK - 1);
	assert_true(disk_waiting(d) <= DISK_QUEUE_MAX);
	assert_true(disk_oldest_us(d) >= (int64_t)(begin_ns / 1000));
	assert_true(disk_oldest_us(d) <= (int64_t)(am_clock_ns() / 1000));
	assert_false(disk_is_idle(f));
	assert_int_equal(disk_write(f, 0, "x", 1), 0); // there is room for little
	pthread_mutex_unlock(&gate);
	scratch_drain(d);
	assert_int_equal(disk_written(f), taken * CHUNK + 1);
	assert_int_equal(disk_write(f, 0, chunk, CHUNK), 0);
	close_drained(d, f);
	free(chunk);
}

static void the_first_error_stays(void **state)
{
	struct disk *d = *state;
	struct disk_file *bad = disk_open(d, "bad"), *good = disk_open(d, "good");

	atomic_store(&fail_with, EIO);
	assert_int_equal(disk_write(bad, 0, "x", 1), 0);
	disk_rename(bad, "worse", true);
	scratch_drain(d);
	atomic_store(&fail_with, ENOSPC);
	assert_int_equal(disk_error(bad), -EIO);
	assert_int_equal(disk_write(bad, 0, "x", 1), -EIO);
	atomic_store(&fail_with, 0);
	assert_int_equal(disk_write(good, 0, "x", 1), 0);
	scratch_drain(d);
	assert_int_equal(disk_error(good), 0);
	disk_close(bad);
	close_drained(d, good);
	assert_false(disk_exists(d, "worse")); // nothing is done behind an error
	assert_false(disk_exists(d, "bad"));
}

// Half a cluster behind the end would be a defect.
static void a_failed_write_leaves_no_part(void **state)
{
	struct disk *d = *state;
	struct disk_file *f = disk_open(d, "part");

	assert_int_equal(disk_write(f, 0, "whole", 5), 0);
	scratch_drain(d);
	atomic_store(&fail_with, ENOSPC);
	atomic_store(&half_of, 1000);
	char bytes[1000];
	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(disk_write(f, 5, bytes, sizeof(bytes)), 0);
	scratch_drain(d);
	assert_content("part", "whole");
	close_drained(d, f);
}

static void a_close_frees_what_was_allocated_ahead(void **state)
{
	struct disk *d = *state;
	struct disk_file *f = disk_open(d, "ahead");
	struct stat st;

	assert_int_equal(disk_write(f, 0, "x", 1), 0);
	scratch_drain(d);
	assert_int_equal(stat(scratch_path("ahead"), &st), 0);
	assert_int_equal(st.st_size, 1);
	if (st.st_blocks * 512 < (blkcnt_t)DISK_AHEAD_MIN)
		print_message("this file system does not allocate ahead\n");
	close_drained(d, f);
	assert_int_equal(stat(scratch_path("ahead"), &st), 0);
	assert_int_equal(st.st_size, 1);
	assert_true(st.st_blocks * 512 <= 65536);
}

static void syncs_are_queued_once(void **state)
{
	struct disk *d = *state;
	struct disk_file *f = disk_open(d, "sync");

	pthread_mutex_lock(&gate);
	assert_int_equal(disk_write(f, 0, "x", 1), 0);
	for (int i = 0; i < 5; i++)
		disk_sync(f);
	pthread_mutex_unlock(&gate);
	scratch_drain(d);
	assert_int_equal(atomic_load(&syncs), 1);
	disk_rename(f, "synced", true);
	disk_sync(f);
	close_drained(d, f);
	assert_int_equal(atomic_load(&syncs), 2);
}

static void free_space_is_known(void **state)
{
	assert_true(disk_free(*state) > 0);
}

// The recorder's end waits for 5 s, not for ever.
static void a_stuck_disk_does_not_keep_the_process(void **)
{
	struct disk *d = disk_create(scratch_directory());
	struct disk_file *f = disk_open(d, "stuck");

	pthread_mutex_lock(&gate);
	assert_int_equal(disk_write(f, 0, "x", 1), 0);
	disk_close(f);
	uint64_t begin_ns = am_clock_ns();
	disk_destroy(d);
	uint64_t took_ms = (am_clock_ns() - begin_ns) / 1000000;
	assert_in_range(took_ms, 4900, 9000);
	pthread_mutex_unlock(&gate);
	for (int i = 0; i < 5000 && access(scratch_path("stuck"), F_OK) == 0; i++) {
		struct stat st;
		if (stat(scratch_path("stuck"), &st) == 0 && st.st_size == 1)
			break;
		usleep(1000);
	}
	assert_content("stuck", "x");
	usleep(100000); // the thread frees the disk
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(writes_are_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(files_and_folders_are_for_their_owner, setup, teardown),
        cmocka_unit_test_setup_teardown(opening_keeps_empties_or_requires, setup, teardown),
        cmocka_unit_test_setup_teardown(no_path_leads_out, setup, teardown),
        cmocka_unit_test_setup_teardown(a_rename_does_not_lead_out_either, setup, teardown),
        cmocka_unit_test_setup_teardown(what_has_the_name_may_be_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_is_begun_waits_for_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_queue_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(the_first_error_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_write_leaves_no_part, setup, teardown),
        cmocka_unit_test_setup_teardown(a_close_frees_what_was_allocated_ahead, setup, teardown),
        cmocka_unit_test_setup_teardown(syncs_are_queued_once, setup, teardown),
        cmocka_unit_test_setup_teardown(free_space_is_known, setup, teardown),
        cmocka_unit_test(a_stuck_disk_does_not_keep_the_process),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}

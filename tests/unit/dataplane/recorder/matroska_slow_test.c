// A disk that is too slow or full: the caller hears of it, and what lies on disk plays.
#include "test.h"

#include "film.h"
#include "player.h"
#include "scratch.h"
#include "walk.h"

#include "am_clock.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECONDS 8
#define TMPFS   "size=256k"
#define BIG     (1u << 20)

ssize_t __real_pwrite(int fd, const void *bytes, size_t len, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t len, off_t offset);

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

ssize_t __wrap_pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	return __real_pwrite(fd, bytes, len, offset);
}

// While the disk stands still, frames are taken up to the queue's limit; then it goes on, and the
// file has what was taken.
static void a_slow_disk_refuses_frames(void **)
{
	static const struct matroska_track vp8 = {.codec = CODEC_VP8, .width = 320, .height = 180};
	struct disk *d = disk_create(scratch_directory());
	struct matroska *m = matroska_create(d, "slow.webm", &vp8, 1);
	uint8_t *picture = calloc(1, BIG);
	size_t taken = 0, refused = 0;
	uint64_t slowest_ns = 0;

	pthread_mutex_lock(&gate);
	for (int64_t ms = 0; refused < 10; ms += FILM_PICTURE_MS) {
		uint64_t begin_ns = am_clock_ns();
		int ret = matroska_frame(m, 0, ms, picture, BIG, ms == 0);
		uint64_t took_ns = am_clock_ns() - begin_ns;
		slowest_ns = took_ns > slowest_ns ? took_ns : slowest_ns;
		assert_true(ret == 0 || ret == -EAGAIN);
		taken += ret == 0;
		refused += ret < 0;
	}
	assert_int_equal(matroska_flush(m, 0, true), -EAGAIN);
	assert_true(taken * BIG < DISK_QUEUE_MAX + MATROSKA_CLUSTER_MAX);
	assert_true(slowest_ns < 1000000000);
	pthread_mutex_unlock(&gate);
	scratch_drain(d);
	assert_int_equal(matroska_flush(m, 1, true), 0);
	assert_int_equal(matroska_frame(m, 0, 1 << 20, picture, 1, true), 0);
	matroska_close(m, 0);
	scratch_drain(d);
	struct walk *w = walk_file(scratch_path("slow.webm"));
	walk_assert_whole(w, false);
	assert_int_equal(w->block_count, taken + 1);
	walk_free(w);
	disk_destroy(d);
	free(picture);
}

static void fill(const char *path, size_t len)
{
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	for (size_t i = 0; i < len; i++)
		fputc(0, f);
	fclose(f);
}

// Plays until there is an error. The index of the frame that met it.
static size_t
play_until_error(const struct film *f, struct disk *d, struct matroska *m, size_t from)
{
	for (size_t i = from; i < f->frame_count; i++) {
		const struct film_frame *frame = &f->frames[i];
		int ret = matroska_frame(
		        m, frame->track, frame->time_ms, frame->data, frame->len, frame->key
		);
		if (ret == 0)
			ret = matroska_flush(m, frame->time_ms, false);
		if (ret < 0) {
			assert_int_equal(ret, -ENOSPC);
			return i;
		}
		scratch_drain(d);
	}
	return f->frame_count;
}

static void a_full_disk_leaves_a_file_that_plays(void **)
{
	const char *folder = scratch_path("full"), *path = scratch_path("full/film.webm");
	int64_t last_ms[MATROSKA_TRACK_MAX];
	char options[32] = TMPFS;

	if (geteuid() != 0)
		skip();
	struct film *f = film_create(CODEC_VP8, true, SECONDS);
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(mount("tmpfs", folder, "tmpfs", 0, options), 0);
	fill(scratch_path("full/others"), 65536);

	struct disk *d = disk_create(folder);
	struct matroska *m = matroska_create(d, "film.webm", f->tracks, f->count);
	assert_non_null(m);
	size_t at = play_until_error(f, d, m, 0);
	assert_true(at < f->frame_count);
	assert_int_equal(matroska_error(m), -ENOSPC);
	assert_true(matroska_is_on_disk(m));
	matroska_close(m, SECONDS * 1000);
	scratch_drain(d);
	struct walk *w = walk_file(path);
	walk_assert_whole(w, false);
	assert_true(w->last_ms[0] > f->frames[at].time_ms - 1500);
	assert_true(w->duration <= (double)f->frames[at].time_ms);
	walk_free(w);
	player_decodes(path, false);

	// Another file cannot even begin, and leaves nothing behind.
	m = matroska_create(d, "other.webm", f->tracks, f->count);
	assert_non_null(m);
	assert_true(play_until_error(f, d, m, 0) < f->frame_count);
	assert_false(matroska_is_on_disk(m));
	matroska_close(m, 0);
	scratch_drain(d);
	assert_false(disk_exists(d, "other.webm"));
	assert_false(disk_exists(d, "other.webm" MATROSKA_TEMPORARY_NAME));

	// There is room again, and little later there is none.
	assert_int_equal(unlink(scratch_path("full/others")), 0);
	m = matroska_resume(d, "film.webm", last_ms);
	assert_non_null(m);
	size_t again = play_until_error(f, d, m, film_at(f, last_ms[0]));
	assert_true(again > at);
	matroska_close(m, 0);
	scratch_drain(d);
	w = walk_file(path);
	walk_assert_whole(w, false);
	walk_free(w);
	player_decodes(path, false);
	disk_destroy(d);
	assert_int_equal(umount(folder), 0);
	film_free(f);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_disk_refuses_frames),
        cmocka_unit_test(a_full_disk_leaves_a_file_that_plays),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}

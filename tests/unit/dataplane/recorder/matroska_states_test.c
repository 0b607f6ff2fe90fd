// Whatever write is the last one, or the last one that is carried out in part, the file is whole.
#include "test.h"

#include "scratch.h"
#include "walk.h"

#include "recorder/disk.h"
#include "recorder/matroska.h"
#include "recorder/matroska_layout.h"

#include <stdio.h>
#include <unistd.h>

#define NAME       "written.webm"
#define STATE      "state.webm"
#define FRAME_MS   40
#define KEY_MS     1000
#define WRITES_MAX 4096

ssize_t __real_pwrite(int fd, const void *bytes, size_t len, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t len, off_t offset);

// What the disk's thread has written; read when it is idle.
static struct {
	off_t offset;
	size_t len;
	uint8_t *bytes;
} writes[WRITES_MAX];
static size_t write_count;

static const uint8_t packet[] = {0xFC, 1, 2, 3};
static const uint8_t picture[] = {9, 8, 7, 6, 5};

ssize_t __wrap_pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
	if (write_count < WRITES_MAX) {
		uint8_t *copy = malloc(len);
		memcpy(copy, bytes, len);
		writes[write_count].offset = offset;
		writes[write_count].len = len;
		writes[write_count++].bytes = copy;
	}
	return __real_pwrite(fd, bytes, len, offset);
}

static void play(struct matroska *m, int64_t from_ms, int64_t to_ms)
{
	for (int64_t ms = from_ms; ms < to_ms; ms += 20) {
		assert_int_equal(matroska_frame(m, 1, ms, packet, sizeof(packet), true), 0);
		if (ms % FRAME_MS == 0)
			assert_int_equal(
			        matroska_frame(
			                m, 0, ms, picture, sizeof(picture), ms % KEY_MS == 0
			        ),
			        0
			);
	}
}

// Two writers, one after the other.
static void record(void)
{
	static const struct matroska_track tracks[] = {
	        {.codec = CODEC_VP8, .width = 320, .height = 180},
	        {.codec = CODEC_OPUS, .channels = 1},
	};
	struct disk *d = disk_create(scratch_directory());
	int64_t last_ms[MATROSKA_TRACK_MAX];

	struct matroska *m = matroska_create(d, NAME, tracks, 2);
	assert_non_null(m);
	play(m, 0, 60000);
	matroska_close(m, 0);
	scratch_drain(d);
	m = matroska_resume(d, NAME, last_ms);
	assert_non_null(m);
	play(m, 60000, 70000);
	matroska_close(m, 0);
	disk_destroy(d);
}

// Carries out a write, or its beginning.
static void carry_out(FILE *f, size_t i, size_t len)
{
	assert_int_equal(fseek(f, writes[i].offset, SEEK_SET), 0);
	assert_int_equal(fwrite(writes[i].bytes, 1, len, f), len);
	assert_int_equal(fflush(f), 0);
}

static void check_state(bool torn, double *duration)
{
	struct walk *w = walk_file(scratch_path(STATE));

	walk_assert_whole(w, torn);
	// It never goes back, and lacks one cluster at most.
	assert_true(w->duration >= *duration);
	size_t last = w->cluster_count - 1;
	assert_true(last == 0 || w->duration >= (double)w->clusters[last].time_ms);
	int64_t last_ms = w->last_ms[0] > w->last_ms[1] ? w->last_ms[0] : w->last_ms[1];
	assert_true(w->duration <= (double)(last_ms + FRAME_MS)); // nor speaks of what is not there
	*duration = w->duration;
	walk_free(w);
}

static void each_state_is_whole(void **)
{
	double duration = 0;
	long size = 0;

	record();
	assert_true(write_count > 500 && write_count < WRITES_MAX);
	FILE *f = fopen(scratch_path(STATE), "wb");
	assert_non_null(f);
	for (size_t i = 0; i < write_count; i++) {
		size_t len = writes[i].len;
		if (i > 0 && writes[i].offset == size) { // a cluster
			for (size_t part = 1; part < len; part += i % 16 == 0 ? 1 : len) {
				carry_out(f, i, part);
				check_state(true, &duration);
				assert_int_equal(ftruncate(fileno(f), size), 0);
			}
		} else if (i > 0) { // a patch
			assert_int_equal(
			        writes[i].offset / MATROSKA_SECTOR,
			        (writes[i].offset + (off_t)len - 1) / MATROSKA_SECTOR
			);
		}
		carry_out(f, i, len);
		if (writes[i].offset + (off_t)len > size)
			size = writes[i].offset + (long)len;
		check_state(false, &duration);
	}
	fclose(f);
	assert_true(duration == 70000);
	for (size_t i = 0; i < write_count; i++)
		free(writes[i].bytes);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_state_is_whole),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}

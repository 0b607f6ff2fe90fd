// What resuming makes of files that are cut, torn, from a disk that lost power, or hostile.
#include "test.h"

#include "hostile.h"
#include "scratch.h"
#include "walk.h"

#include "recorder/matroska_scan.h"

#include "recorder/disk.h"
#include "recorder/matroska.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define NAME      "scan.webm"
#define FRAME_MS  40
#define LENGTH_MS 6000
#define KEY_MS    1000
#define ROUNDS    4000
#define CHANGES   4 // of bytes at once

static uint8_t *file; // a whole one
static size_t file_len;
static struct matroska_scan scanned; // 64 KiB of it are not for the stack

static const uint8_t packet[] = {0xFC, 1, 2, 3};
static const uint8_t picture[] = {9, 8, 7, 6, 5};

// As memory of exactly this size, so that the sanitizers see a read of a byte too many.
struct copy {
	uint8_t *bytes;
	size_t len;
};

static ssize_t read_copy(void *owner, uint64_t offset, void *bytes, size_t len)
{
	const struct copy *c = owner;
	if (offset > c->len)
		return 0;
	size_t n = len < c->len - offset ? len : c->len - (size_t)offset;
	memcpy(bytes, c->bytes + offset, n);
	return (ssize_t)n;
}

static struct copy copy_of(const uint8_t *bytes, size_t len)
{
	struct copy c = {malloc(len + (len == 0)), len};
	assert_non_null(c.bytes);
	memcpy(c.bytes, bytes, len);
	return c;
}

static int scan(struct copy *c)
{
	struct matroska_source source = {c, read_copy, c->len};
	return matroska_scan(&source, &scanned);
}

// Whatever is found is within the file; and once it is made true, it is found again.
static void scan_twice(struct copy *c)
{
	struct matroska_scan *first;

	if (scan(c) < 0)
		return;
	assert_true(scanned.count > 0 && scanned.count <= MATROSKA_TRACK_MAX);
	assert_true(scanned.end >= MATROSKA_CLUSTERS_AT && scanned.end <= c->len);
	assert_true(scanned.slots <= MATROSKA_SLOTS);
	assert_true(scanned.slots > 0 || scanned.end == MATROSKA_CLUSTERS_AT);
	for (uint8_t i = 0; i < scanned.count; i++)
		assert_true(scanned.last_ms[i] >= -1 && scanned.last_ms[i] <= scanned.end_ms);

	first = malloc(sizeof(*first));
	assert_non_null(first);
	*first = scanned;
	c->len = (size_t)first->end;
	memcpy(c->bytes + MATROSKA_CUES_AT, first->cues, MATROSKA_CUES_LEN);
	assert_int_equal(scan(c), 0);
	assert_false(scanned.cues_changed);
	first->cues_changed = false;
	assert_memory_equal(first, &scanned, sizeof(scanned));
	free(first);
}

static struct matroska *make(struct disk *d, int64_t end_ms)
{
	static const struct matroska_track tracks[] = {
	        {.codec = CODEC_VP8, .width = 320, .height = 180},
	        {.codec = CODEC_OPUS, .channels = 1},
	};
	struct matroska *m = matroska_create(d, NAME, tracks, 2);
	assert_non_null(m);
	for (int64_t ms = 0; ms < end_ms; ms += 20) {
		assert_int_equal(matroska_frame(m, 1, ms, packet, sizeof(packet), true), 0);
		if (ms % FRAME_MS == 0)
			assert_int_equal(
			        matroska_frame(
			                m, 0, ms, picture, sizeof(picture), ms % KEY_MS == 0
			        ),
			        0
			);
	}
	return m;
}

static int make_file(void **)
{
	struct disk *d = disk_create(scratch_directory());
	matroska_close(make(d, LENGTH_MS), 0);
	scratch_drain(d);
	disk_destroy(d);
	struct walk *w = walk_file(scratch_path(NAME));
	walk_assert_whole(w, false);
	file_len = w->size;
	file = malloc(file_len);
	assert_non_null(file);
	memcpy(file, w->bytes, file_len);
	walk_free(w);
	return 0;
}

static int free_file(void **)
{
	free(file);
	return 0;
}

static void a_whole_file_is_found(void **)
{
	struct copy c = copy_of(file, file_len);

	assert_int_equal(scan(&c), 0);
	assert_int_equal(scanned.count, 2);
	assert_int_equal(scanned.codecs[0], CODEC_VP8);
	assert_int_equal(scanned.codecs[1], CODEC_OPUS);
	assert_int_equal(scanned.end, file_len);
	assert_int_equal(scanned.end_ms, LENGTH_MS);
	assert_int_equal(scanned.last_ms[0], LENGTH_MS - FRAME_MS);
	assert_int_equal(scanned.last_ms[1], LENGTH_MS - 20);
	assert_int_equal(scanned.slots, 3);
	assert_int_equal(scanned.cue_ms, 4000);
	assert_false(scanned.cues_changed);
	free(c.bytes);
}

// At any length: what is found ends with a whole cluster, and nothing whole is thrown away.
static void a_cut_file_keeps_its_whole_clusters(void **)
{
	struct walk *w = walk_file(scratch_path(NAME));

	for (size_t len = 0; len <= file_len; len += len < MATROSKA_CLUSTERS_AT - 64 ? 61 : 1) {
		struct copy c = copy_of(file, len);
		int ret = scan(&c);
		assert_int_equal(ret, len < MATROSKA_CLUSTERS_AT ? -EBADMSG : 0);
		if (ret == 0) {
			uint64_t end = MATROSKA_CLUSTERS_AT;
			for (size_t i = 0; i < w->cluster_count; i++) {
				if (w->clusters[i].offset + w->clusters[i].len <= len)
					end = w->clusters[i].offset + w->clusters[i].len;
			}
			assert_int_equal(scanned.end, end);
			scan_twice(&c);
		}
		free(c.bytes);
	}
	walk_free(w);
}

// After a loss of power: the Cues are on disk, the clusters are zeros.
static void a_cue_that_points_at_nothing_is_cleared(void **)
{
	struct copy c = copy_of(file, file_len);
	struct matroska_cue cue;

	assert_int_equal(matroska_slot_get(file + matroska_slot_at(2), &cue), 1);
	memset(c.bytes + cue.offset, 0, file_len - (size_t)cue.offset);
	assert_int_equal(scan(&c), 0);
	assert_true(scanned.cues_changed);
	assert_int_equal(scanned.slots, 2);
	assert_int_equal(scanned.cue_ms, 2000);
	assert_int_equal(scanned.end, cue.offset);
	assert_int_equal(scanned.last_ms[0], 4000 - FRAME_MS);
	scan_twice(&c);
	free(c.bytes);
}

static void lost_cues_are_restored(void **)
{
	struct copy c = copy_of(file, file_len);

	memset(c.bytes + MATROSKA_CUES_AT + 12, 0, MATROSKA_CUES_LEN - 12);
	assert_int_equal(scan(&c), 0);
	assert_true(scanned.cues_changed);
	assert_int_equal(scanned.slots, 1);
	assert_int_equal(scanned.end, file_len);
	scan_twice(&c);
	free(c.bytes);
}

// Sound that ended before the last CuePoint is looked for further back.
static void a_track_that_ended_early_is_found(void **)
{
	struct disk *d = disk_create(scratch_directory());
	int64_t last_ms[MATROSKA_TRACK_MAX];

	assert_int_equal(unlink(scratch_path(NAME)), 0);
	struct matroska *m = make(d, 3000);
	for (int64_t ms = 3000; ms < 20000; ms += FRAME_MS)
		assert_int_equal(
		        matroska_frame(m, 0, ms, picture, sizeof(picture), ms % KEY_MS == 0), 0
		);
	matroska_close(m, 0);
	scratch_drain(d);
	m = matroska_resume(d, NAME, last_ms);
	assert_non_null(m);
	assert_int_equal(last_ms[0], 20000 - FRAME_MS);
	assert_int_equal(last_ms[1], 3000 - 20);
	matroska_close(m, 0);
	disk_destroy(d);
}

static void put_file(const uint8_t *bytes, size_t len)
{
	FILE *f = fopen(scratch_path(NAME), "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	fclose(f);
}

// As the scan says, so is the file afterwards.
static void resuming_mends_the_file(void **)
{
	struct disk *d = disk_create(scratch_directory());
	int64_t last_ms[MATROSKA_TRACK_MAX];
	struct matroska_cue cue;

	assert_int_equal(matroska_slot_get(file + matroska_slot_at(2), &cue), 1);
	struct copy c = copy_of(file, file_len);
	c.bytes[cue.offset + 17] = 0xFF; // a block of a track that there is not
	put_file(c.bytes, c.len);
	struct matroska *m = matroska_resume(d, NAME, last_ms);
	assert_non_null(m);
	assert_true(matroska_is_on_disk(m));
	assert_int_equal(last_ms[0], 4000 - FRAME_MS);
	assert_int_equal(last_ms[1], 4000 - 20);
	assert_int_equal(matroska_bytes(m), cue.offset);
	scratch_drain(d);
	struct walk *w = walk_file(scratch_path(NAME));
	walk_assert_whole(w, false);
	assert_int_equal(w->duration, 4000);
	assert_int_equal(w->cue_count, 2);
	walk_free(w);

	// What it has is left out, what follows is not.
	assert_int_equal(matroska_frame(m, 0, 3960, picture, sizeof(picture), false), 0);
	assert_int_equal(matroska_frame(m, 0, 4000, picture, sizeof(picture), true), 0);
	matroska_close(m, 0);
	scratch_drain(d);
	w = walk_file(scratch_path(NAME));
	walk_assert_whole(w, false);
	assert_int_equal(w->block_count, 100 + 200 + 1);
	assert_int_equal(w->duration, 4040);
	assert_int_equal(w->cue_count, 3);
	walk_free(w);
	free(c.bytes);
	disk_destroy(d);
}

// Places in which every file of ours has the same bytes.
static void another_layout_is_refused(void **)
{
	static const size_t fixed[] = {0, 3, 0x24, 0x28, 0x2F, 0x75, 0x77, 0x1000, 0x1004, 0x100B};

	for (size_t i = 0; i < COUNT(fixed); i++) {
		struct copy c = copy_of(file, file_len);
		c.bytes[fixed[i]] ^= 0x01;
		assert_int_equal(scan(&c), -EBADMSG);
		free(c.bytes);
	}
}

static void other_files_are_refused(void **)
{
	struct disk *d = disk_create(scratch_directory());
	int64_t last_ms[MATROSKA_TRACK_MAX];

	assert_null(matroska_resume(d, "absent.webm", last_ms));
	assert_int_equal(errno, ENOENT);
	put_file(file, 0);
	assert_null(matroska_resume(d, NAME, last_ms));
	assert_int_equal(errno, EBADMSG);
	put_file((const uint8_t *)"text", 4);
	assert_null(matroska_resume(d, NAME, last_ms));
	assert_int_equal(errno, EBADMSG);
	assert_int_equal(last_ms[0], -1);
	disk_destroy(d);
	// And left as they are.
	struct walk *w = walk_file(scratch_path(NAME));
	assert_int_equal(w->size, 4);
	walk_free(w);
}

// The parts of a file that say something.
static size_t telling_offset(uint64_t *random)
{
	switch (hostile_random(random) % 4) {
	case 0: return hostile_random(random) % 0x140; // heads, Tracks
	case 1: return MATROSKA_CUES_AT + hostile_random(random) % 96;
	case 2: return MATROSKA_CUES_AT + hostile_random(random) % MATROSKA_CUES_LEN;
	default:
		return MATROSKA_CLUSTERS_AT +
		       hostile_random(random) % (file_len - MATROSKA_CLUSTERS_AT);
	}
}

static void hostile_files_do_no_harm(void **)
{
	static const uint8_t special[] = {0,    1,    0x7F, 0x80, 0xFF, 0x10,
	                                  0x1F, 0xA3, 0xE7, 0xEC, 0xBB};
	uint64_t random = hostile_seed();

	for (int round = 0; round < ROUNDS; round++) {
		struct copy c = copy_of(file, file_len);
		for (uint32_t n = hostile_random(&random) % CHANGES + 1; n > 0; n--) {
			uint32_t value = hostile_random(&random);
			c.bytes[telling_offset(&random)] =
			        (value & 0x100) != 0 ? (uint8_t)value
			                             : special[value % COUNT(special)];
		}
		if (hostile_random(&random) % 8 == 0)
			c.len -= hostile_random(&random) % 2000;
		scan_twice(&c);
		free(c.bytes);
	}
}

// Sizes that a file of this size cannot have, or that wrap around.
static void huge_sizes_do_no_harm(void **)
{
	static const uint8_t sizes[][8] = {
	        {0x1F, 0xFF, 0xFF, 0xFF},
	        {0x1F, 0xFF, 0xFF, 0xFE},
	        {0x10, 0, 0, 0},
	        {0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF},
	        {0x01, 0, 0, 0, 0, 0, 0, 0},
	        {0},
	};
	struct walk *w = walk_file(scratch_path(NAME));

	for (size_t i = 0; i < COUNT(sizes); i++) {
		for (size_t at = 4; at < 24; at++) {
			struct copy c = copy_of(file, file_len);
			memcpy(c.bytes + MATROSKA_CLUSTERS_AT + at, sizes[i], 8);
			scan_twice(&c);
			free(c.bytes);
		}
		for (size_t at = 0; at < 0x140; at++) {
			struct copy c = copy_of(file, file_len);
			memcpy(c.bytes + at, sizes[i], 8);
			scan_twice(&c);
			free(c.bytes);
		}
	}
	walk_free(w);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_file_is_found),
        cmocka_unit_test(a_cut_file_keeps_its_whole_clusters),
        cmocka_unit_test(a_cue_that_points_at_nothing_is_cleared),
        cmocka_unit_test(lost_cues_are_restored),
        cmocka_unit_test(hostile_files_do_no_harm),
        cmocka_unit_test(huge_sizes_do_no_harm),
        cmocka_unit_test(a_track_that_ended_early_is_found),
        cmocka_unit_test(resuming_mends_the_file),
        cmocka_unit_test(another_layout_is_refused),
        cmocka_unit_test(other_files_are_refused),
};

int main(void)
{
	return cmocka_run_group_tests(tests, make_file, free_file);
}

// The layout of a file, byte by byte; which frames go into which cluster; which cluster has a
// CuePoint; what is refused.
#include "test.h"

#include "scratch.h"
#include "walk.h"

#include "recorder/matroska.h"
#include "recorder/matroska_layout.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FRAME_MS 40

static const struct matroska_track vp8 = {.codec = CODEC_VP8, .width = 320, .height = 180};
static const struct matroska_track opus = {.codec = CODEC_OPUS, .channels = 2};
static const uint8_t packet[] = {0xFC, 1, 2, 3}; // Opus of 20 ms
static const uint8_t picture[] = {9, 8, 7, 6, 5};

struct world {
	struct disk *disk;
	struct matroska *m;
	int number;
	char name[32];
};

static int setup(void **state)
{
	static struct world w;

	w.disk = disk_create(scratch_directory());
	assert_non_null(w.disk);
	snprintf(w.name, sizeof(w.name), "r/%d.webm", w.number++);
	w.m = NULL;
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	if (w->m != NULL)
		matroska_close(w->m, 0);
	disk_destroy(w->disk);
	return 0;
}

static void create(struct world *w, bool with_picture, bool with_sound)
{
	struct matroska_track tracks[2];
	uint8_t count = 0;

	if (with_picture)
		tracks[count++] = vp8;
	if (with_sound)
		tracks[count++] = opus;
	w->m = matroska_create(w->disk, w->name, tracks, count);
	assert_non_null(w->m);
}

static void add_picture(struct world *w, int64_t time_ms, bool key)
{
	assert_int_equal(matroska_frame(w->m, 0, time_ms, picture, sizeof(picture), key), 0);
}

static void add_packet(struct world *w, uint8_t track, int64_t time_ms)
{
	assert_int_equal(matroska_frame(w->m, track, time_ms, packet, sizeof(packet), false), 0);
}

static struct walk *finish(struct world *w, int64_t duration_ms)
{
	matroska_close(w->m, duration_ms);
	w->m = NULL;
	scratch_drain(w->disk);
	return walk_file(scratch_path(w->name));
}

static void assert_bytes(const struct walk *w, size_t at, const char *hex)
{
	for (; *hex != '\0'; hex += 2, at++) {
		unsigned byte;
		assert_int_equal(sscanf(hex, "%2x", &byte), 1);
		assert_int_equal(w->bytes[at], byte);
	}
}

// The places that players and the resuming recorder rely on.
static void the_layout_is_fixed(void **state)
{
	struct world *w = *state;

	create(w, true, true);
	add_packet(w, 1, 0);
	add_picture(w, 0, true);
	struct walk *f = finish(w, 0);
	walk_assert_whole(f, false);
	assert_bytes(f, 0, "1a45dfa39f42868101");
	assert_bytes(f, 0x24, "1853806701ffffffffffffff");
	assert_bytes(f, 0x30, "114d9b74b34dbb8e53ab841549a96653ac8400000038");
	assert_bytes(f, 0x68, "1549a966");
	assert_bytes(f, 0x6E, "2ad7b1830f4240");
	assert_bytes(
	        f, 0x75,
	        "448988"
	        "4044000000000000"
	); // 40 ms
	assert_bytes(f, 0x1000, "1c53bb6b010000000000fff4");
	assert_bytes(f, 0x100C, "bb92b38400000000b78af78101f1850000010fd0");
	assert_bytes(f, 0x1020, "ec92000000000000000000000000000000000000");
	for (size_t sector = 0x1200; sector < 0x11000; sector += 512)
		assert_bytes(f, sector, "ec8a00000000000000000000ec92");
	// Timestamp 0; the picture of 5 bytes, a key frame; the sound of 4.
	assert_bytes(
	        f, 0x11000,
	        "1f43b6751000001de78400000000"
	        "a3400981000080"
	        "0908070605"
	        "a3400882000080"
	        "fc010203"
	);
	assert_int_equal(f->size, 0x11000 + 8 + 0x1D);
	walk_free(f);
}

// CodecPrivate, CodecDelay and SeekPreRoll of sound that was delayed already, and of a browser's.
static void sound_tells_its_delay(void **state)
{
	struct world *w = *state;
	static const uint8_t none[] = {0x63, 0xA2, 0x93, 'O',  'p',  'u',  's',  'H',  'e',
	                               'a',  'd',  1,    2,    0,    0,    0x80, 0xBB, 0,
	                               0,    0,    0,    0,    0x56, 0xAA, 0x81, 0,    0x56,
	                               0xBB, 0x84, 0x04, 0xC4, 0xB4, 0x00};
	static const uint8_t some[] = {0x63, 0xA2, 0x93, 'O',  'p',  'u',  's',  'H',  'e',
	                               'a',  'd',  1,    2,    0x38, 1,    0x80, 0xBB, 0,
	                               0,    0,    0,    0,    0x56, 0xAA, 0x83, 0x63, 0x2E,
	                               0xA0, 0x56, 0xBB, 0x84, 0x04, 0xC4, 0xB4, 0x00};
	struct matroska_track browser = opus;

	create(w, false, true);
	add_packet(w, 0, 0);
	struct walk *f = finish(w, 0);
	assert_non_null(memmem(f->bytes, 0x1000, none, sizeof(none)));
	walk_free(f);

	snprintf(w->name, sizeof(w->name), "r/browser.webm");
	browser.pre_skip = MATROSKA_PRE_SKIP;
	w->m = matroska_create(w->disk, w->name, &browser, 1);
	assert_non_null(w->m);
	add_packet(w, 0, 0);
	f = finish(w, 0);
	assert_non_null(memmem(f->bytes, 0x1000, some, sizeof(some)));
	walk_free(f);
}

// 40 ms a picture, 250 ms a cluster: seven pictures, or six.
static void a_cluster_has_250_ms(void **state)
{
	struct world *w = *state;

	create(w, true, false);
	for (int64_t ms = 0; ms < 1000; ms += FRAME_MS)
		add_picture(w, ms, ms == 0);
	struct walk *f = finish(w, 0);
	walk_assert_whole(f, false);
	assert_int_equal(f->cluster_count, 4);
	assert_int_equal(f->clusters[1].time_ms, 280);
	assert_int_equal(f->clusters[2].time_ms, 560);
	assert_int_equal(f->clusters[3].time_ms, 840);
	assert_int_equal(f->block_count, 25);
	assert_int_equal(f->duration, 1000);
	walk_free(f);
}

static void a_cluster_waits_for_its_time_and_no_longer(void **state)
{
	struct world *w = *state;

	create(w, true, false);
	add_picture(w, 0, true);
	assert_int_equal(matroska_flush(w->m, 1000, false), 0);
	assert_int_equal(matroska_flush(w->m, 1249, false), 0);
	assert_int_equal(matroska_bytes(w->m), 0);
	assert_int_equal(matroska_flush(w->m, 1250, false), 0);
	assert_true(matroska_bytes(w->m) > MATROSKA_CLUSTERS_AT);
}

static void a_cluster_waits_for_the_other_track_and_no_longer(void **state)
{
	struct world *w = *state;

	create(w, true, true);
	for (int64_t ms = 0; ms < 640; ms += FRAME_MS) {
		add_picture(w, ms, ms == 0);
		assert_int_equal(matroska_flush(w->m, ms, false), 0);
	}
	assert_int_equal(matroska_flush(w->m, 699, false), 0);
	assert_int_equal(matroska_bytes(w->m), 0);
	assert_int_equal(matroska_flush(w->m, 700, false), 0);
	uint64_t one = matroska_bytes(w->m);
	assert_true(one > MATROSKA_CLUSTERS_AT);
	// The pictures behind the first 250 ms still wait.
	assert_int_equal(matroska_flush(w->m, 701, false), 0);
	assert_int_equal(matroska_bytes(w->m), one);
}

static void tracks_that_are_far_apart_do_not_wait(void **state)
{
	struct world *w = *state;

	create(w, true, true);
	for (int64_t ms = 0; ms < 1240; ms += FRAME_MS)
		add_picture(w, ms, ms == 0);
	assert_int_equal(matroska_bytes(w->m), 0);
	add_picture(w, 1280, false);
	assert_true(matroska_bytes(w->m) > MATROSKA_CLUSTERS_AT);
}

// Sound comes 420 ms after the pictures, as mixed sound does.
static void blocks_are_in_order_of_time(void **state)
{
	struct world *w = *state;

	create(w, true, true);
	for (int64_t ms = 0; ms < 4000; ms += 20) {
		if (ms % FRAME_MS == 0)
			add_picture(w, ms, ms % 1000 == 0);
		if (ms >= 420)
			add_packet(w, 1, ms - 420);
		assert_int_equal(matroska_flush(w->m, ms, false), 0);
	}
	struct walk *f = finish(w, 0);
	walk_assert_whole(f, false);
	for (size_t i = 1; i < f->block_count && f->blocks[i].time_ms < 3500; i++)
		assert_true(f->blocks[i].time_ms >= f->blocks[i - 1].time_ms);
	assert_int_equal(f->block_count, 100 + 179);
	walk_free(f);
}

// What comes when its cluster is written goes into the next one, whose time does not go back.
static void late_sound_is_kept(void **state)
{
	struct world *w = *state;

	create(w, true, true);
	for (int64_t ms = 0; ms < 3000; ms += FRAME_MS)
		add_picture(w, ms, ms == 0);
	add_packet(w, 1, 500);
	add_packet(w, 1, 520);
	struct walk *f = finish(w, 0);
	walk_assert_whole(f, false);
	assert_int_equal(f->block_count, 75 + 2);
	assert_int_equal(f->last_ms[1], 520);
	walk_free(f);
}

static void a_key_frame_with_a_cue_begins_a_cluster(void **state)
{
	struct world *w = *state;

	create(w, true, true);
	for (int64_t ms = 0; ms < 6000; ms += 20) {
		add_packet(w, 1, ms);
		if (ms % FRAME_MS == 0) // a key frame each 1080 ms
			add_picture(w, ms, ms % 1080 == 0);
	}
	struct walk *f = finish(w, 0);
	walk_assert_whole(f, false);
	assert_int_equal(f->cue_count, 3);
	assert_int_equal(f->cues[1].time_ms, 2160);
	assert_int_equal(f->cues[2].time_ms, 4320);
	walk_free(f);
}

// Sound that begins earlier does not keep the first key frame from having one.
static void the_first_key_frame_has_a_cue(void **state)
{
	struct world *w = *state;

	create(w, true, true);
	for (int64_t ms = 0; ms < 600; ms += 20) {
		add_packet(w, 1, ms);
		if (ms >= 100 && ms % 20 == 0)
			add_picture(w, ms, ms == 100);
	}
	struct walk *f = finish(w, 0);
	walk_assert_whole(f, false);
	assert_int_equal(f->cue_count, 2);
	assert_int_equal(f->cues[0].track, 1);
	assert_int_equal(f->cues[1].track, 0);
	assert_int_equal(f->cues[1].time_ms, 100);
	walk_free(f);
}

static void sound_alone_has_cues(void **state)
{
	struct world *w = *state;

	create(w, false, true);
	for (int64_t ms = 0; ms < 5000; ms += 20)
		add_packet(w, 0, ms);
	struct walk *f = finish(w, 0);
	walk_assert_whole(f, false);
	assert_int_equal(f->cue_count, 3);
	assert_int_equal(f->duration, 5000);
	walk_free(f);
}

static void the_duration_reaches_the_last_picture(void **state)
{
	struct world *w = *state;

	create(w, true, false);
	add_picture(w, 0, true);
	add_picture(w, 100, false);
	assert_int_equal(matroska_flush(w->m, 0, true), 0);
	assert_int_equal(matroska_duration_ms(w->m), 200);
	assert_int_equal(matroska_length_ms(w->m, 0), 200);
	assert_int_equal(matroska_length_ms(w->m, 50), 101);
	struct walk *f = finish(w, 150);
	assert_int_equal(f->duration, 150);
	walk_free(f);

	snprintf(w->name, sizeof(w->name), "r/longer.webm");
	create(w, true, false);
	add_picture(w, 0, true);
	f = finish(w, 1234);
	assert_int_equal(f->duration, 1234);
	walk_free(f);
}

static void a_file_appears_with_its_first_cluster(void **state)
{
	struct world *w = *state;
	char part[64];

	snprintf(part, sizeof(part), "%s" MATROSKA_TEMPORARY_NAME, w->name);
	create(w, true, false);
	add_picture(w, 0, true);
	scratch_drain(w->disk);
	assert_false(matroska_is_on_disk(w->m));
	assert_int_equal(access(scratch_path(w->name), F_OK), -1);
	assert_int_equal(access(scratch_path(part), F_OK), -1);
	assert_int_equal(matroska_flush(w->m, 0, true), 0);
	scratch_drain(w->disk);
	assert_true(matroska_is_on_disk(w->m));
	assert_int_equal(access(scratch_path(part), F_OK), -1);
	struct walk *f = walk_file(scratch_path(w->name));
	walk_assert_whole(f, false);
	walk_free(f);
}

static void a_file_without_frames_leaves_nothing(void **state)
{
	struct world *w = *state;
	char part[64];

	snprintf(part, sizeof(part), "%s" MATROSKA_TEMPORARY_NAME, w->name);
	create(w, true, false);
	matroska_close(w->m, 5000);
	w->m = NULL;
	scratch_drain(w->disk);
	assert_int_equal(access(scratch_path(w->name), F_OK), -1);
	assert_int_equal(access(scratch_path(part), F_OK), -1);
}

static void an_existing_file_is_kept(void **state)
{
	struct world *w = *state;

	create(w, true, false);
	add_picture(w, 0, true);
	walk_free(finish(w, 0));
	create(w, true, false);
	add_picture(w, 0, true);
	add_picture(w, FRAME_MS, false);
	assert_int_equal(matroska_flush(w->m, 0, true), 0);
	scratch_drain(w->disk);
	assert_int_equal(matroska_error(w->m), -EEXIST);
	struct walk *f = finish(w, 0);
	assert_int_equal(f->block_count, 1);
	walk_free(f);
	char part[64];
	snprintf(part, sizeof(part), "%s" MATROSKA_TEMPORARY_NAME, w->name);
	assert_int_equal(access(scratch_path(part), F_OK), -1);
}

// Ten seconds, of which what waits and what is written is cut off.
static void assert_cut(struct world *w, int64_t cut_ms, size_t blocks)
{
	create(w, true, true);
	for (int64_t ms = 0; ms < 10000; ms += FRAME_MS) {
		add_picture(w, ms, ms % 2000 == 0);
		add_packet(w, 1, ms);
		add_packet(w, 1, ms + 20);
		assert_int_equal(matroska_flush(w->m, ms, false), 0);
	}
	assert_int_equal(matroska_cut(w->m, cut_ms), 0);
	add_packet(w, 1, cut_ms - 20); // came late
	assert_true(matroska_duration_ms(w->m) < cut_ms + MATROSKA_CLUSTER_MS + FRAME_MS);
	struct walk *f = finish(w, 0);
	walk_assert_whole(f, false);
	assert_true(f->block_count >= blocks);
	for (size_t i = 0; i < f->block_count; i++)
		assert_true(f->blocks[i].time_ms < cut_ms + MATROSKA_CLUSTER_MS);
	for (size_t i = 0; i < f->cue_count; i++)
		assert_true(f->cues[i].time_ms < cut_ms);
	assert_true(f->duration <= (double)(cut_ms + MATROSKA_CLUSTER_MS + FRAME_MS));
	walk_free(f);
	w->number++;
	snprintf(w->name, sizeof(w->name), "r/cut-%d.webm", w->number);
}

static void what_is_later_is_cut_off(void **state)
{
	struct world *w = *state;

	assert_cut(w, 5000, 3 * 125);
	assert_cut(w, 5130, 3 * 128);
	assert_cut(w, 9900, 3 * 247);
	assert_cut(w, 9000, 3 * 225);
	assert_cut(w, 100, 6);
}

static void nothing_later_nothing_cut(void **state)
{
	struct world *w = *state;

	create(w, true, false);
	for (int64_t ms = 0; ms < 1000; ms += FRAME_MS)
		add_picture(w, ms, ms == 0);
	assert_int_equal(matroska_cut(w->m, 1000), 0);
	struct walk *f = finish(w, 0);
	walk_assert_whole(f, false);
	assert_int_equal(f->block_count, 25);
	walk_free(f);
}

static void nonsense_is_refused(void **state)
{
	struct world *w = *state;
	static const struct matroska_track bad[] = {
	        {.codec = CODEC_VP8, .width = 0, .height = 1},
	        {.codec = CODEC_OPUS, .channels = 0},
	        {.codec = CODEC_OPUS, .channels = 3},
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		errno = 0;
		assert_null(matroska_create(w->disk, w->name, &bad[i], 1));
		assert_int_equal(errno, EINVAL);
	}
	struct matroska_track av1 = {
	        .codec = CODEC_AV1, .width = 1, .height = 1, .key = picture, .key_len = 5};
	assert_null(matroska_create(w->disk, w->name, &av1, 1));
	assert_int_equal(errno, EBADMSG);
	assert_null(matroska_create(w->disk, w->name, &vp8, 0));
	assert_null(matroska_create(w->disk, "../x.webm", &vp8, 1));

	create(w, true, false);
	assert_int_equal(matroska_frame(w->m, 1, 0, picture, 5, true), -EINVAL);
	assert_int_equal(matroska_frame(w->m, 0, -1, picture, 5, true), -EINVAL);
	assert_int_equal(matroska_frame(w->m, 0, 1ll << 32, picture, 5, true), -EINVAL);
	assert_int_equal(matroska_frame(w->m, 0, 0, picture, 0, true), -EINVAL);
}

// A frame's time may be off by a little; nothing that is in the file goes back.
static void a_tracks_time_does_not_go_back(void **state)
{
	struct world *w = *state;

	create(w, true, false);
	add_picture(w, 0, true);
	add_picture(w, 80, false);
	assert_int_equal(matroska_frame(w->m, 0, 79, picture, 3, false), 0);
	struct walk *f = finish(w, 0);
	walk_assert_whole(f, false);
	assert_int_equal(f->blocks[2].time_ms, 81);
	assert_int_equal(f->blocks[2].len, 3);
	walk_free(f);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_layout_is_fixed, setup, teardown),
        cmocka_unit_test_setup_teardown(sound_tells_its_delay, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cluster_has_250_ms, setup, teardown),
        cmocka_unit_test_setup_teardown(
                a_cluster_waits_for_its_time_and_no_longer, setup, teardown
        ),
        cmocka_unit_test_setup_teardown(
                a_cluster_waits_for_the_other_track_and_no_longer, setup, teardown
        ),
        cmocka_unit_test_setup_teardown(tracks_that_are_far_apart_do_not_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(blocks_are_in_order_of_time, setup, teardown),
        cmocka_unit_test_setup_teardown(late_sound_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_frame_with_a_cue_begins_a_cluster, setup, teardown),
        cmocka_unit_test_setup_teardown(the_first_key_frame_has_a_cue, setup, teardown),
        cmocka_unit_test_setup_teardown(sound_alone_has_cues, setup, teardown),
        cmocka_unit_test_setup_teardown(the_duration_reaches_the_last_picture, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_appears_with_its_first_cluster, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_without_frames_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(an_existing_file_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_later_is_cut_off, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_later_nothing_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(nonsense_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tracks_time_does_not_go_back, setup, teardown),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}

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

static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_layout_is_fixed, setup, teardown),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}

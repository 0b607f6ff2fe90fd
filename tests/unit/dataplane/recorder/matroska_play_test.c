// ffmpeg reads what was written, of each codec: frames, times, duration, seeks.
#include "test.h"

#include "film.h"
#include "player.h"
#include "scratch.h"
#include "walk.h"

#include <stdio.h>

#define SECONDS 6

static void plays(enum codec picture, bool sound, const char *name)
{
	struct film *f = film_create(picture, sound, SECONDS);
	struct disk *d = disk_create(scratch_directory());
	struct matroska *m = matroska_create(d, name, f->tracks, f->count);
	const char *path = scratch_path(name);

	assert_non_null(m);
	film_play(f, m, 0, f->frame_count);
	matroska_close(m, 0);
	scratch_drain(d);
	struct walk *w = walk_file(path);
	walk_assert_whole(w, false);
	assert_int_equal(w->duration, SECONDS * 1000);
	if (picture != CODEC_OPUS)
		assert_int_equal(w->cue_count, SECONDS / 2);
	walk_free(w);
	player_decodes(path, false);
	player_shows(path, f, f->frame_count);
	assert_int_equal(player_duration_ms(path), SECONDS * 1000);
	for (int64_t ms = 0; picture != CODEC_OPUS && ms < SECONDS * 1000; ms += 1840)
		player_seeks(path, ms);
	disk_destroy(d);
	film_free(f);
}

static void vp8_with_sound_plays(void **)
{
	plays(CODEC_VP8, true, "vp8.webm");
}

static void vp9_plays(void **)
{
	plays(CODEC_VP9, false, "vp9.webm");
}

static void av1_plays(void **)
{
	plays(CODEC_AV1, false, "av1.webm");
}

static void h264_with_sound_plays(void **)
{
	plays(CODEC_H264, true, "h264.mkv");
}

static void sound_plays(void **)
{
	plays(CODEC_OPUS, true, "sound.webm");
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(vp8_with_sound_plays),
        cmocka_unit_test(vp9_plays),
        cmocka_unit_test(av1_plays),
        cmocka_unit_test(h264_with_sound_plays),
        cmocka_unit_test(sound_plays),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "player.h"

#include "film.h"
#include "scratch.h"
#include "test.h"

#include <stdio.h>

#define SOUND_DELAY_MS 7 // CodecDelay, which ffmpeg subtracts

void player_decodes(const char *path, bool torn)
{
	char said[1024];
	int ret = scratch_run(
	        said, sizeof(said), "nice ffmpeg -v error %s -threads 1 -i %s -f null - 2>&1",
	        torn ? "" : "-xerror", path
	);
	if (torn && strstr(said, "File ended prematurely") != NULL)
		said[0] = '\0';
	if (ret != 0 || said[0] != '\0')
		fail_msg("ffmpeg: %s: %s", path, said);
}

static const struct film_frame *next_of(const struct film *f, size_t *at, size_t to, int track)
{
	while (*at < to && f->frames[*at].track != track)
		(*at)++;
	return *at < to ? &f->frames[(*at)++] : NULL;
}

void player_shows(const char *path, const struct film *f, size_t to)
{
	enum {
		SIZE = 1 << 20,
	};
	char *out = malloc(SIZE), *line, *rest = out;
	size_t at[2] = {0, 0};

	assert_non_null(out);
	assert_int_equal(
	        scratch_run(
	                out, SIZE,
	                "nice ffprobe -v error -show_entries packet=stream_index,pts,size,flags "
	                "-of csv=p=0 %s 2>&1",
	                path
	        ),
	        0
	);
	while ((line = strsep(&rest, "\n")) != NULL && line[0] != '\0') {
		int track, pts, size;
		char flags[8];
		assert_int_equal(sscanf(line, "%d,%d,%d,%7s", &track, &pts, &size, flags), 4);
		const struct film_frame *frame = next_of(f, &at[track], to, track);
		assert_non_null(frame);
		bool sound = f->tracks[track].codec == CODEC_OPUS;
		assert_int_equal(pts, frame->time_ms - (sound ? SOUND_DELAY_MS : 0));
		assert_int_equal(flags[0] == 'K', frame->key);
		// H.264 has other start codes.
		if (f->tracks[track].codec != CODEC_H264)
			assert_int_equal(size, frame->len);
	}
	for (int track = 0; track < f->count; track++)
		assert_null(next_of(f, &at[track], to, track));
	free(out);
}

// The sum of a picture's bytes.
static void picture_sum(char *sum, size_t size, const char *format, const char *path, double s)
{
	char said[2048];
	assert_int_equal(scratch_run(said, sizeof(said), format, s, path), 0);
	const char *last = strrchr(said, ',');
	if (last == NULL || strlen(last) < 32)
		fail_msg("ffmpeg: no picture at %f s: %s", s, said);
	snprintf(sum, size, "%s", last);
}

void player_seeks(const char *path, int64_t time_ms)
{
	char sought[64], played[64];
	double s = (double)time_ms / 1000;

	// Before -i ffmpeg seeks; behind it, it decodes everything up to there.
	picture_sum(
	        sought, sizeof(sought),
	        "nice ffmpeg -v error -threads 1 -ss %f -i %s -frames:v 1 -an -f framemd5 - 2>&1",
	        path, s
	);
	picture_sum(
	        played, sizeof(played),
	        "s=%f; nice ffmpeg -v error -threads 1 -i %s -ss $s -frames:v 1 -an -f framemd5 - "
	        "2>&1",
	        path, s
	);
	assert_string_equal(sought, played);
}

int64_t player_duration_ms(const char *path)
{
	char said[64];
	assert_int_equal(
	        scratch_run(
	                said, sizeof(said),
	                "ffprobe -v error -show_entries format=duration -of csv=p=0 %s 2>&1", path
	        ),
	        0
	);
	return (int64_t)(atof(said) * 1000 + 0.5);
}

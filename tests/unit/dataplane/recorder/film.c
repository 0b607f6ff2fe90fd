#include "film.h"

#include "scratch.h"
#include "test.h"

#include <stdio.h>

#define FRAMES_MAX 8192
#define LEVEL      20 // of ffmpeg's tone

static uint8_t *load(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	*size = (size_t)ftell(f);
	rewind(f);
	uint8_t *bytes = malloc(*size);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, *size, f), *size);
	fclose(f);
	return bytes;
}

static void make(const char *input, const char *output)
{
	char said[512];
	int ret = scratch_run(
	        said, sizeof(said), "nice ffmpeg -v error -threads 1 -y -f lavfi -i %s %s 2>&1",
	        input, output
	);
	if (ret != 0)
		fail_msg("ffmpeg: %s", said);
}

static void
add(struct film *f, uint8_t track, int64_t time_ms, bool key, const uint8_t *data, size_t len)
{
	assert_true(f->frame_count < FRAMES_MAX);
	f->frames[f->frame_count++] = (struct film_frame){time_ms, len, data, track, key, LEVEL};
}

static bool is_key(enum codec codec, const uint8_t *data, size_t len)
{
	switch (codec) {
	case CODEC_VP8: return (data[0] & 0x01) == 0;
	case CODEC_VP9: return (data[0] & 0x0C) == 0;
	case CODEC_AV1: return (data[0] >> 3 & 0x0F) == 1; // sequence header
	default: break;
	}
	for (size_t i = 0; i + 4 < len; i++) {
		if (data[i] == 0 && data[i + 1] == 0 && data[i + 2] == 1 &&
		    (data[i + 3] & 0x1F) == 5)
			return true;
	}
	return false;
}

// IVF: a head of 32 bytes; each frame has its length, little-endian, and 8 bytes of time.
static void add_ivf(struct film *f, enum codec codec, const uint8_t *bytes, size_t size)
{
	size_t at = 32;

	for (int64_t n = 0; at + 12 <= size; n++) {
		size_t len = bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16;
		const uint8_t *data = bytes + at + 12;
		at += 12 + len;
		assert_true(at <= size);
		if (codec == CODEC_AV1 && data[0] == 0x12 && data[1] == 0) { // temporal delimiter
			data += 2;
			len -= 2;
		}
		add(f, 0, n * FILM_PICTURE_MS, is_key(codec, data, len), data, len);
	}
}

// Annex B, in which each access unit begins with a delimiter.
static void add_annex_b(struct film *f, const uint8_t *bytes, size_t size)
{
	static const uint8_t delimiter[] = {0, 0, 0, 1, 9};
	size_t begin = 0;
	int64_t n = 0;

	for (size_t at = 1; at <= size; at++) {
		bool end = at == size;
		if (!end && (size - at < sizeof(delimiter) ||
		             memcmp(bytes + at, delimiter, sizeof(delimiter)) != 0))
			continue;
		const uint8_t *data = bytes + begin;
		add(f, 0, n++ * FILM_PICTURE_MS, is_key(CODEC_H264, data, at - begin), data,
		    at - begin);
		begin = at;
	}
}

// Ogg with a packet on each page (RFC 3533 6); the first two are heads.
static void add_ogg(struct film *f, uint8_t track, const uint8_t *bytes, size_t size, int seconds)
{
	int64_t n = -2;

	for (size_t at = 0; at + 27 <= size; n++) {
		size_t len = 0;
		uint8_t segments = bytes[at + 26];
		for (uint8_t i = 0; i < segments; i++)
			len += bytes[at + 27 + i];
		at += 27 + segments;
		if (n >= 0 && n < (int64_t)seconds * 1000 / FILM_SOUND_MS)
			add(f, track, n * FILM_SOUND_MS, true, bytes + at, len);
		at += len;
	}
}

static int by_time(const void *left, const void *right)
{
	const struct film_frame *a = left, *b = right;
	if (a->time_ms != b->time_ms)
		return a->time_ms < b->time_ms ? -1 : 1;
	return (int)a->track - (int)b->track;
}

static const char *encoder(enum codec codec)
{
	switch (codec) {
	case CODEC_VP8: return "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 300k -f ivf";
	case CODEC_VP9:
		return "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -lag-in-frames 0 -b:v 300k "
		       "-f ivf";
	case CODEC_AV1: return "-c:v libaom-av1 -usage realtime -cpu-used 8 -b:v 300k -f ivf";
	default:
		return "-c:v libx264 -preset ultrafast -tune zerolatency -x264-params aud=1 -f "
		       "h264";
	}
}

static void film_picture(struct film *f, enum codec codec, int seconds)
{
	char input[128], output[512];
	const char *path = scratch_path("picture.tmp");
	size_t size;

	snprintf(
	        input, sizeof(input), "testsrc2=size=%dx%d:rate=%d:duration=%d", FILM_WIDTH,
	        FILM_HEIGHT, FILM_FPS, seconds
	);
	snprintf(
	        output, sizeof(output), "-pix_fmt yuv420p -g %d %s %s",
	        FILM_FPS * FILM_KEY_MS / 1000, encoder(codec), path
	);
	make(input, output);
	f->bytes[0] = load(path, &size);
	if (codec == CODEC_H264)
		add_annex_b(f, f->bytes[0], size);
	else
		add_ivf(f, codec, f->bytes[0], size);
	assert_int_equal(f->frame_count, seconds * FILM_FPS);
	f->tracks[f->count++] = (struct matroska_track){
	        .codec = codec,
	        .width = FILM_WIDTH,
	        .height = FILM_HEIGHT,
	        .key = f->frames[0].data,
	        .key_len = f->frames[0].len,
	};
}

static void film_sound(struct film *f, int seconds)
{
	char input[128], output[512];
	const char *path = scratch_path("sound.tmp");
	size_t size;

	snprintf(input, sizeof(input), "sine=frequency=440:duration=%d", seconds + 1);
	snprintf(
	        output, sizeof(output),
	        "-ac 2 -c:a libopus -b:a 32k -page_duration 20000 -f ogg %s", path
	);
	make(input, output);
	f->bytes[1] = load(path, &size);
	add_ogg(f, f->count, f->bytes[1], size, seconds);
	f->tracks[f->count++] = (struct matroska_track
	){.codec = CODEC_OPUS, .channels = 2, .pre_skip = MATROSKA_PRE_SKIP};
}

struct film *film_create(enum codec picture, bool sound, int seconds)
{
	struct film *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	f->frames = calloc(FRAMES_MAX, sizeof(*f->frames));
	assert_non_null(f->frames);
	if (picture != CODEC_OPUS)
		film_picture(f, picture, seconds);
	if (sound)
		film_sound(f, seconds);
	qsort(f->frames, f->frame_count, sizeof(*f->frames), by_time);
	return f;
}

void film_free(struct film *f)
{
	free(f->bytes[0]);
	free(f->bytes[1]);
	free(f->frames);
	free(f);
}

void film_play(const struct film *f, struct matroska *m, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		const struct film_frame *frame = &f->frames[i];
		assert_int_equal(
		        matroska_frame(
		                m, frame->track, frame->time_ms, frame->data, frame->len, frame->key
		        ),
		        0
		);
		if (frame->time_ms % 100 == 0)
			assert_int_equal(matroska_flush(m, frame->time_ms, false), 0);
	}
}

size_t film_at(const struct film *f, int64_t time_ms)
{
	size_t i = 0;
	while (i < f->frame_count && f->frames[i].time_ms < time_ms)
		i++;
	return i;
}

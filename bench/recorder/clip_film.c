#include "recorder_bench.h"

#include "clip.h"

#include <stdlib.h>

static void add(struct film *f, const struct clip *c, uint8_t track)
{
	for (uint32_t i = 0; i < c->count; i++) {
		f->frames[f->frame_count++] = (struct film_frame){
		        .time_ms = (int64_t)i * c->frame_ticks * 1000 / c->clock_rate,
		        .len = c->frames[i].len,
		        .data = c->frames[i].bytes,
		        .track = track,
		        .key = c->frames[i].key,
		        .level = c->frames[i].level,
		};
	}
}

static int by_time(const void *left, const void *right)
{
	const struct film_frame *a = left, *b = right;

	if (a->time_ms != b->time_ms)
		return a->time_ms < b->time_ms ? -1 : 1;
	return (int)a->track - (int)b->track;
}

struct film *clip_film(const char *picture, const char *sound)
{
	struct clip clips[2];
	struct film *f = calloc(1, sizeof(*f));

	if (!f || clip_video_init(&clips[0], picture) < 0 || clip_audio_init(&clips[1], sound) < 0)
		exit(1);
	f->frames = calloc((size_t)clips[0].count + clips[1].count, sizeof(*f->frames));
	if (!f->frames)
		exit(1);
	f->bytes[0] = clips[0].bytes;
	f->bytes[1] = clips[1].bytes;
	for (uint8_t track = 0; track < 2; track++) {
		add(f, &clips[track], track);
		free(clips[track].frames);
	}
	qsort(f->frames, f->frame_count, sizeof(*f->frames), by_time);
	return f;
}

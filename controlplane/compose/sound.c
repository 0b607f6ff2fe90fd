#include "sound.h"

#include "film.h"

#include "am_log.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>
#include <libswresample/swresample.h>

#define SNAP_SAMPLES 960 // nearer than this to where it belongs, sound stays continuous

struct sound {
	const struct film *film;
	const char *folder;
	uint32_t file; // the next one to open
	int64_t position; // samples read so far
	double begin; // of the open file, on the recording's time line
	AVFormatContext *format;
	AVCodecContext *codec;
	SwrContext *resampler;
	AVPacket *packet;
	AVFrame *frame;
	int stream;
	float *samples[SOUND_CHANNELS]; // decoded, not read yet
	uint32_t count, used, room;
	int64_t at; // position of samples[0] + used
};

struct sound *sound_open(const struct film *film, const char *folder)
{
	struct sound *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->film = film;
	s->folder = folder;
	s->packet = av_packet_alloc();
	s->frame = av_frame_alloc();
	if (s->packet && s->frame)
		return s;
	sound_close(s);
	errno = ENOMEM;
	return NULL;
}

static void file_close(struct sound *s)
{
	swr_free(&s->resampler);
	avcodec_free_context(&s->codec);
	avformat_close_input(&s->format);
}

void sound_close(struct sound *s)
{
	if (!s)
		return;
	file_close(s);
	av_packet_free(&s->packet);
	av_frame_free(&s->frame);
	free(s->samples[0]);
	free(s->samples[1]);
	free(s);
}

static int resampler_open(struct sound *s)
{
	AVChannelLayout stereo = AV_CHANNEL_LAYOUT_STEREO;

	int ret = swr_alloc_set_opts2(
	        &s->resampler, &stereo, AV_SAMPLE_FMT_FLTP, SOUND_RATE, &s->codec->ch_layout,
	        s->codec->sample_fmt, s->codec->sample_rate, 0, NULL
	);
	return ret < 0 ? ret : swr_init(s->resampler);
}

static int file_open(struct sound *s, const struct film_file *file)
{
	const AVCodec *codec;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", s->folder, file->path);
	int ret = avformat_open_input(&s->format, path, NULL, NULL);
	if (ret < 0)
		goto fail;
	ret = avformat_find_stream_info(s->format, NULL);
	if (ret < 0)
		goto fail;
	ret = s->stream = av_find_best_stream(s->format, AVMEDIA_TYPE_AUDIO, -1, -1, &codec, 0);
	if (ret < 0)
		goto fail;
	s->codec = avcodec_alloc_context3(codec);
	ret = s->codec ? avcodec_parameters_to_context(
	                         s->codec, s->format->streams[s->stream]->codecpar
	                 )
	               : AVERROR(ENOMEM);
	if (ret < 0)
		goto fail;
	s->codec->pkt_timebase = s->format->streams[s->stream]->time_base;
	ret = avcodec_open2(s->codec, codec, NULL);
	if (ret < 0)
		goto fail;
	ret = resampler_open(s);
	if (ret < 0)
		goto fail;
	s->begin = file->begin;
	return 0;

fail:
	am_warning("compose: sound is left out; file=%s error=%s", path, av_err2str(ret));
	file_close(s);
	return ret;
}

// Opens the next part of the programme. False: there is none.
static bool file_next(struct sound *s)
{
	while (s->file < s->film->file_count) {
		const struct film_file *file = &s->film->files[s->file++];
		if (file->kind == FILM_PROGRAMME && file_open(s, file) == 0)
			return true;
	}
	return false;
}

static bool samples_reserve(struct sound *s, uint32_t count)
{
	if (count <= s->room)
		return true;
	for (int i = 0; i < SOUND_CHANNELS; i++) {
		float *more = realloc(s->samples[i], count * sizeof(*more));
		if (!more)
			return false;
		s->samples[i] = more;
	}
	s->room = count;
	return true;
}

// Takes the decoded frame. Its time decides where it belongs, unless it continues what came before.
static void frame_take(struct sound *s)
{
	int room = swr_get_out_samples(s->resampler, s->frame->nb_samples);
	int64_t pts = s->frame->best_effort_timestamp, end = s->at + s->count - s->used;

	if (room <= 0 || !samples_reserve(s, (uint32_t)room))
		return;
	uint8_t *to[SOUND_CHANNELS] = {(uint8_t *)s->samples[0], (uint8_t *)s->samples[1]};
	int n = swr_convert(
	        s->resampler, to, room, (const uint8_t **)s->frame->extended_data,
	        s->frame->nb_samples
	);
	s->used = 0;
	s->count = n > 0 ? (uint32_t)n : 0;
	s->at = end;
	if (pts == AV_NOPTS_VALUE)
		return;
	double seconds = s->begin + (double)pts * av_q2d(s->format->streams[s->stream]->time_base);
	int64_t wished = llrint(seconds * SOUND_RATE);
	if (llabs(wished - end) >= SNAP_SAMPLES)
		s->at = wished;
}

// Decodes more. False: the recording has no more sound.
static bool decode(struct sound *s)
{
	while (s->format || file_next(s)) {
		int ret = avcodec_receive_frame(s->codec, s->frame);
		if (ret == 0) {
			frame_take(s);
			av_frame_unref(s->frame);
			return true;
		}
		if (ret == AVERROR_EOF) {
			file_close(s);
		} else if (av_read_frame(s->format, s->packet) < 0) {
			if (avcodec_send_packet(s->codec, NULL) < 0)
				file_close(s);
		} else {
			if (s->packet->stream_index == s->stream)
				(void)avcodec_send_packet(s->codec, s->packet);
			av_packet_unref(s->packet);
		}
	}
	return false;
}

void sound_read(struct sound *s, float *left, float *right, uint32_t count)
{
	float *const out[SOUND_CHANNELS] = {left, right};
	uint32_t done = 0;

	while (done < count) {
		if (s->used == s->count && !decode(s))
			break;
		if (s->at < s->position) { // it is late: passed over
			int64_t over = s->position - s->at;
			uint32_t left_over = s->count - s->used;
			uint32_t n = over < left_over ? (uint32_t)over : left_over;
			s->used += n;
			s->at += n;
			continue;
		}
		if (s->used == s->count)
			continue;
		uint32_t n = count - done;
		bool silent = s->at > s->position;
		if (silent && s->at - s->position < n)
			n = (uint32_t)(s->at - s->position);
		if (!silent && s->count - s->used < n)
			n = s->count - s->used;
		for (int i = 0; i < SOUND_CHANNELS; i++) {
			if (silent)
				memset(out[i] + done, 0, n * sizeof(float));
			else
				memcpy(out[i] + done, s->samples[i] + s->used, n * sizeof(float));
		}
		if (!silent) {
			s->used += n;
			s->at += n;
		}
		done += n;
		s->position += n;
	}
	for (int i = 0; i < SOUND_CHANNELS; i++)
		memset(out[i] + done, 0, (count - done) * sizeof(float));
	s->position += count - done;
}

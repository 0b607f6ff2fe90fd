#include "output.h"

#include "layout.h"
#include "sound.h"

#include "am_log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>

#define PATH_SIZE      4096
#define KEY_FRAME_S    5 // between key frames, to which players seek
#define VIDEO_THREADS  2
#define SOUND_BIT_RATE 128000
#define VP9_BIT_RATE   1500000
#define X264_QUALITY   "23" // constant rate factor
#define X264_PRESET    "veryfast"
#define VP9_CPU_USED   "6"

struct output {
	char path[PATH_SIZE], temporary[PATH_SIZE];
	AVFormatContext *format;
	AVCodecContext *video, *audio;
	AVStream *video_stream, *audio_stream;
	AVPacket *packet;
	AVFrame *samples;
	struct sound *sound;
	int64_t frames, sound_position;
	bool begun; // the header is written
};

static const struct {
	const char *name, *muxer, *video, *audio;
} formats[OUTPUT_FORMAT_COUNT] = {
        [OUTPUT_MP4] = {"mp4", "mp4", "libx264", "aac"},
        [OUTPUT_WEBM] = {"webm", "webm", "libvpx-vp9", "libopus"},
};

enum output_format output_format_by_name(const char *name)
{
	for (int i = 0; i < OUTPUT_FORMAT_COUNT; i++) {
		if (strcmp(formats[i].name, name) == 0)
			return (enum output_format)i;
	}
	return OUTPUT_FORMAT_COUNT;
}

static int fail(const struct output *o, const char *what, int error)
{
	am_error("compose: %s; file=%s error=%s", what, o->path, av_err2str(error));
	return error == AVERROR(ENOSPC) ? -ENOSPC : -EIO;
}

static AVCodecContext *codec_new(struct output *o, const char *name, AVStream **stream)
{
	const AVCodec *codec = avcodec_find_encoder_by_name(name);

	if (!codec) {
		am_error("compose: libavcodec lacks the encoder %s", name);
		errno = ENOSYS;
		return NULL;
	}
	AVCodecContext *c = avcodec_alloc_context3(codec);
	*stream = c ? avformat_new_stream(o->format, NULL) : NULL;
	if (!*stream) {
		avcodec_free_context(&c);
		errno = ENOMEM;
		return NULL;
	}
	if (o->format->oformat->flags & AVFMT_GLOBALHEADER)
		c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	return c;
}

static int codec_begin(AVCodecContext *c, AVStream *stream)
{
	int ret = avcodec_open2(c, c->codec, NULL);

	if (ret < 0)
		return ret;
	stream->time_base = c->time_base;
	return avcodec_parameters_from_context(stream->codecpar, c);
}

static int video_begin(struct output *o, enum output_format format)
{
	AVCodecContext *c = o->video = codec_new(o, formats[format].video, &o->video_stream);

	if (!c)
		return AVERROR(errno);
	c->width = LAYOUT_WIDTH;
	c->height = LAYOUT_HEIGHT;
	c->pix_fmt = AV_PIX_FMT_YUV420P;
	c->time_base = (AVRational){1, OUTPUT_FRAME_RATE};
	c->framerate = (AVRational){OUTPUT_FRAME_RATE, 1};
	c->gop_size = KEY_FRAME_S * OUTPUT_FRAME_RATE;
	c->thread_count = VIDEO_THREADS;
	c->color_range = AVCOL_RANGE_MPEG;
	c->colorspace = AVCOL_SPC_BT709;
	c->color_primaries = AVCOL_PRI_BT709;
	c->color_trc = AVCOL_TRC_BT709;
	if (format == OUTPUT_MP4) {
		av_opt_set(c->priv_data, "preset", X264_PRESET, 0);
		av_opt_set(c->priv_data, "crf", X264_QUALITY, 0);
	} else {
		c->bit_rate = VP9_BIT_RATE;
		av_opt_set(c->priv_data, "deadline", "realtime", 0);
		av_opt_set(c->priv_data, "cpu-used", VP9_CPU_USED, 0);
		av_opt_set(c->priv_data, "row-mt", "1", 0);
	}
	return codec_begin(c, o->video_stream);
}

static int audio_begin(struct output *o, enum output_format format)
{
	AVCodecContext *c = o->audio = codec_new(o, formats[format].audio, &o->audio_stream);
	AVChannelLayout stereo = AV_CHANNEL_LAYOUT_STEREO;

	if (!c)
		return AVERROR(errno);
	c->sample_rate = SOUND_RATE;
	c->sample_fmt = format == OUTPUT_MP4 ? AV_SAMPLE_FMT_FLTP : AV_SAMPLE_FMT_FLT;
	c->time_base = (AVRational){1, SOUND_RATE};
	c->bit_rate = SOUND_BIT_RATE;
	av_channel_layout_copy(&c->ch_layout, &stereo);
	return codec_begin(c, o->audio_stream);
}

static int file_begin(struct output *o, enum output_format format)
{
	AVDictionary *options = NULL;

	int ret = avio_open(&o->format->pb, o->temporary, AVIO_FLAG_WRITE);
	if (ret < 0)
		return ret;
	if (format == OUTPUT_MP4)
		av_dict_set(&options, "movflags", "+faststart", 0);
	ret = avformat_write_header(o->format, &options);
	av_dict_free(&options);
	o->begun = ret >= 0;
	return ret;
}

static int begin(struct output *o, enum output_format format)
{
	int ret = avformat_alloc_output_context2(
	        &o->format, NULL, formats[format].muxer, o->temporary
	);

	if (ret < 0)
		return ret;
	o->packet = av_packet_alloc();
	o->samples = av_frame_alloc();
	if (!o->packet || !o->samples)
		return AVERROR(ENOMEM);
	ret = video_begin(o, format);
	if (ret == 0)
		ret = audio_begin(o, format);
	return ret < 0 ? ret : file_begin(o, format);
}

struct output *output_create(const char *path, enum output_format format, struct sound *sound)
{
	struct output *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->sound = sound;
	snprintf(o->path, sizeof(o->path), "%s", path);
	snprintf(o->temporary, sizeof(o->temporary), "%.*s.part", PATH_SIZE - 8, path);
	int ret = begin(o, format);
	if (ret >= 0)
		return o;
	if (ret != AVERROR(ENOSYS))
		fail(o, "the file cannot be begun", ret);
	output_abort(o);
	errno = AVUNERROR(ret);
	return NULL;
}

// Writes what the encoder has ready.
static int drain(struct output *o, AVCodecContext *c, AVStream *stream)
{
	int ret;

	while ((ret = avcodec_receive_packet(c, o->packet)) == 0) {
		av_packet_rescale_ts(o->packet, c->time_base, stream->time_base);
		o->packet->stream_index = stream->index;
		if (c == o->video) // the last one would have none
			o->packet->duration = av_rescale_q(1, c->time_base, stream->time_base);
		ret = av_interleaved_write_frame(o->format, o->packet);
		if (ret < 0)
			return ret;
	}
	return ret == AVERROR(EAGAIN) || ret == AVERROR_EOF ? 0 : ret;
}

static void samples_interleave(AVFrame *f, const float *left, const float *right)
{
	if (f->format == AV_SAMPLE_FMT_FLTP) {
		memcpy(f->data[0], left, (size_t)f->nb_samples * sizeof(float));
		memcpy(f->data[1], right, (size_t)f->nb_samples * sizeof(float));
		return;
	}
	float *to = (float *)(void *)f->data[0];
	for (int i = 0; i < f->nb_samples; i++) {
		*to++ = left[i];
		*to++ = right[i];
	}
}

#define SAMPLES_MAX 4096 // of a frame of any encoder used here

static int sound_encode(struct output *o)
{
	float left[SAMPLES_MAX], right[SAMPLES_MAX];
	AVFrame *f = o->samples;

	f->nb_samples = FFMIN(o->audio->frame_size, SAMPLES_MAX);
	f->format = o->audio->sample_fmt;
	f->sample_rate = SOUND_RATE;
	f->pts = o->sound_position;
	int ret = av_channel_layout_copy(&f->ch_layout, &o->audio->ch_layout);
	if (ret == 0)
		ret = av_frame_get_buffer(f, 0);
	if (ret < 0)
		return ret;
	sound_read(o->sound, left, right, (uint32_t)f->nb_samples);
	samples_interleave(f, left, right);
	o->sound_position += f->nb_samples;
	ret = avcodec_send_frame(o->audio, f);
	av_frame_unref(f);
	return ret < 0 ? ret : drain(o, o->audio, o->audio_stream);
}

int output_frame(struct output *o, AVFrame *f)
{
	int64_t until = (o->frames + 1) * SOUND_RATE / OUTPUT_FRAME_RATE;
	int ret = 0;

	while (ret >= 0 && o->sound_position < until)
		ret = sound_encode(o);
	f->pts = o->frames++;
	if (ret >= 0)
		ret = avcodec_send_frame(o->video, f);
	av_frame_free(&f);
	if (ret >= 0)
		ret = drain(o, o->video, o->video_stream);
	return ret < 0 ? fail(o, "the file cannot be written", ret) : 0;
}

bool output_leaves(const struct output *o, uint64_t bytes)
{
	struct statvfs v;

	return statvfs(o->temporary, &v) < 0 || (uint64_t)v.f_bavail * v.f_frsize >= bytes;
}

static void output_free(struct output *o)
{
	av_frame_free(&o->samples);
	av_packet_free(&o->packet);
	avcodec_free_context(&o->audio);
	avcodec_free_context(&o->video);
	if (o->format)
		avio_closep(&o->format->pb);
	avformat_free_context(o->format);
	free(o);
}

int output_finish(struct output *o)
{
	int ret = avcodec_send_frame(o->video, NULL);

	if (ret >= 0)
		ret = drain(o, o->video, o->video_stream);
	if (ret >= 0)
		ret = avcodec_send_frame(o->audio, NULL);
	if (ret >= 0)
		ret = drain(o, o->audio, o->audio_stream);
	if (ret >= 0)
		ret = av_write_trailer(o->format);
	if (ret >= 0)
		ret = avio_closep(&o->format->pb);
	if (ret >= 0 && rename(o->temporary, o->path) < 0)
		ret = AVERROR(errno);
	if (ret < 0) {
		ret = fail(o, "the file cannot be completed", ret);
		output_abort(o);
		return ret;
	}
	output_free(o);
	return 0;
}

void output_abort(struct output *o)
{
	if (!o)
		return;
	if (o->temporary[0])
		unlink(o->temporary);
	output_free(o);
}

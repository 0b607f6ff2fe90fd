#include "picture.h"

#include "am_log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/imgutils.h>
#include <libswscale/swscale.h>

#define PIXELS_MAX (8192l * 8192)

struct picture {
	AVFormatContext *format;
	AVCodecContext *codec;
	AVPacket *packet;
	AVFrame *now; // to be seen now; without data: none yet
	AVFrame *next; // to be seen from next_s on
	AVFrame *scaled; // of now, for the last box
	struct SwsContext *scaler;
	int stream;
	double next_s;
	double second; // of a unit of the stream's time
	bool draining, ended;
	bool stale; // scaled is not of now
};

static int open_stream(struct picture *p, const char *path)
{
	const AVCodec *codec;

	int ret = avformat_open_input(&p->format, path, NULL, NULL);
	if (ret < 0)
		return ret;
	ret = avformat_find_stream_info(p->format, NULL);
	if (ret < 0)
		return ret;
	p->stream = av_find_best_stream(p->format, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
	if (p->stream < 0)
		return p->stream;
	p->second = av_q2d(p->format->streams[p->stream]->time_base);
	p->codec = avcodec_alloc_context3(codec);
	if (!p->codec)
		return AVERROR(ENOMEM);
	p->codec->thread_count = 1;
	p->codec->max_pixels = PIXELS_MAX;
	ret = avcodec_parameters_to_context(p->codec, p->format->streams[p->stream]->codecpar);
	return ret < 0 ? ret : avcodec_open2(p->codec, codec, NULL);
}

struct picture *picture_open(const char *path)
{
	struct picture *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->packet = av_packet_alloc();
	p->now = av_frame_alloc();
	p->next = av_frame_alloc();
	p->scaled = av_frame_alloc();
	int ret = p->packet && p->now && p->next && p->scaled ? open_stream(p, path)
	                                                      : AVERROR(ENOMEM);
	if (ret < 0) {
		am_warning("compose: a file is left out; file=%s error=%s", path, av_err2str(ret));
		picture_close(p);
		return NULL;
	}
	return p;
}

void picture_close(struct picture *p)
{
	if (!p)
		return;
	sws_freeContext(p->scaler);
	av_frame_free(&p->scaled);
	av_frame_free(&p->next);
	av_frame_free(&p->now);
	av_packet_free(&p->packet);
	avcodec_free_context(&p->codec);
	avformat_close_input(&p->format);
	free(p);
}

// Gives the decoder one more packet, or tells it that there are none. False: there is nothing left.
static bool feed(struct picture *p)
{
	if (p->draining)
		return false;
	while (av_read_frame(p->format, p->packet) >= 0) {
		bool ours = p->packet->stream_index == p->stream;
		if (ours)
			avcodec_send_packet(p->codec, p->packet); // an error costs this picture
		av_packet_unref(p->packet);
		if (ours)
			return true;
	}
	p->draining = true;
	avcodec_send_packet(p->codec, NULL);
	return true;
}

static void next_decode(struct picture *p)
{
	while (!p->ended) {
		int ret = avcodec_receive_frame(p->codec, p->next);
		if (ret == 0) {
			p->next_s = (double)p->next->best_effort_timestamp * p->second;
			return;
		}
		if (ret == AVERROR_EOF || !feed(p))
			p->ended = true;
	}
}

static void advance(struct picture *p, double seconds)
{
	while (!p->ended) {
		if (!p->next->buf[0])
			next_decode(p);
		if (p->ended || p->next_s > seconds)
			return;
		av_frame_unref(p->now);
		av_frame_move_ref(p->now, p->next);
		p->stale = true;
	}
}

// The largest even size with the picture's proportions that fits into the box.
static void size_fit(const AVFrame *f, int width, int height, int *w, int *h)
{
	AVRational pixel =
	        f->sample_aspect_ratio.num > 0 ? f->sample_aspect_ratio : (AVRational){1, 1};
	double aspect = (double)f->width * av_q2d(pixel) / f->height;

	*w = width;
	*h = (int)(width / aspect + 0.5);
	if (*h > height) {
		*h = height;
		*w = (int)(height * aspect + 0.5);
	}
	*w = FFMAX(2, *w & ~1);
	*h = FFMAX(2, *h & ~1);
}

static int scale(struct picture *p, int w, int h)
{
	if (p->scaled->width != w || p->scaled->height != h) {
		av_frame_unref(p->scaled);
		p->scaled->format = AV_PIX_FMT_YUV420P;
		p->scaled->width = w;
		p->scaled->height = h;
		int ret = av_frame_get_buffer(p->scaled, 0);
		if (ret < 0)
			return ret;
	}
	p->scaler = sws_getCachedContext(
	        p->scaler, p->now->width, p->now->height, p->now->format, w, h, AV_PIX_FMT_YUV420P,
	        SWS_BICUBIC, NULL, NULL, NULL
	);
	if (!p->scaler)
		return AVERROR(ENOMEM);
	return sws_scale(
	        p->scaler, (const uint8_t *const *)p->now->data, p->now->linesize, 0,
	        p->now->height, p->scaled->data, p->scaled->linesize
	);
}

const AVFrame *picture_at(struct picture *p, double seconds, int width, int height)
{
	int w, h;

	advance(p, seconds);
	if (!p->now->buf[0] || p->now->width <= 0 || p->now->height <= 0)
		return NULL;
	size_fit(p->now, width, height, &w, &h);
	if (p->stale || p->scaled->width != w || p->scaled->height != h) {
		if (scale(p, w, h) < 0)
			return NULL;
		p->stale = false;
	}
	return p->scaled;
}

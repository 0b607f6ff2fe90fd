#include "media/depacketizer.h"

#include "media/vp8_frame.h"

#include <errno.h>
#include <string.h>

void depacketizer_init(struct depacketizer *d, enum codec codec)
{
	memset(d, 0, sizeof(*d));
	d->codec = codec;
}

void depacketizer_fini(struct depacketizer *d)
{
	frame_bytes_fini(&d->bytes);
}

void depacketizer_reset(struct depacketizer *d)
{
	struct frame_bytes bytes = d->bytes;
	depacketizer_init(d, d->codec);
	d->bytes = bytes;
	frame_bytes_clear(&d->bytes);
}

void depacketizer_begin(struct depacketizer *d)
{
	frame_bytes_clear(&d->bytes);
	switch (d->codec) {
	case CODEC_H264: h264_begin(&d->h264); break;
	case CODEC_VP9: vp9_begin(&d->vp9); break;
	case CODEC_AV1: av1_begin(&d->av1); break;
	default: break;
	}
}

int depacketizer_payload(struct depacketizer *d, const uint8_t *payload, size_t len)
{
	switch (d->codec) {
	case CODEC_VP8: return vp8_append(&d->bytes, payload, len);
	case CODEC_H264: return h264_append(&d->h264, &d->bytes, payload, len);
	case CODEC_VP9: return vp9_append(&d->vp9, &d->bytes, payload, len);
	case CODEC_AV1: return av1_append(&d->av1, &d->bytes, payload, len);
	default: return -EBADMSG;
	}
}

static int finish_vp8(struct depacketizer *d, struct depacketized *f)
{
	struct vp8_header h;
	int ret = vp8_header_read(d->bytes.bytes, d->bytes.len, &h);
	if (ret == 0) {
		f->key = h.key;
		f->width = h.width;
		f->height = h.height;
	}
	return ret;
}

static int finish_h264(struct depacketizer *d, struct depacketized *f)
{
	int ret = h264_finish(&d->h264, &d->bytes);
	f->order = d->h264.order;
	f->key = d->h264.has_idr;
	f->width = d->h264.facts.width;
	f->height = d->h264.facts.height;
	return ret;
}

static int finish_vp9(struct depacketizer *d, struct depacketized *f)
{
	int ret = vp9_finish(&d->vp9, &d->bytes);
	f->key = d->vp9.key;
	f->width = d->vp9.width;
	f->height = d->vp9.height;
	return ret;
}

static int finish_av1(struct depacketizer *d, struct depacketized *f)
{
	f->key = d->av1.key && d->av1.has_sequence;
	f->width = d->av1.width;
	f->height = d->av1.height;
	return av1_finish(&d->av1, &d->bytes);
}

int depacketizer_finish(struct depacketizer *d, struct depacketized *found)
{
	struct depacketized f = {0};
	int ret = -EBADMSG;
	if (!d->bytes.failed) {
		switch (d->codec) {
		case CODEC_VP8: ret = finish_vp8(d, &f); break;
		case CODEC_H264: ret = finish_h264(d, &f); break;
		case CODEC_VP9: ret = finish_vp9(d, &f); break;
		case CODEC_AV1: ret = finish_av1(d, &f); break;
		default: break;
		}
	}
	if (!f.key)
		f.width = f.height = 0;
	f.data = d->bytes.bytes;
	f.len = d->bytes.len;
	*found = f;
	return ret;
}

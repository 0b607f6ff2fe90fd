#include "clip.h"

#include <errno.h>
#include <fcntl.h>
#include <ogg/ogg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "am_log.h"
#include "am_reader.h"

#define FILE_SIZE_MAX     (64u << 20)
#define IVF_HEADER        32
#define IVF_FRAME_HEADER  12
#define VP8_KEY_FRAME_LEN 10 // bytes of the header with the picture's size (RFC 6386 9.1)
#define OPUS_TICKS        (CLIP_AUDIO_CLOCK / 50)
#define OPUS_HEAD_MIN     19 // RFC 7845 5.1
#define LEVEL_SILENT      127

struct file {
	uint8_t *bytes;
	size_t len;
};

static int file_read(struct file *f, const char *path)
{
	struct stat status;
	int ret = 0, fd = open(path, O_RDONLY | O_CLOEXEC);

	*f = (struct file){0};
	if (fd < 0 || fstat(fd, &status) < 0)
		ret = -errno;
	else if (status.st_size > FILE_SIZE_MAX)
		ret = -EFBIG;
	else if (!(f->bytes = malloc((size_t)status.st_size + 1)))
		ret = -ENOMEM;
	while (ret == 0 && f->len < (size_t)status.st_size) {
		ssize_t n = read(fd, f->bytes + f->len, (size_t)status.st_size - f->len);
		if (n <= 0)
			ret = n < 0 ? -errno : -EIO;
		else
			f->len += (size_t)n;
	}
	if (fd >= 0)
		close(fd);
	if (ret < 0) {
		am_error("clip: not usable; file=%s error=\"%s\"", path, strerror(-ret));
		free(f->bytes);
	}
	return ret;
}

static int refuse(const char *path, const char *why)
{
	am_error("clip: not usable; file=%s error=\"%s\"", path, why);
	return -EBADMSG;
}

static int frame_add(struct clip *c, const struct clip_frame *frame)
{
	// The array doubles at each power of two.
	if ((c->count & (c->count - 1)) == 0) {
		size_t n = c->count == 0 ? 1 : 2 * (size_t)c->count;
		struct clip_frame *more = realloc(c->frames, n * sizeof(*more));
		if (!more)
			return -ENOMEM;
		c->frames = more;
	}
	c->frames[c->count++] = *frame;
	return 0;
}

// Both containers count from the low byte.
static uint32_t read_u16le(struct am_reader *r)
{
	uint32_t low = am_read_u8(r);
	return low | (uint32_t)am_read_u8(r) << 8;
}

static uint32_t read_u32le(struct am_reader *r)
{
	uint32_t low = read_u16le(r);
	return low | read_u16le(r) << 16;
}

// --- IVF ---

static bool ivf_header_read(struct clip *c, struct am_reader *r)
{
	const uint8_t *header = am_reader_take(r, IVF_HEADER);
	struct am_reader h = am_reader_init(header, header ? IVF_HEADER : 0);
	const uint8_t *magic = am_reader_take(&h, 4);

	read_u16le(&h); // version
	uint32_t len = read_u16le(&h);
	const uint8_t *codec = am_reader_take(&h, 4);
	read_u32le(&h); // width and height
	uint32_t rate = read_u32le(&h), scale = read_u32le(&h);
	if (h.failed || memcmp(magic, "DKIF", 4) != 0 || len != IVF_HEADER ||
	    memcmp(codec, "VP80", 4) != 0 || rate == 0 || scale == 0)
		return false;

	uint64_t ticks = (uint64_t)CLIP_VIDEO_CLOCK * scale;
	c->clock_rate = CLIP_VIDEO_CLOCK;
	c->frame_ticks = (uint32_t)(ticks / rate);
	return ticks % rate == 0 && ticks / rate > 0 && ticks / rate <= CLIP_VIDEO_CLOCK;
}

static int ivf_frame_read(struct clip *c, struct am_reader *r)
{
	uint32_t len = read_u32le(r), index = read_u32le(r), index_high = read_u32le(r);
	struct clip_frame frame = {.bytes = am_reader_take(r, len), .len = len};

	if (r->failed || index != c->count || index_high != 0 || len < VP8_KEY_FRAME_LEN)
		return -EBADMSG;
	frame.key = (frame.bytes[0] & 1) == 0;
	if (c->count == 0 && !frame.key)
		return -EBADMSG;
	return frame_add(c, &frame);
}

int clip_video_init(struct clip *c, const char *path)
{
	struct file f;
	int ret = file_read(&f, path);

	*c = (struct clip){.bytes = f.bytes};
	if (ret < 0)
		return ret;
	struct am_reader r = am_reader_init(f.bytes, f.len);
	if (!ivf_header_read(c, &r))
		ret = refuse(path, "not an IVF file with VP8 at a frame rate that divides 90 kHz");
	while (ret == 0 && am_reader_left(&r) > 0) {
		ret = ivf_frame_read(c, &r);
		if (ret == -EBADMSG)
			refuse(path, "a frame is cut short, out of turn, or no key frame at first");
	}
	if (ret == 0 && c->count == 0)
		ret = refuse(path, "no frames");
	if (ret < 0)
		clip_fini(c);
	return ret;
}

// --- Ogg with opus ---

struct opus {
	struct clip *clip;
	size_t used; // of clip->bytes
	uint32_t packets; // including the two headers
	uint32_t first, count; // the loop, in packets; count 0: all
	uint32_t level_count; // number of levels, which may be less than that of packets
	uint8_t *levels;
};

// True if the packet holds one frame of 20 ms (RFC 6716 3.1).
static bool opus_is_20ms(uint8_t toc)
{
	uint8_t config = toc >> 3;

	if ((toc & 3) != 0)
		return false;
	if (config < 12)
		return (config & 3) == 1;
	return config < 16 ? (config & 1) == 1 : (config & 3) == 3;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int levels_read(struct opus *o, const char *text, size_t len)
{
	free(o->levels); // from an earlier tag
	o->level_count = (uint32_t)(len / 2);
	o->levels = malloc(o->level_count + 1);
	if (!o->levels)
		return -ENOMEM;
	for (uint32_t i = 0; i < o->level_count; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
		if (high < 0 || low < 0 || high << 4 > LEVEL_SILENT)
			return -EBADMSG;
		o->levels[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

static uint32_t packets_of(const char *text, size_t len)
{
	char number[16] = {0};

	memcpy(number, text, len < sizeof(number) ? len : sizeof(number) - 1);
	return (uint32_t)(strtoul(number, NULL, 10) / OPUS_TICKS);
}

// The rest of a tag that begins with this name, or NULL.
static const char *tag_value(const char *tag, size_t *len, const char *name)
{
	size_t n = strlen(name);

	if (*len < n || memcmp(tag, name, n) != 0)
		return NULL;
	*len -= n;
	return tag + n;
}

static int tag_take(struct opus *o, const char *tag, size_t len)
{
	const char *value;

	if ((value = tag_value(tag, &len, "LOOPSTART=")))
		o->first = packets_of(value, len);
	else if ((value = tag_value(tag, &len, "LOOPLENGTH=")))
		o->count = packets_of(value, len);
	else if ((value = tag_value(tag, &len, "LEVELS=")))
		return levels_read(o, value, len);
	return 0;
}

// RFC 7845 5.2
static int tags_read(struct opus *o, const ogg_packet *p)
{
	struct am_reader r = am_reader_init(p->packet, (size_t)p->bytes);
	const uint8_t *magic = am_reader_take(&r, 8);
	int ret = 0;

	am_reader_take(&r, read_u32le(&r)); // the encoder's name
	uint32_t count = read_u32le(&r);
	if (r.failed || memcmp(magic, "OpusTags", 8) != 0)
		return -EBADMSG;
	for (uint32_t i = 0; i < count && ret == 0; i++) {
		uint32_t len = read_u32le(&r);
		const uint8_t *tag = am_reader_take(&r, len);
		ret = r.failed ? -EBADMSG : tag_take(o, (const char *)tag, len);
	}
	return ret;
}

static int opus_packet_take(struct opus *o, const ogg_packet *p)
{
	uint32_t index = o->packets++;
	struct clip *c = o->clip;

	if (index == 0)
		return p->bytes >= OPUS_HEAD_MIN && memcmp(p->packet, "OpusHead", 8) == 0
		               ? 0
		               : -EBADMSG;
	if (index == 1)
		return tags_read(o, p);
	if (p->bytes < 1 || !opus_is_20ms(p->packet[0]))
		return -EBADMSG;
	if (index - 2 < o->first || (o->count > 0 && c->count == o->count))
		return 0;
	struct clip_frame frame = {
	        .bytes = c->bytes + o->used,
	        .len = (uint32_t)p->bytes,
	        .key = true,
	        .level = c->count < o->level_count ? o->levels[c->count] : LEVEL_SILENT,
	};
	memcpy(c->bytes + o->used, p->packet, (size_t)p->bytes);
	o->used += (size_t)p->bytes;
	return frame_add(c, &frame);
}

// The packets that a page completes.
static int page_read(struct opus *o, ogg_stream_state *stream, ogg_page *page)
{
	ogg_packet packet;
	int ret = 0, found;

	if (ogg_stream_pagein(stream, page) < 0)
		return -EBADMSG;
	while (ret == 0 && (found = ogg_stream_packetout(stream, &packet)) != 0)
		ret = found < 0 ? -EBADMSG : opus_packet_take(o, &packet);
	return ret;
}

static int ogg_read(struct opus *o, const struct file *f)
{
	ogg_sync_state sync;
	ogg_stream_state stream;
	ogg_page page;
	bool open = false;
	int ret = 0, found;

	ogg_sync_init(&sync);
	char *buffer = ogg_sync_buffer(&sync, (long)f->len);
	if (!buffer) {
		ogg_sync_clear(&sync);
		return -ENOMEM;
	}
	memcpy(buffer, f->bytes, f->len);
	ogg_sync_wrote(&sync, (long)f->len);
	while (ret == 0 && (found = ogg_sync_pageout(&sync, &page)) != 0) {
		if (!open && found > 0)
			open = ogg_stream_init(&stream, ogg_page_serialno(&page)) == 0;
		ret = found < 0 || !open ? -EBADMSG : page_read(o, &stream, &page);
	}
	if (open)
		ogg_stream_clear(&stream);
	ogg_sync_clear(&sync);
	return ret;
}

int clip_audio_init(struct clip *c, const char *path)
{
	struct file f;
	int ret = file_read(&f, path);

	*c = (struct clip){.clock_rate = CLIP_AUDIO_CLOCK, .frame_ticks = OPUS_TICKS};
	if (ret < 0)
		return ret;
	struct opus o = {.clip = c};
	c->bytes = malloc(f.len + 1); // the packets have fewer bytes than the file
	ret = c->bytes ? ogg_read(&o, &f) : -ENOMEM;
	if (ret == 0 && (c->count == 0 || c->count < o.count))
		ret = -EBADMSG;
	if (ret == -EBADMSG)
		refuse(path,
		       "not an Ogg file with opus in packets of 20 ms, as long as its LOOPLENGTH");
	free(o.levels);
	free(f.bytes);
	if (ret < 0)
		clip_fini(c);
	return ret;
}

void clip_fini(struct clip *c)
{
	free(c->frames);
	free(c->bytes);
	*c = (struct clip){0};
}

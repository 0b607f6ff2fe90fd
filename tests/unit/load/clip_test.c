#include <errno.h>
#include <fcntl.h>
#include <ogg/ogg.h>
#include <stdio.h>
#include <unistd.h>

#include "am_log.h"
#include "am_reader.h"
#include "clip.h"
#include "test.h"

#define FILE_MAX 65536

// A file in memory, which is written to disk when it is opened.
struct file {
	uint8_t bytes[FILE_MAX];
	size_t len;
	char path[64];
};

static void put(struct file *f, const void *bytes, size_t n)
{
	assert_true(f->len + n <= FILE_MAX);
	memcpy(f->bytes + f->len, bytes, n);
	f->len += n;
}

static void put_le(struct file *f, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		put(f, &(uint8_t){(uint8_t)(value >> (8 * i))}, 1);
}

static int file_open(struct file *f, int (*init)(struct clip *, const char *), struct clip *c)
{
	strcpy(f->path, "/tmp/amphi-clip-test-XXXXXX");
	int fd = mkstemp(f->path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, f->bytes, f->len), f->len);
	close(fd);
	int ret = init(c, f->path);
	unlink(f->path);
	return ret;
}

// --- IVF ---

static void ivf_head(struct file *f, const char *codec, uint32_t rate, uint32_t scale)
{
	f->len = 0;
	put(f, "DKIF", 4);
	put_le(f, 0, 2);
	put_le(f, 32, 2);
	put(f, codec, 4);
	put_le(f, 320, 2);
	put_le(f, 180, 2);
	put_le(f, rate, 4);
	put_le(f, scale, 4);
	put_le(f, 0, 8);
}

static void ivf_frame(struct file *f, uint64_t index, bool key, uint32_t len)
{
	put_le(f, len, 4);
	put_le(f, index, 8);
	for (uint32_t i = 0; i < len; i++)
		put_le(f, i == 0 ? !key : (index + i) & 0xff, 1);
}

static void video_frames_are_read(void **)
{
	struct file f;
	struct clip c;

	ivf_head(&f, "VP80", 25, 1);
	ivf_frame(&f, 0, true, 3000);
	ivf_frame(&f, 1, false, 100);
	ivf_frame(&f, 2, true, 2000);
	assert_int_equal(file_open(&f, clip_video_init, &c), 0);
	assert_int_equal(c.clock_rate, 90000);
	assert_int_equal(c.frame_ticks, 3600);
	assert_int_equal(c.count, 3);
	assert_true(c.frames[0].key && !c.frames[1].key && c.frames[2].key);
	assert_int_equal(c.frames[0].len, 3000);
	assert_int_equal(c.frames[1].bytes[99], 100);
	assert_int_equal(c.frames[2].bytes[1999], (2 + 1999) & 0xff);
	clip_fini(&c);
}

static void other_ivf_files_are_refused(void **)
{
	const struct {
		const char *codec;
		uint32_t rate, scale;
		uint64_t second_index;
		bool first_key;
		int cut; // bytes off the end
	} cases[] = {
	        {"VP90", 25, 1, 1, true, 0},   {"VP80", 0, 1, 1, true, 0},
	        {"VP80", 25, 0, 1, true, 0},   {"VP80", 7, 1, 1, true, 0}, // 90000 / 7 has a rest
	        {"VP80", 25, 1, 2, true, 0},   {"VP80", 25, 1, 1ull << 32 | 1, true, 0},
	        {"VP80", 25, 1, 1, false, 0},  {"VP80", 25, 1, 1, true, 1},
	        {"VP80", 25, 1, 1, true, 105}, {"VP80", 25, 1, 1, true, 254},
	        {"VP80", 25, 1, 1, true, 230},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct file f;
		struct clip c;
		ivf_head(&f, cases[i].codec, cases[i].rate, cases[i].scale);
		ivf_frame(&f, 0, cases[i].first_key, 100);
		ivf_frame(&f, cases[i].second_index, false, 98);
		f.len -= (size_t)cases[i].cut;
		assert_int_equal(file_open(&f, clip_video_init, &c), -EBADMSG);
		assert_null(c.frames);
	}
}

static void a_missing_file_is_an_error(void **)
{
	struct clip c;

	assert_int_equal(clip_video_init(&c, "/nowhere/clip.ivf"), -ENOENT);
	assert_int_equal(clip_audio_init(&c, "/nowhere/clip.opus"), -ENOENT);
}

// --- Ogg ---

#define TOC_20MS 0xf8 // CELT, fullband, mono, one frame
#define TOC_10MS 0xf0

static void ogg_pages(struct file *f, ogg_stream_state *stream)
{
	ogg_page page;

	while (ogg_stream_flush(stream, &page)) {
		put(f, page.header, (size_t)page.header_len);
		put(f, page.body, (size_t)page.body_len);
	}
}

static void ogg_packet_put(ogg_stream_state *stream, uint8_t *bytes, size_t len)
{
	ogg_packet p = {.packet = bytes, .bytes = (long)len};
	ogg_stream_packetin(stream, &p);
}

static void ogg_tag(struct file *f, const char *tag)
{
	put_le(f, strlen(tag), 4);
	put(f, tag, strlen(tag));
}

// `packets` packets whose second byte is their number and whose length is 50 plus that.
static void
ogg_file(struct file *f, const char *const *tags, size_t count, uint8_t toc, int packets)
{
	uint8_t head[19] = "OpusHead\1\1", body[256] = {toc};
	struct file t = {.len = 0};
	ogg_stream_state stream;

	ogg_stream_init(&stream, 7);
	f->len = 0;
	ogg_packet_put(&stream, head, sizeof(head));
	ogg_pages(f, &stream);
	put(&t, "OpusTags", 8);
	ogg_tag(&t, "a test");
	put_le(&t, count, 4);
	for (size_t i = 0; i < count; i++)
		ogg_tag(&t, tags[i]);
	ogg_packet_put(&stream, t.bytes, t.len);
	ogg_pages(f, &stream);
	for (int i = 0; i < packets; i++) {
		body[1] = (uint8_t)i;
		ogg_packet_put(&stream, body, 50 + (size_t)i);
		if (i % 7 == 6)
			ogg_pages(f, &stream);
	}
	ogg_pages(f, &stream);
	ogg_stream_clear(&stream);
}

static void sound_is_read_with_its_loop_and_levels(void **)
{
	const char *tags[] = {"TITLE=x", "LOOPSTART=9600", "LOOPLENGTH=2880", "LEVELS=007f2a"};
	struct file f;
	struct clip c;

	ogg_file(&f, tags, COUNT(tags), TOC_20MS, 30);
	assert_int_equal(file_open(&f, clip_audio_init, &c), 0);
	assert_int_equal(c.clock_rate, 48000);
	assert_int_equal(c.frame_ticks, 960);
	assert_int_equal(c.count, 3);
	for (uint32_t i = 0; i < c.count; i++) {
		assert_int_equal(c.frames[i].bytes[1], 10 + i);
		assert_int_equal(c.frames[i].len, 60 + i);
		assert_true(c.frames[i].key);
	}
	assert_int_equal(c.frames[0].level, 0);
	assert_int_equal(c.frames[1].level, 127);
	assert_int_equal(c.frames[2].level, 42);
	clip_fini(&c);
}

static void sound_without_tags_is_played_whole(void **)
{
	struct file f;
	struct clip c;

	ogg_file(&f, NULL, 0, TOC_20MS, 30);
	assert_int_equal(file_open(&f, clip_audio_init, &c), 0);
	assert_int_equal(c.count, 30);
	assert_int_equal(c.frames[29].len, 79);
	assert_int_equal(c.frames[29].level, 127);
	clip_fini(&c);
}

static void other_ogg_files_are_refused(void **)
{
	const struct {
		const char *tag;
		uint8_t toc;
		int packets;
	} cases[] = {
	        {"LOOPLENGTH=9600", TOC_20MS, 9}, // longer than the sound
	        {"LOOPSTART=96000", TOC_20MS, 30}, // begins after its end
	        {"LEVELS=0g", TOC_20MS, 30},       {"LEVELS=80", TOC_20MS, 30},
	        {"TITLE=x", TOC_10MS, 30},         {"TITLE=x", TOC_20MS | 1, 30}, // two frames
	        {"TITLE=x", TOC_20MS, 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct file f;
		struct clip c;
		ogg_file(&f, &cases[i].tag, 1, cases[i].toc, cases[i].packets);
		assert_int_equal(file_open(&f, clip_audio_init, &c), -EBADMSG);
		assert_null(c.frames);
	}
}

static void damaged_ogg_files_are_refused(void **)
{
	struct file f;
	struct clip c;

	f.len = 0;
	put(&f, "OggS but no more", 16);
	assert_int_equal(file_open(&f, clip_audio_init, &c), -EBADMSG);
	ogg_file(&f, NULL, 0, TOC_20MS, 30);
	f.bytes[f.len / 2] ^= 1; // the page's checksum reveals it
	assert_int_equal(file_open(&f, clip_audio_init, &c), -EBADMSG);
}

int main(void)
{
	am_log_level = -1; // refusals are expected
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(video_frames_are_read),
	        cmocka_unit_test(other_ivf_files_are_refused),
	        cmocka_unit_test(a_missing_file_is_an_error),
	        cmocka_unit_test(sound_is_read_with_its_loop_and_levels),
	        cmocka_unit_test(sound_without_tags_is_played_whole),
	        cmocka_unit_test(other_ogg_files_are_refused),
	        cmocka_unit_test(damaged_ogg_files_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

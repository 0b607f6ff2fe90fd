// What encoders really send comes out as it went in.
#include "media/assembly.h"

#include "clip.h"
#include "hostile.h"

#include <unistd.h>

static struct clip clip;
static struct clip_payloads payloads;
static struct assembly *a;
static unsigned out_count;
static FILE *dump; // AMPHI_DUMP names a folder for what came out, for decoders

// The source's frame, as it must come out.
struct expected {
	size_t len;
	uint8_t bytes[1 << 16];
};

static struct expected expected;

static void expect(const void *bytes, size_t len)
{
	assert_true(expected.len + len <= sizeof(expected.bytes));
	memcpy(expected.bytes + expected.len, bytes, len);
	expected.len += len;
}

// Start codes of four bytes, no delimiters; fillers do not occur.
static void expect_h264(const struct clip_frame *f)
{
	expected.len = 0;
	for (size_t at = 0; at < f->len;) {
		size_t head = f->data[at + 2] == 1 ? 3 : 4, end = at + head;
		while (end < f->len &&
		       !(end + 3 < f->len && memcmp(f->data + end, "\0\0\1", 3) == 0) &&
		       !(end + 4 < f->len && memcmp(f->data + end, "\0\0\0\1", 4) == 0))
			end++;
		if ((f->data[at + head] & 0x1F) != 9) {
			expect("\0\0\0\1", 4);
			expect(f->data + at + head, end - at - head);
		}
		at = end;
	}
}

static void expect_frame(const struct clip_frame *f)
{
	expected.len = 0;
	if (clip.codec == CODEC_H264)
		expect_h264(f);
	else if (clip.codec == CODEC_AV1)
		expect(f->data + 2, f->len - 2); // without the temporal delimiter
	else
		expect(f->data, f->len);
}

static void dump_frame(const struct assembly_frame *f)
{
	if (dump == NULL)
		return;
	if (clip.codec != CODEC_H264) {
		uint32_t header[3] = {
		        (uint32_t)f->len + (clip.codec == CODEC_AV1 ? 2 : 0), f->timestamp};
		fwrite(header, sizeof(header), 1, dump);
		if (clip.codec == CODEC_AV1)
			fwrite("\x12\0", 2, 1, dump);
	}
	fwrite(f->data, f->len, 1, dump);
}

static void assert_size(const struct assembly_frame *f)
{
	bool odd = clip.codec == CODEC_H264 && clip.frames[0].len < 3200; // baseline.h264
	assert_int_equal(f->width, !f->key ? 0 : odd ? 318 : 320);
	assert_int_equal(f->height, !f->key ? 0 : odd ? 178 : 180);
}

static void take_same(void *, const struct assembly_frame *f)
{
	assert_int_equal(f->timestamp, out_count);
	expect_frame(&clip.frames[out_count]);
	assert_int_equal(f->key, clip.frames[out_count].key);
	assert_int_equal(f->len, expected.len);
	assert_memory_equal(f->data, expected.bytes, f->len);
	assert_size(f);
	dump_frame(f);
	out_count++;
}

// Superframes are written anew: each layer but the last is hidden, so decoders show one size.
static void take_layers(void *, const struct assembly_frame *f)
{
	assert_int_equal(f->timestamp, out_count);
	assert_int_equal(f->key, clip.frames[out_count].key);
	assert_size(f);
	assert_int_equal(f->data[f->len - 1], 0xC0 | 3 << 3 | 2);
	size_t at = 0;
	for (unsigned i = 0; i < 3; i++) {
		const uint8_t *size = f->data + f->len - 1 - 4 * (size_t)(3 - i);
		assert_int_equal(f->data[at] >> 6, 2);
		assert_int_equal(f->data[at] >> 1 & 1, i == 2); // show_frame
		at += (size_t)(size[0] | size[1] << 8 | size[2] << 16);
	}
	assert_int_equal(at + 14, f->len);
	dump_frame(f);
	out_count++;
}

static void open_dump(const char *name)
{
	const char *folder = getenv("AMPHI_DUMP");
	char path[512];
	dump = NULL;
	if (folder == NULL)
		return;
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	dump = fopen(path, "wb");
	assert_non_null(dump);
	if (clip.codec != CODEC_H264)
		fwrite(clip.bytes, 32, 1, dump); // the IVF header
}

static void send_frame(unsigned number, size_t len, uint64_t *seq)
{
	clip_packetize(&clip, number, len, &payloads);
	for (unsigned i = 0; i < payloads.count; i++) {
		assembly_packet(
		        a,
		        &(struct assembly_packet){
		                .seq = (*seq)++,
		                .arrival_us = number * 33333,
		                .timestamp = number,
		                .marker = i + 1 == payloads.count,
		                .payload = payloads.list[i].bytes,
		                .len = payloads.list[i].len,
		        }
		);
	}
}

static void send_all(enum codec codec, const char *name, assembly_sink *take)
{
	static const size_t lens[] = {100, 101, 333, 1100};
	clip_read(&clip, codec, name);
	for (unsigned i = 0; i < COUNT(lens); i++) {
		a = assembly_create(codec, 1, take, NULL);
		assert_non_null(a);
		open_dump(name);
		uint64_t seq = 65530;
		out_count = 0;
		for (unsigned n = 0; n < clip.count; n++)
			send_frame(n, lens[i], &seq);
		assert_int_equal(out_count, clip.count);
		assert_int_equal(assembly_left_out(a), 0);
		assembly_destroy(a);
		if (dump != NULL)
			fclose(dump);
	}
	clip_fini(&clip);
}

static void vp8_is_unchanged(void **)
{
	send_all(CODEC_VP8, "vp8.ivf", take_same);
}

static void vp9_is_unchanged(void **)
{
	send_all(CODEC_VP9, "vp9.ivf", take_same);
}

static void h264_is_unchanged(void **)
{
	send_all(CODEC_H264, "high.h264", take_same);
	send_all(CODEC_H264, "baseline.h264", take_same);
}

static void av1_is_unchanged(void **)
{
	send_all(CODEC_AV1, "av1.ivf", take_same);
}

#define MD5_LEN 32

// Each decoded picture's MD5, as vpxdec tells. Returns their number.
static unsigned decode(const char *path, char sums[CLIP_FRAMES_MAX][MD5_LEN])
{
	char line[512];
	snprintf(line, sizeof(line), "vpxdec --i420 --md5 -o %%4 %s 2>&1", path);
	FILE *f = popen(line, "r");
	assert_non_null(f);
	unsigned count = 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		assert_true(count < CLIP_FRAMES_MAX && strlen(line) > MD5_LEN);
		memcpy(sums[count++], line, MD5_LEN);
	}
	assert_int_equal(pclose(f), 0); // vpx-tools decode all of it
	return count;
}

static unsigned came_out[CLIP_FRAMES_MAX];

static void take_some(void *, const struct assembly_frame *f)
{
	came_out[out_count++] = f->timestamp;
	dump_frame(f);
}

// 5 % of the packets are lost; a quarter changes places with the next one.
static void send_with_losses(uint64_t *seed)
{
	uint64_t seq = 100;
	for (unsigned n = 0; n < clip.count; n++) {
		clip_packetize(&clip, n, 300, &payloads);
		bool late = hostile_random(seed) % 4 == 0 && payloads.count > 1;
		for (unsigned k = 0; k < payloads.count; k++) {
			unsigned i = late && k < 2 ? 1 - k : k;
			if (hostile_random(seed) % 100 < 5)
				continue;
			assembly_packet(
			        a,
			        &(struct assembly_packet){
			                .seq = seq + i,
			                .arrival_us = n * 33333,
			                .timestamp = n,
			                .marker = i + 1 == payloads.count,
			                .payload = payloads.list[i].bytes,
			                .len = payloads.list[i].len,
			        }
			);
		}
		seq += payloads.count;
	}
	assembly_tick(a, 10000000);
}

static FILE *dump_temporary(char *path)
{
	FILE *f = fdopen(mkstemp(path), "wb");
	assert_non_null(f);
	fwrite(clip.bytes, 32, 1, f); // the IVF header
	return f;
}

// And decode to the same pictures as before.
static void vp9_layers_become_superframes(void **)
{
	static const char *names[] = {"vp9_layers.ivf", "vp9_key_layers.ivf"};
	static char before[CLIP_FRAMES_MAX][MD5_LEN], after[CLIP_FRAMES_MAX][MD5_LEN];
	for (unsigned i = 0; i < COUNT(names); i++) {
		char path[] = "/tmp/amphi-clip-XXXXXX", original[512];
		send_all(CODEC_VP9, names[i], take_layers);
		snprintf(original, sizeof(original), VECTORS_DIR "/clips/%s", names[i]);
		clip_read(&clip, CODEC_VP9, names[i]);
		a = assembly_create(CODEC_VP9, 1, take_layers, NULL);
		assert_non_null(a);
		dump = dump_temporary(path);
		uint64_t seq = 1;
		out_count = 0;
		for (unsigned n = 0; n < clip.count; n++)
			send_frame(n, 500, &seq);
		assembly_destroy(a);
		fclose(dump);
		assert_int_equal(decode(path, after), clip.count);
		assert_int_equal(decode(original, before), clip.count);
		assert_memory_equal(before, after, clip.count * MD5_LEN);
		unlink(path);
		clip_fini(&clip);
	}
}

// Not only without errors: a decoder would show a picture predicted from the wrong one as well.
static void pictures_are_those_of_the_source_whatever_is_lost(void **)
{
	static char whole[CLIP_FRAMES_MAX][MD5_LEN], partly[CLIP_FRAMES_MAX][MD5_LEN];
	uint64_t seed = hostile_seed();
	unsigned sum = 0;
	clip_read(&clip, CODEC_VP8, "vp8.ivf");
	assert_int_equal(decode(VECTORS_DIR "/clips/vp8.ivf", whole), clip.count);
	for (unsigned round = 0; round < 10; round++) {
		char path[] = "/tmp/amphi-clip-XXXXXX";
		dump = dump_temporary(path);
		a = assembly_create(CODEC_VP8, 1, take_some, NULL);
		assert_non_null(a);
		out_count = 0;
		send_with_losses(&seed);
		assembly_destroy(a);
		fclose(dump);
		assert_int_equal(out_count > 0 ? decode(path, partly) : 0, out_count);
		for (unsigned i = 0; i < out_count; i++)
			assert_memory_equal(partly[i], whole[came_out[i]], MD5_LEN);
		unlink(path);
		sum += out_count;
	}
	assert_true(sum > 10);
	clip_fini(&clip);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(vp8_is_unchanged),
	        cmocka_unit_test(vp9_is_unchanged),
	        cmocka_unit_test(vp9_layers_become_superframes),
	        cmocka_unit_test(h264_is_unchanged),
	        cmocka_unit_test(av1_is_unchanged),
	        cmocka_unit_test(pictures_are_those_of_the_source_whatever_is_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

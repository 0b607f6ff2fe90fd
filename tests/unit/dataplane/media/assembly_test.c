#include "media/assembly.h"

#include "test.h"

#include <errno.h>

#define FRAMES_MAX 4096
#define BYTES_MAX  256

// What came out.
struct out {
	struct assembly_frame frame; // without data
	uint8_t bytes[BYTES_MAX];
};

static struct out outs[FRAMES_MAX];
static unsigned out_count;
static struct assembly *a;
static int64_t now_us;

static void take(void *, const struct assembly_frame *f)
{
	assert_true(out_count < FRAMES_MAX && f->len <= BYTES_MAX);
	struct out *o = &outs[out_count++];
	o->frame = *f;
	memcpy(o->bytes, f->data, f->len);
}

static void begin(enum codec codec, uint8_t encodings)
{
	assembly_destroy(a);
	a = assembly_create(codec, encodings, take, NULL);
	assert_non_null(a);
	out_count = 0;
	now_us = 1000000;
}

static int end(void **)
{
	assembly_destroy(a);
	a = NULL;
	return 0;
}

static void
send_to(uint8_t encoding, uint64_t seq, uint32_t timestamp, bool marker, const void *payload,
        size_t len)
{
	// Exactly as long as it is, for the sanitizers.
	uint8_t *exact = malloc(len + 1);
	assert_non_null(exact);
	memcpy(exact + 1, payload, len);
	assembly_packet(
	        a,
	        &(struct assembly_packet){
	                .seq = seq,
	                .arrival_us = now_us,
	                .timestamp = timestamp,
	                .encoding = encoding,
	                .marker = marker,
	                .payload = exact + 1,
	                .len = len,
	        }
	);
	free(exact);
}

// A VP8 frame of one packet: descriptor with a picture id of 15 bits, TL0PICIDX, layer.
struct vp8 {
	uint16_t picture;
	uint8_t tl0, tid;
	bool sync, key, discardable;
};

static size_t vp8_write(uint8_t *p, struct vp8 f, bool begins)
{
	size_t n = 0;
	p[n++] = 0x80 | (begins ? 0x10 : 0) | (f.discardable ? 0x20 : 0);
	p[n++] = 0xE0;
	p[n++] = 0x80 | (uint8_t)(f.picture >> 8 & 0x7F);
	p[n++] = (uint8_t)f.picture;
	p[n++] = f.tl0;
	p[n++] = (uint8_t)(f.tid << 6 | (f.sync ? 0x20 : 0));
	if (begins && f.key) {
		static const uint8_t header[] = {0x10, 0,    0,    0x9D, 0x01,
		                                 0x2A, 0x80, 0x02, 0x68, 0x41};
		memcpy(p + n, header, sizeof(header));
		n += sizeof(header);
	} else {
		memcpy(p + n, begins ? "\x11\x00\x00" : "abc", 3);
		n += 3;
	}
	p[n++] = (uint8_t)f.picture;
	return n;
}

static void send_vp8(uint8_t encoding, uint64_t seq, struct vp8 f)
{
	uint8_t p[32];
	size_t len = vp8_write(p, f, true);
	send_to(encoding, seq, f.picture * 3000u, true, p, len);
}

static void assert_pictures(const uint32_t *expected, unsigned n)
{
	assert_int_equal(out_count, n);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(outs[i].frame.timestamp, expected[i] * 3000);
}

#define ASSERT_PICTURES(...)                                                                       \
	assert_pictures(                                                                           \
	        (const uint32_t[]){__VA_ARGS__},                                                   \
	        sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t)                         \
	)

static void vp8_key_frames_tell_their_size(void **)
{
	begin(CODEC_VP8, 1);
	assert_true(assembly_needs_key_frame(a));
	send_vp8(0, 100, (struct vp8){.picture = 1});
	assert_true(assembly_needs_key_frame(a));
	send_vp8(0, 101, (struct vp8){.picture = 2, .tl0 = 1, .key = true});
	assert_false(assembly_needs_key_frame(a));
	send_vp8(0, 102, (struct vp8){.picture = 3, .tl0 = 2});
	ASSERT_PICTURES(2, 3);
	assert_true(outs[0].frame.key);
	assert_int_equal(outs[0].frame.width, 640);
	assert_int_equal(outs[0].frame.height, 360); // without the scale in its upper bits
	assert_int_equal(outs[0].frame.len, 11);
	assert_false(outs[1].frame.key);
	assert_int_equal(outs[1].frame.width, 0);
	assert_int_equal(assembly_lost(a), 0);
}

static void a_frame_waits_for_what_is_missing(void **)
{
	begin(CODEC_VP8, 1);
	send_vp8(0, 100, (struct vp8){.picture = 1, .key = true});
	send_vp8(0, 102, (struct vp8){.picture = 3, .tl0 = 2});
	send_vp8(0, 103, (struct vp8){.picture = 4, .tl0 = 3});
	now_us += ASSEMBLY_WAIT_US - 1;
	assembly_tick(a, now_us);
	ASSERT_PICTURES(1);
	send_vp8(0, 101, (struct vp8){.picture = 2, .tl0 = 1});
	ASSERT_PICTURES(1, 2, 3, 4);
	send_vp8(0, 101, (struct vp8){.picture = 2, .tl0 = 1});
	ASSERT_PICTURES(1, 2, 3, 4);
	assert_int_equal(assembly_lost(a), 0);
}

static void a_lost_base_layer_costs_everything_until_a_key_frame(void **)
{
	begin(CODEC_VP8, 1);
	send_vp8(0, 100, (struct vp8){.picture = 1, .key = true});
	send_vp8(0, 102, (struct vp8){.picture = 3, .tl0 = 2});
	now_us += ASSEMBLY_WAIT_US;
	assembly_tick(a, now_us);
	assert_true(assembly_needs_key_frame(a));
	send_vp8(0, 103, (struct vp8){.picture = 4, .tl0 = 3, .tid = 0});
	send_vp8(0, 104, (struct vp8){.picture = 5, .tl0 = 4, .key = true});
	assert_false(assembly_needs_key_frame(a));
	send_vp8(0, 105, (struct vp8){.picture = 6, .tl0 = 5});
	ASSERT_PICTURES(1, 5, 6);
	assert_int_equal(assembly_lost(a), 1);
	assert_int_equal(assembly_left_out(a), 1);
}

static void sound_is_put_in_order(void **)
{
	begin(CODEC_OPUS, 1);
	send_to(0, 100, 0, false, "a", 1);
	send_to(0, 102, 1920, false, "c", 1);
	send_to(0, 101, 960, false, "b", 1);
	send_to(0, 104, 3840, false, "e", 1);
	assert_int_equal(out_count, 3);
	now_us += ASSEMBLY_SOUND_WAIT_US;
	assembly_tick(a, now_us);
	assert_int_equal(out_count, 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(outs[i].bytes[0], "abce"[i]);
	assert_int_equal(assembly_lost(a), 1);
	assert_false(assembly_needs_key_frame(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_teardown(vp8_key_frames_tell_their_size, end),
	        cmocka_unit_test_teardown(a_frame_waits_for_what_is_missing, end),
	        cmocka_unit_test_teardown(
	                a_lost_base_layer_costs_everything_until_a_key_frame, end
	        ),
	        cmocka_unit_test_teardown(sound_is_put_in_order, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

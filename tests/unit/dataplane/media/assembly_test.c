#include "media/assembly.h"

#include "media/h264_header.h"
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
static uint64_t next_seq[3]; // of each encoding

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
	next_seq[0] = next_seq[1] = next_seq[2] = 65530;
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

// 64 × 64, in NAL units of their own.
#define SPS   "\x67\x42\x00\x0A\x95\xA1\x09\x90"
#define PPS   "\x68\xCE\x38\x80"
#define IDR   "\x65\xE0\x10\xAA"
#define START "\0\0\0\1"

static void assert_bytes(unsigned index, const char *bytes, size_t len)
{
	assert_true(out_count > index);
	assert_int_equal(outs[index].frame.len, len);
	assert_memory_equal(outs[index].bytes, bytes, len);
}

#define ASSERT_BYTES(index, literal) assert_bytes(index, literal, sizeof(literal) - 1)
#define SEND(seq, timestamp, marker, literal)                                                      \
	send_to(0, seq, timestamp, marker, literal, sizeof(literal) - 1)
// A sequence header of AV1 for the same size.
#define SEQUENCE "\0\0\0\x02\xAF\xFF\x80"

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

static void padding_is_no_loss(void **)
{
	begin(CODEC_VP8, 1);
	send_vp8(0, 100, (struct vp8){.picture = 1, .key = true});
	send_to(0, 101, 3000, false, "", 0);
	send_vp8(0, 102, (struct vp8){.picture = 2, .tl0 = 1});
	// Even if it did not come: no picture is missing.
	send_vp8(0, 104, (struct vp8){.picture = 3, .tl0 = 1, .tid = 1});
	now_us += ASSEMBLY_WAIT_US;
	assembly_tick(a, now_us);
	ASSERT_PICTURES(1, 2, 3);
	assert_false(assembly_needs_key_frame(a));
	// Nor in AV1, where any loss requires a key frame.
	begin(CODEC_AV1, 1);
	SEND(100, 0, true, "\x28\x08\x08" SEQUENCE "\x30\x10");
	SEND(101, 0, false, "");
	SEND(102, 3000, true, "\x10\x30\x30");
	assert_int_equal(out_count, 2);
}

// The layer above the base goes on with a frame that refers to the base layer alone.
static void a_lost_upper_layer_costs_that_layer(void **)
{
	begin(CODEC_VP8, 1);
	send_vp8(0, 100, (struct vp8){.picture = 1, .key = true});
	// Lost: picture 2 of layer 1.
	send_vp8(0, 102, (struct vp8){.picture = 3, .tl0 = 1});
	now_us += ASSEMBLY_WAIT_US;
	send_vp8(0, 103, (struct vp8){.picture = 4, .tl0 = 1, .tid = 1});
	send_vp8(0, 104, (struct vp8){.picture = 5, .tl0 = 2});
	send_vp8(0, 105, (struct vp8){.picture = 6, .tl0 = 2, .tid = 1, .sync = true});
	send_vp8(0, 106, (struct vp8){.picture = 7, .tl0 = 3});
	send_vp8(0, 107, (struct vp8){.picture = 8, .tl0 = 3, .tid = 1});
	ASSERT_PICTURES(1, 3, 5, 6, 7, 8);
	assert_false(assembly_needs_key_frame(a));
	assert_int_equal(assembly_left_out(a), 1);
}

static void a_damaged_frame_that_nobody_refers_to_costs_itself(void **)
{
	uint8_t p[32];
	begin(CODEC_VP8, 1);
	send_vp8(0, 100, (struct vp8){.picture = 1, .key = true});
	struct vp8 second = {.picture = 2, .tid = 1, .discardable = true};
	send_to(0, 101, 6000, false, p, vp8_write(p, second, true));
	send_to(0, 103, 6000, true, p, vp8_write(p, second, false));
	send_vp8(0, 104, (struct vp8){.picture = 3, .tl0 = 0, .tid = 1});
	now_us += ASSEMBLY_WAIT_US;
	assembly_tick(a, now_us);
	ASSERT_PICTURES(1, 3);
	assert_int_equal(assembly_left_out(a), 1);
}

static void a_frame_without_marker_ends_with_the_next_one(void **)
{
	uint8_t p[32];
	begin(CODEC_VP8, 1);
	send_to(0, 100, 3000, false, p,
	        vp8_write(p, (struct vp8){.picture = 1, .key = true}, true));
	send_to(0, 101, 6000, false, p, vp8_write(p, (struct vp8){.picture = 2, .tl0 = 1}, true));
	ASSERT_PICTURES(1);
	send_vp8(0, 102, (struct vp8){.picture = 3, .tl0 = 2});
	ASSERT_PICTURES(1, 2, 3);
}

static void a_key_frame_may_come_in_any_order(void **)
{
	uint8_t p[32];
	struct vp8 key = {.picture = 5, .key = true};
	begin(CODEC_VP8, 1);
	send_to(0, 201, 15000, false, p, vp8_write(p, key, false));
	send_to(0, 202, 15000, true, p, vp8_write(p, key, false));
	send_vp8(0, 203, (struct vp8){.picture = 6, .tl0 = 1});
	send_to(0, 200, 15000, false, p, vp8_write(p, key, true));
	ASSERT_PICTURES(5, 6);
	assert_int_equal(outs[0].frame.seq, 202);
	assert_int_equal(outs[1].frame.seq, 203);
	assert_int_equal(assembly_lost(a), 0);
}

static void another_source_needs_a_key_frame(void **)
{
	uint8_t p[32];
	begin(CODEC_VP8, 1);
	send_vp8(0, 100, (struct vp8){.picture = 1, .key = true});
	size_t len = vp8_write(p, (struct vp8){.picture = 2, .tl0 = 1}, true);
	struct assembly_packet packet = {
	        .seq = 101,
	        .arrival_us = now_us,
	        .timestamp = 6000,
	        .source = 1,
	        .marker = true,
	        .payload = p,
	        .len = len,
	};
	assembly_packet(a, &packet);
	assert_true(assembly_needs_key_frame(a));
	packet.seq++;
	packet.len = vp8_write(p, (struct vp8){.picture = 3, .key = true}, true);
	packet.timestamp = 9000;
	assembly_packet(a, &packet);
	ASSERT_PICTURES(1, 3);
	assert_int_equal(outs[1].frame.source, 1);
}

static void a_jump_far_ahead_is_a_loss(void **)
{
	begin(CODEC_VP8, 1);
	send_vp8(0, 100, (struct vp8){.picture = 1, .key = true});
	send_vp8(0, 102, (struct vp8){.picture = 3, .tl0 = 2});
	send_vp8(0, UINT64_C(1) << 40, (struct vp8){.picture = 9, .tl0 = 8, .key = true});
	send_vp8(0, (UINT64_C(1) << 40) + 1, (struct vp8){.picture = 10, .tl0 = 9});
	ASSERT_PICTURES(1, 9, 10);
	assert_false(assembly_needs_key_frame(a));
	send_vp8(0, UINT64_MAX, (struct vp8){.picture = 11});
	ASSERT_PICTURES(1, 9, 10);
}

static void what_waits_is_handed_over_at_the_end(void **)
{
	begin(CODEC_VP8, 1);
	send_vp8(0, 100, (struct vp8){.picture = 1, .key = true});
	send_vp8(0, 102, (struct vp8){.picture = 2, .tl0 = 1});
	ASSERT_PICTURES(1);
	assembly_drain(a);
	ASSERT_PICTURES(1, 2);
}

static void an_earlier_life_is_continued_without_a_key_frame(void **)
{
	begin(CODEC_VP8, 2);
	assert_int_equal(assembly_resume(a, 2, 0, 1), -EINVAL);
	assert_int_equal(assembly_resume(a, 1, 0, 100), 0);
	assert_false(assembly_needs_key_frame(a));
	send_vp8(0, 500, (struct vp8){.picture = 1, .key = true});
	send_vp8(1, 99, (struct vp8){.picture = 2});
	send_vp8(1, 102, (struct vp8){.picture = 5, .tl0 = 3});
	send_vp8(1, 101, (struct vp8){.picture = 4, .tl0 = 2});
	ASSERT_PICTURES(4, 5);
	send_vp8(1, 104, (struct vp8){.picture = 7, .tl0 = 5});
	now_us += ASSEMBLY_WAIT_US;
	assembly_tick(a, now_us);
	assert_true(assembly_needs_key_frame(a));
}

static void send_next(uint8_t encoding, uint16_t picture, bool key)
{
	struct vp8 f = {.picture = picture, .tl0 = (uint8_t)picture, .key = key};
	send_vp8(encoding, next_seq[encoding]++, f);
}

// Pictures of these encodings for some time, at 20 per second. Their ids go on from *picture.
static void send_for(int64_t us, unsigned encodings, uint16_t *picture, bool key)
{
	for (int64_t end_us = now_us + us; now_us < end_us; now_us += 50000) {
		for (uint8_t e = 0; e < 3; e++) {
			if ((encodings & 1u << e) != 0)
				send_next(e, *picture, key);
		}
		(*picture)++;
		key = false;
		assembly_tick(a, now_us);
	}
}

static void the_highest_active_encoding_is_taken(void **)
{
	uint16_t picture = 1;
	begin(CODEC_VP8, 3);
	send_for(50000, 7, &picture, false); // as when a track is tapped
	send_for(200000, 7, &picture, true);
	assert_int_equal(outs[0].frame.encoding, 2);
	assert_int_equal(out_count, 4);

	// Nothing of the lower ones until the upper one has been silent for a second.
	send_for(900000, 3, &picture, true);
	assert_int_equal(out_count, 4);
	assert_false(assembly_needs_key_frame(a));
	send_for(300000, 3, &picture, false);
	assert_int_equal(out_count, 4);
	assert_true(assembly_needs_key_frame(a));
	send_for(100000, 3, &picture, true);
	assert_int_equal(out_count, 6);
	assert_int_equal(outs[4].frame.encoding, 1);
	assert_true(outs[4].frame.key);
	assert_false(assembly_needs_key_frame(a));

	// Up again with a key frame of the upper one, which is asked for.
	unsigned before = out_count;
	for (unsigned i = 0; i < 2; i++) {
		now_us += 50000;
		send_next(1, picture, false);
		send_next(2, picture++, false);
	}
	assert_int_equal(out_count, before + 2);
	assert_true(assembly_needs_key_frame(a));
	send_next(2, picture, true);
	assert_int_equal(out_count, before + 3);
	assert_int_equal(outs[out_count - 1].frame.encoding, 2);
	assert_false(assembly_needs_key_frame(a));
}

// A screen that stands still: all encodings are silent for more than a second, again and again.
static void silence_alone_does_not_change_the_encoding(void **)
{
	uint16_t picture = 1;
	begin(CODEC_VP8, 2);
	send_for(50000, 3, &picture, false);
	send_for(50000, 3, &picture, true);
	for (unsigned i = 0; i < 10; i++) {
		send_for(50000, 1, &picture, true);
		now_us += 1100000;
		assembly_tick(a, now_us);
		assert_false(assembly_needs_key_frame(a));
		send_next(0, picture, true);
		assert_false(assembly_needs_key_frame(a));
		send_for(50000, 2, &picture, false);
	}
	for (unsigned i = 0; i < out_count; i++)
		assert_int_equal(outs[i].frame.encoding, 1);
}

// An uplink too narrow for the upper encoding's key frames: the lower one will do.
static void an_encoding_without_key_frames_is_not_waited_for(void **)
{
	uint16_t picture = 1;
	begin(CODEC_VP8, 2);
	for (unsigned i = 0; i < 60; i++) {
		now_us += 50000;
		send_next(1, picture, false);
		send_next(0, picture++, i % 20 == 0);
	}
	assert_int_equal(out_count, 20);
	assert_int_equal(outs[0].frame.encoding, 0);
	assert_true(assembly_needs_key_frame(a));
	for (unsigned i = 0; i < 60; i++) {
		now_us += 50000;
		send_next(1, picture, false);
		send_next(0, picture++, false);
	}
	assert_false(assembly_needs_key_frame(a)); // not for ever
}

static void each_idr_picture_has_its_parameter_sets(void **)
{
	begin(CODEC_H264, 1);
	SEND(100, 0, true, IDR); // without any
	SEND(101, 1500, false, SPS);
	SEND(102, 1500, true, IDR); // without the other one
	assert_int_equal(out_count, 0);
	SEND(103, 3000, false, SPS);
	SEND(104, 3000, false, PPS);
	SEND(105, 3000, true, IDR);
	ASSERT_BYTES(0, START SPS START PPS START IDR);
	assert_true(outs[0].frame.key);
	assert_int_equal(outs[0].frame.width, 64);
	assert_int_equal(outs[0].frame.height, 64);

	SEND(106, 6000, true, "\x41\xE0\x30\xAA");
	ASSERT_BYTES(1, START "\x41\xE0\x30\xAA");
	// Repeated alone; then an IDR picture without them.
	SEND(107, 9000, true, "\x78\0\x08" SPS "\0\4" PPS);
	assert_int_equal(out_count, 2);
	SEND(108, 9000, true, "\x09\xF0"); // a delimiter alone
	SEND(109, 12000, true, IDR);
	ASSERT_BYTES(2, START SPS START PPS START IDR);
	assert_int_equal(assembly_lost(a), 0);
}

// A 3 behind two zeros only prevents a start code (H.264 7.4.1).
static void parameter_sets_are_unescaped(void **)
{
	static const uint8_t nal[] = {0x67, 0x42, 0, 0, 3, 0x95, 0xA1, 0x09, 0x90};
	struct h264_sps sps;
	assert_int_equal(h264_sps_read(nal, sizeof(nal), &sps), 0);
	assert_int_equal(sps.frame_num_bits, 8);
	assert_int_equal(sps.width, 64);
}

static void fragments_of_h264_are_put_together(void **)
{
	begin(CODEC_H264, 1);
	SEND(100, 0, false, "\x78\0\x08" SPS "\0\4" PPS "\0\0\0"); // padded
	SEND(101, 0, false, "\x7C\x85\xE0\x10");
	SEND(102, 0, false, "\x7C\x05\xBB");
	SEND(103, 0, true, "\x7C\x45\xCC");
	ASSERT_BYTES(0, START SPS START PPS START "\x65\xE0\x10\xBB\xCC");
	SEND(104, 3000, true, "\x5C\x41\xBB"); // the end of a unit without its beginning
	assert_int_equal(out_count, 1);
	assert_true(assembly_needs_key_frame(a));
	SEND(105, 6000, false, SPS);
	SEND(106, 6000, false, PPS);
	SEND(107, 6000, true, IDR);
	assert_int_equal(out_count, 2);
	SEND(108, 9000, false, "\x5C\x81\xE0\x30"); // two beginnings
	SEND(109, 9000, false, "\x5C\x81\xE0\x30");
	SEND(110, 9000, true, "\x5C\x41\xBB");
	assert_int_equal(out_count, 2);
}

static void obus_get_their_sizes(void **)
{
	begin(CODEC_AV1, 1);
	// N, W 0: lengths before all: a temporal delimiter, the sequence header, half a frame.
	SEND(100, 0, false, "\x48\x01\x10\x08\x08" SEQUENCE "\x03\x30\x10\xAA");
	SEND(101, 0, true, "\x90\xBB\xCC"); // the other half
	ASSERT_BYTES(0, "\x0A\x07" SEQUENCE "\x32\x04\x10\xAA\xBB\xCC");
	assert_true(outs[0].frame.key);
	assert_int_equal(outs[0].frame.width, 64);
	// With an extension, and with its size already.
	SEND(102, 3000, true, "\x20\x04\x34\x20\x30\xDD\x2A\x01\xEE");
	ASSERT_BYTES(1, "\x36\x20\x02\x30\xDD\x2A\x01\xEE");
	SEND(103, 6000, true, "\x90\x30\x30\xFF"); // goes on with nothing
	assert_int_equal(out_count, 2);
	begin(CODEC_AV1, 1);
	SEND(102, 0, true, "\x28\x08\x08" SEQUENCE "\x30\x10");
	SEND(104, 9000, true, "\x10\x30\x30\xFF");
	now_us += ASSEMBLY_WAIT_US;
	assembly_tick(a, now_us);
	assert_int_equal(out_count, 1); // any loss requires a key frame
	assert_true(assembly_needs_key_frame(a));
}

static void frames_that_are_too_long_are_lost(void **)
{
	static uint8_t payload[60000] = {0x10};
	begin(CODEC_VP8, 1);
	send_vp8(0, 100, (struct vp8){.picture = 1, .key = true});
	for (uint64_t i = 0; i < 80; i++) {
		payload[0] = i == 0 ? 0x10 : 0;
		payload[1] = 1;
		send_to(0, 101 + i, 9000, i == 79, payload, sizeof(payload));
	}
	ASSERT_PICTURES(1);
	assert_true(assembly_needs_key_frame(a));
	// And what waits is bounded.
	for (uint64_t i = 0; i < 300; i++)
		send_to(0, 400 + i, 9000, false, payload, sizeof(payload));
	ASSERT_PICTURES(1);
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
#define TEST(f) cmocka_unit_test_teardown(f, end)
	const struct CMUnitTest tests[] = {
	        TEST(vp8_key_frames_tell_their_size),
	        TEST(a_frame_waits_for_what_is_missing),
	        TEST(a_lost_base_layer_costs_everything_until_a_key_frame),
	        TEST(padding_is_no_loss),
	        TEST(a_lost_upper_layer_costs_that_layer),
	        TEST(a_damaged_frame_that_nobody_refers_to_costs_itself),
	        TEST(a_frame_without_marker_ends_with_the_next_one),
	        TEST(a_key_frame_may_come_in_any_order),
	        TEST(another_source_needs_a_key_frame),
	        TEST(a_jump_far_ahead_is_a_loss),
	        TEST(what_waits_is_handed_over_at_the_end),
	        TEST(an_earlier_life_is_continued_without_a_key_frame),
	        TEST(the_highest_active_encoding_is_taken),
	        TEST(silence_alone_does_not_change_the_encoding),
	        TEST(an_encoding_without_key_frames_is_not_waited_for),
	        TEST(each_idr_picture_has_its_parameter_sets),
	        TEST(parameter_sets_are_unescaped),
	        TEST(fragments_of_h264_are_put_together),
	        TEST(obus_get_their_sizes),
	        TEST(frames_that_are_too_long_are_lost),
	        TEST(sound_is_put_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

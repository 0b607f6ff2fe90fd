// A publisher may send anything.
#include "media/assembly.h"

#include "clip.h"
#include "hostile.h"
#include "media/av1_unit.h"
#include "media/h264_header.h"
#include "media/vp9_header.h"

#define ENCODINGS   3
#define GOOD_SOURCE 77

static struct clip clip;
static struct clip_payloads payloads;
static enum codec codec;
static unsigned good_count; // frames of the good source

static void take(void *, const struct assembly_frame *f)
{
	// Each byte is there.
	unsigned sum = 0;
	for (size_t i = 0; i < f->len; i++)
		sum += f->data[i];
	assert_true(sum < UINT32_MAX && f->len <= ASSEMBLY_FRAME_MAX && f->encoding < ENCODINGS);
	good_count += f->source == GOOD_SOURCE;
}

// As the only packet, as the first and as the last one of a frame.
static void parse_payload(const uint8_t *bytes, size_t len)
{
	struct assembly *a = assembly_create(codec, 1, take, NULL);
	assert_non_null(a);
	for (unsigned i = 0; i < 4; i++) {
		assembly_packet(
		        a,
		        &(struct assembly_packet){
		                .seq = 100 + i,
		                .arrival_us = 1000 * i,
		                .timestamp = i < 2 ? 0 : 3000,
		                .marker = i == 0 || i == 3,
		                .payload = bytes,
		                .len = len,
		        }
		);
	}
	assembly_destroy(a);
}

static void parse_sps(const uint8_t *bytes, size_t len)
{
	struct h264_sps sps = {0};
	if (h264_sps_read(bytes, len, &sps) == 0)
		assert_in_range(sps.frame_num_bits, 4, 16);
	h264_pps_id(bytes, len);
	h264_order_read(bytes, len, &sps);
}

static void parse_vp9_header(const uint8_t *bytes, size_t len)
{
	struct vp9_slots slots = {0};
	struct vp9_header h;
	if (vp9_header_read(&slots, bytes, len, &h) == 0)
		assert_true(h.bits <= 8 * len);
}

static void parse_av1_sequence(const uint8_t *bytes, size_t len)
{
	uint16_t width, height;
	(void)av1_sequence_read(bytes, len, &width, &height);
}

struct source {
	enum codec codec;
	const char *name;
};

static const struct source sources[] = {
        {CODEC_VP8, "vp8.ivf"},    {CODEC_VP9, "vp9.ivf"},        {CODEC_VP9, "vp9_key_layers.ivf"},
        {CODEC_H264, "high.h264"}, {CODEC_H264, "baseline.h264"}, {CODEC_AV1, "av1.ivf"},
};

static void broken_payloads_are_refused(void **)
{
	for (unsigned i = 0; i < COUNT(sources); i++) {
		codec = sources[i].codec;
		clip_read(&clip, codec, sources[i].name);
		clip_packetize(&clip, 0, 100, &payloads);
		const struct clip_payload *p = &payloads.list[0];
		hostile_bytes(parse_payload, p->bytes, p->len < 40 ? p->len : 40);
		clip_fini(&clip);
	}
}

static void broken_headers_are_refused(void **)
{
	static const uint8_t sps[] = {0x67, 0x64, 0x00, 0x0C, 0xAC, 0xD9, 0x41, 0x41,
	                              0x9F, 0x9F, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00,
	                              0x10, 0x00, 0x00, 0x03, 0x03, 0xC0};
	static const uint8_t vp9[] = {0x87, 0x01, 0x00, 0xFF, 0x40, 0x12, 0xFC, 0x7A,
	                              0xF0, 0x13, 0x81, 0xFF, 0xAA, 0x55, 0x55, 0xFF,
	                              0x0F, 0xF0, 0x00, 0x10, 0x20, 0x30};
	static const uint8_t av1[] = {0,    0xFF, 0xFF, 0xF8, 0x02, 0xAF,
	                              0xFF, 0x80, 0x31, 0x42, 0x53};
	hostile_bytes(parse_sps, sps, sizeof(sps));
	hostile_bytes(parse_vp9_header, vp9, sizeof(vp9));
	hostile_bytes(parse_av1_sequence, av1, sizeof(av1));
}

struct stream {
	struct assembly *a;
	uint64_t seed;
	uint64_t seq[ENCODINGS];
	int64_t now_us;
	uint8_t source;
};

static uint32_t below(struct stream *s, uint32_t n)
{
	return hostile_random(&s->seed) % n;
}

static void send_mutated(struct stream *s, const struct clip_payload *p, unsigned number, bool last)
{
	uint8_t encoding = (uint8_t)below(s, below(s, 50) == 0 ? 256 : ENCODINGS);
	uint64_t seq = encoding < ENCODINGS ? s->seq[encoding]++ : below(s, 1000);
	size_t len = below(s, 40) == 0 ? below(s, p->len + 1u) : p->len;
	uint8_t *bytes = malloc(len + 1);
	assert_non_null(bytes);
	memcpy(bytes, p->bytes, len);
	for (unsigned n = below(s, 8) == 0 ? 1 + below(s, 4) : 0; n > 0 && len > 0; n--)
		bytes[below(s, 4) == 0 ? below(s, (uint32_t)len) : below(s, 16) % len] =
		        (uint8_t)below(s, 256);
	switch (below(s, 60)) {
	case 0: seq += below(s, 3000); break;
	case 1: seq -= below(s, 100); break;
	case 2: seq = (uint64_t)hostile_random(&s->seed) << below(s, 34); break;
	case 3: s->source = (uint8_t)below(s, 3); break;
	default: break;
	}
	assembly_packet(
	        s->a,
	        &(struct assembly_packet){
	                .seq = seq,
	                .arrival_us = below(s, 500) == 0 ? INT64_MAX : s->now_us,
	                .timestamp = below(s, 30) == 0 ? below(s, 10) : number,
	                .encoding = encoding,
	                .source = s->source,
	                .marker = below(s, 30) == 0 ? below(s, 2) : last,
	                .payload = bytes,
	                .len = len,
	        }
	);
	free(bytes);
}

static void send_clip(struct stream *s)
{
	for (unsigned number = 0; number < clip.count; number++) {
		clip_packetize(&clip, number, 100 + below(s, 1000), &payloads);
		for (unsigned i = 0; i < payloads.count; i++) {
			s->now_us += below(s, 20000);
			if (below(s, 20) != 0)
				send_mutated(s, &payloads.list[i], number, i + 1 == payloads.count);
		}
		if (below(s, 5) == 0)
			assembly_tick(s->a, s->now_us);
		(void)assembly_needs_key_frame(s->a);
	}
}

// Afterwards a good stream comes out.
static void send_unchanged(struct stream *s)
{
	good_count = 0;
	s->now_us += 10000000;
	for (unsigned number = 0; number < clip.count; number++) {
		clip_packetize(&clip, number, 1000, &payloads);
		for (unsigned i = 0; i < payloads.count; i++) {
			assembly_packet(
			        s->a,
			        &(struct assembly_packet){
			                .seq = s->seq[2]++,
			                .arrival_us = s->now_us,
			                .timestamp = number,
			                .encoding = 2,
			                .source = GOOD_SOURCE,
			                .marker = i + 1 == payloads.count,
			                .payload = payloads.list[i].bytes,
			                .len = payloads.list[i].len,
			        }
			);
		}
		s->now_us += 33333;
	}
	assert_int_equal(good_count, clip.count);
}

static void broken_streams_harm_nothing(void **)
{
	const char *given = getenv("AMPHI_FUZZ_ROUNDS");
	int rounds = given != NULL ? atoi(given) : 20;
	uint64_t seed = hostile_seed();
	for (unsigned i = 0; i < COUNT(sources); i++) {
		codec = sources[i].codec;
		clip_read(&clip, codec, sources[i].name);
		for (int round = 0; round < rounds; round++) {
			struct stream s = {
			        .seed = seed + (uint64_t)round * 2, .now_us = 1, .seq = {1, 1, 1}};
			s.a = assembly_create(codec, ENCODINGS, take, NULL);
			assert_non_null(s.a);
			for (unsigned n = 0; n < 3; n++)
				send_clip(&s);
			send_unchanged(&s);
			assembly_drain(s.a);
			assembly_destroy(s.a);
		}
		clip_fini(&clip);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(broken_payloads_are_refused),
	        cmocka_unit_test(broken_headers_are_refused),
	        cmocka_unit_test(broken_streams_harm_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

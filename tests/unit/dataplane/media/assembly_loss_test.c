// No frame is handed over whose references are missing, whatever is lost: against a sender's model
// that knows the references of each frame. The payloads tell them as their codec does.
#include "media/assembly.h"

#include "hostile.h"

#define FRAMES     20000
#define FRAME_US   33333
#define REFS_MAX   3
#define LAYERS     3
#define FLYING_MAX 1024
#define SECOND_US  1000000
#define DISTANCE   100 // of VP9's references, at most

enum style {
	VP8,
	VP9_GROUPS, // references follow from layers
	VP9_FLEXIBLE, // pictures name their references
	H264,
	AV1,
	STYLES,
};

static const enum codec codec_of[] = {CODEC_VP8, CODEC_VP9, CODEC_VP9, CODEC_H264, CODEC_AV1};

struct frame {
	bool key;
	bool sync; // VP8: refers to the base layer alone
	bool switch_up; // VP9
	bool discardable;
	uint8_t tid, tl0;
	uint16_t frame_num; // H.264
	unsigned refs[REFS_MAX];
	unsigned ref_count;
	bool came_out;
};

struct flying {
	int64_t at_us;
	uint64_t seq;
	unsigned number;
	bool marker;
	uint8_t len;
	uint8_t bytes[40];
};

struct loss {
	unsigned percent; // of packets
	unsigned repaired_percent; // of these, within 550 ms
	unsigned late_percent; // of packets, up to 60 ms
};

static enum style style;
static struct frame frames[FRAMES];
static struct flying flying[FLYING_MAX];
static unsigned flying_count, out_count, last_out;
static struct assembly *a;
static uint64_t seed, seq;
static int64_t now_us;
static struct loss loss;
// The sender's buffers, one for each layer: the frame in it, and whether it may be referred to.
static unsigned buffer[LAYERS];
static bool usable[LAYERS];
static uint8_t tl0;
static uint16_t frame_num;

static bool chance(unsigned percent)
{
	return hostile_random(&seed) % 100 < percent;
}

static void refer(struct frame *f, unsigned number, unsigned layer)
{
	if (style == VP9_FLEXIBLE && layer > 0 && chance(30))
		return;
	if (usable[layer] && number - buffer[layer] < DISTANCE)
		f->refs[f->ref_count++] = buffer[layer];
}

static void plan(unsigned number, bool key)
{
	static const uint8_t pattern[] = {0, 2, 1, 2};
	struct frame *f = &frames[number];
	*f = (struct frame){.key = key, .tid = key || style == AV1 ? 0 : pattern[number % 4]};
	f->discardable = f->tid == 2 && style != VP9_GROUPS && style != VP9_FLEXIBLE &&
	                 (style == H264 || chance(30));
	f->sync = f->tid > 0 && style == VP8 && chance(30);
	f->switch_up = style == VP9_GROUPS && chance(25);
	tl0 += f->tid == 0;
	f->tl0 = tl0;
	for (unsigned layer = 0; !key && layer <= (f->sync ? 0 : f->tid); layer++)
		refer(f, number, layer);
	for (unsigned layer = 0; layer < LAYERS; layer++) {
		if (key || (layer == f->tid && !f->discardable)) {
			buffer[layer] = number;
			usable[layer] = true;
		} else if (f->switch_up && layer > f->tid) {
			usable[layer] = false;
		}
	}
	// H.264 7.4.3: one more than that of the last reference picture.
	frame_num = key ? 0 : (frame_num + 1) % 256;
	f->frame_num = frame_num;
	if (f->discardable)
		frame_num = (frame_num + 255) % 256;
}

static size_t write_vp8(uint8_t *p, unsigned number, bool first)
{
	static const uint8_t key_header[] = {0x10, 0, 0, 0x9D, 1, 0x2A, 64, 1, 180, 0};
	const struct frame *f = &frames[number];
	size_t n = 0;
	p[n++] = 0x80 | (f->discardable ? 0x20 : 0) | (first ? 0x10 : 0);
	p[n++] = 0xE0;
	p[n++] = 0x80 | (number >> 8 & 0x7F);
	p[n++] = (uint8_t)number;
	p[n++] = f->tl0;
	p[n++] = (uint8_t)(f->tid << 6 | (f->sync ? 0x20 : 0));
	if (first) {
		memcpy(p + n, key_header, sizeof(key_header));
		p[n] |= !f->key;
		n += sizeof(key_header);
	}
	return n;
}

static size_t write_vp9(uint8_t *p, unsigned number, bool first, bool last)
{
	// Headers up to the last field, of 64 × 64 pixels.
	static const uint8_t key_header[] = {0x82, 0x49, 0x83, 0x42, 0, 3, 0xF0, 3,
	                                     0xF4, 0,    0,    0,    0, 0, 0,    1};
	static const uint8_t header[] = {0x86, 0x01, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 1};
	const struct frame *f = &frames[number];
	bool flexible = style == VP9_FLEXIBLE;
	size_t n = 0;
	p[n++] = 0x80 | (f->key ? 0 : 0x40) | 0x20 | (flexible ? 0x10 : 0) | (first ? 0x08 : 0) |
	         (last ? 0x04 : 0);
	p[n++] = 0x80 | (number >> 8 & 0x7F);
	p[n++] = (uint8_t)number;
	p[n++] = (uint8_t)(f->tid << 5 | (f->switch_up ? 0x10 : 0));
	if (!flexible)
		p[n++] = f->tl0;
	for (unsigned i = 0; flexible && i < f->ref_count; i++)
		p[n++] = (uint8_t)((number - f->refs[i]) << 1 | (i + 1 < f->ref_count));
	if (first) {
		memcpy(p + n, f->key ? key_header : header,
		       f->key ? sizeof(key_header) : sizeof(header));
		n += f->key ? sizeof(key_header) : sizeof(header);
	}
	return n;
}

// A key frame's first packet is a STAP-A of parameter sets for 64 × 64; slices go into FU-A.
static size_t write_h264(uint8_t *p, unsigned number, unsigned index, bool last)
{
	static const uint8_t sets[] = {0x78, 0,    8, 0x67, 0x42, 0x00, 0x0A, 0x95, 0xA1,
	                               0x09, 0x90, 0, 4,    0x68, 0xCE, 0x38, 0x80};
	const struct frame *f = &frames[number];
	bool begins = index == f->key;
	size_t n = 0;
	if (f->key && index == 0) {
		memcpy(p, sets, sizeof(sets));
		return sizeof(sets) - 1; // the caller writes the last byte
	}
	p[n++] = (f->discardable ? 0 : 0x60) | 28;
	p[n++] = (begins ? 0x80 : 0) | (last ? 0x40 : 0) | (f->key ? 5 : 1);
	if (begins) {
		// first_mb_in_slice, slice_type, parameter set: 0, a bit each; frame_num.
		p[n++] = (uint8_t)(0xE0 | f->frame_num >> 3);
		p[n++] = (uint8_t)(f->frame_num << 5) | 0x10;
	}
	return n;
}

static size_t write_av1(uint8_t *p, unsigned number, bool first, bool last)
{
	// A sequence header of 64 × 64, and the first bits of a frame: KEY_FRAME or not, shown.
	static const uint8_t sequence[] = {0x08, 0, 0, 0, 0x02, 0xAF, 0xFF, 0xBF, 0xFF, 0x30, 0x08};
	const struct frame *f = &frames[number];
	size_t n = 0;
	p[n++] = (first ? 0 : 0x80) | (last ? 0 : 0x40) | (f->key && first ? 0x28 : 0x10);
	if (f->key && first) {
		p[n++] = sizeof(sequence);
		memcpy(p + n, sequence, sizeof(sequence));
		n += sizeof(sequence);
	}
	if (first) {
		p[n++] = 6 << 3;
		p[n++] = f->key ? 0x10 : 0x30;
	}
	return n;
}

static size_t write_payload(uint8_t *p, unsigned number, unsigned index, bool last)
{
	bool first = index == 0;
	switch (style) {
	case VP8: return write_vp8(p, number, first);
	case H264: return write_h264(p, number, index, last);
	case AV1: return write_av1(p, number, first, last);
	default: return write_vp9(p, number, first, last);
	}
}

static void send_frame(unsigned number)
{
	unsigned packets = frames[number].key ? 4 : 2 + number % 2;
	for (unsigned i = 0; i < packets; i++) {
		struct flying f = {
		        .at_us = now_us + i * 1000,
		        .seq = seq++,
		        .number = number,
		        .marker = i + 1 == packets,
		};
		f.len = (uint8_t)write_payload(f.bytes, number, i, f.marker);
		f.bytes[f.len++] = (uint8_t)(0x80 | i);
		if (chance(loss.late_percent))
			f.at_us += hostile_random(&seed) % 60000;
		if (chance(loss.percent)) {
			if (!chance(loss.repaired_percent))
				continue;
			f.at_us += 50000 + hostile_random(&seed) % 400000;
		}
		assert_true(flying_count < FLYING_MAX);
		flying[flying_count++] = f;
	}
}

static void arrive(const struct flying *f)
{
	uint8_t *exact = malloc(f->len);
	assert_non_null(exact);
	memcpy(exact, f->bytes, f->len);
	assembly_packet(
	        a,
	        &(struct assembly_packet){
	                .seq = f->seq,
	                .arrival_us = f->at_us,
	                .timestamp = f->number,
	                .marker = f->marker,
	                .payload = exact,
	                .len = f->len,
	        }
	);
	free(exact);
}

static void arrive_until(int64_t us)
{
	for (;;) {
		unsigned first = 0;
		for (unsigned i = 1; i < flying_count; i++) {
			if (flying[i].at_us < flying[first].at_us)
				first = i;
		}
		if (flying_count == 0 || flying[first].at_us > us)
			return;
		struct flying f = flying[first];
		flying[first] = flying[--flying_count];
		arrive(&f);
	}
}

static void take(void *, const struct assembly_frame *f)
{
	struct frame *frame = &frames[f->timestamp];
	assert_true(out_count == 0 || f->timestamp > last_out);
	assert_int_equal(f->key, frame->key);
	for (unsigned i = 0; !frame->key && i < frame->ref_count; i++) {
		if (!frames[frame->refs[i]].came_out)
			fail_msg(
			        "style %d: frame %u of layer %u came out without frame %u", style,
			        f->timestamp, frame->tid, frame->refs[i]
			);
	}
	frame->came_out = true;
	last_out = f->timestamp;
	out_count++;
}

static void run(enum style s, struct loss l)
{
	style = s;
	loss = l;
	a = assembly_create(codec_of[s], 1, take, NULL);
	assert_non_null(a);
	flying_count = out_count = 0;
	now_us = FRAME_US;
	seq = 65530;
	int64_t asked_us = 0;
	for (unsigned number = 0; number < FRAMES; number++, now_us += FRAME_US) {
		arrive_until(now_us);
		assembly_tick(a, now_us);
		bool key =
		        assembly_needs_key_frame(a) && (number == 0 || now_us - asked_us >= 500000);
		if (key)
			asked_us = now_us;
		plan(number, key);
		send_frame(number);
	}
	arrive_until(INT64_MAX);
	assembly_tick(a, now_us + SECOND_US);
	printf("%u of %u frames, %llu packets lost, %llu frames left out\n", out_count, FRAMES,
	       (unsigned long long)assembly_lost(a), (unsigned long long)assembly_left_out(a));
	assembly_destroy(a);
}

static void no_frame_comes_out_without_its_references(void **)
{
	seed = hostile_seed();
	for (enum style s = 0; s < STYLES; s++) {
		run(s, (struct loss){.percent = 5, .repaired_percent = 80, .late_percent = 25});
		assert_true(out_count > FRAMES / 2);
		run(s, (struct loss){.percent = 5, .repaired_percent = 0, .late_percent = 25});
		assert_true(out_count > FRAMES / 10);
		run(s, (struct loss){.percent = 30, .repaired_percent = 10, .late_percent = 50});
	}
}

static void repairs_that_come_in_time_lose_nothing(void **)
{
	seed = hostile_seed();
	for (enum style s = 0; s < STYLES; s++) {
		run(s, (struct loss){.percent = 5, .repaired_percent = 100, .late_percent = 25});
		assert_int_equal(out_count, FRAMES);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(no_frame_comes_out_without_its_references),
	        cmocka_unit_test(repairs_that_come_in_time_lose_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

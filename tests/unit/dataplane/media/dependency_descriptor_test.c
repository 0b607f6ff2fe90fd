#include "media/dependency_descriptor.h"

#include "hostile.h"
#include "media/codec.h"
#include "media/selector.h"
#include "media/temporal.h"
#include "wire/sequence.h"

#include <errno.h>

// Writes a descriptor bit by bit, as A.8.2 of the RTP payload format for AV1 lists its fields.
struct writer {
	uint8_t bytes[255]; // RFC 8285 4.3: the longest element
	size_t bits;
};

static void put(struct writer *w, unsigned width, uint32_t value)
{
	for (; width > 0; width--, w->bits++) {
		assert_true(w->bits < 8 * sizeof(w->bytes));
		uint8_t bit = (uint8_t)(value >> (width - 1) & 1);
		w->bytes[w->bits / 8] |= (uint8_t)(bit << (7 - w->bits % 8));
	}
}

static size_t len(const struct writer *w)
{
	return (w->bits + 7) / 8;
}

#define BEGIN 2
#define END   1

static struct writer mandatory(uint8_t edges, uint8_t id, uint16_t number)
{
	struct writer w = {0};
	put(&w, 2, edges);
	put(&w, 6, id);
	put(&w, 16, number);
	return w;
}

#define STRUCTURE 16
#define ACTIVE    8
#define DTIS      4
#define FDIFFS    2
#define CHAINS    1

enum { SAME, TEMPORAL, SPATIAL, LAST };

enum { ABSENT, DISCARDABLE, SWITCH, REQUIRED };

static void put_dtis(struct writer *w, const char *dtis)
{
	for (; *dtis; dtis++)
		put(w, 2, (uint32_t)(strchr("-DSR", *dtis) - "-DSR"));
}

// The example of A.10.2.1: its templates in the same order, and decode targets from 7.5 to 30
// frames/s.
static void put_l1t3(struct writer *w, uint8_t offset)
{
	static const uint8_t layers[] = {SAME, TEMPORAL, TEMPORAL, SAME, LAST};
	static const char *const dtis[] = {"SSS", "SSS", "-DS", "--D", "--D"};
	static const uint8_t fdiffs[] = {0, 4, 2, 1, 1}, chain[] = {0, 4, 2, 1, 3};

	put(w, 6, offset);
	put(w, 5, 3 - 1);
	for (size_t i = 0; i < COUNT(layers); i++)
		put(w, 2, layers[i]);
	for (size_t i = 0; i < COUNT(dtis); i++)
		put_dtis(w, dtis[i]);
	for (size_t i = 0; i < COUNT(fdiffs); i++) {
		if (fdiffs[i]) {
			put(w, 1, 1);
			put(w, 4, fdiffs[i] - 1u);
		}
		put(w, 1, 0);
	}
	put(w, 2, 1); // one chain, ns(4)
	// ns(1) of three targets has no bits
	for (size_t i = 0; i < COUNT(chain); i++)
		put(w, 4, chain[i]);
	put(w, 1, 1);
	put(w, 16, 640 - 1);
	put(w, 16, 360 - 1);
}

static struct writer l1t3_key(uint8_t offset, uint16_t number)
{
	struct writer w = mandatory(BEGIN, offset, number);
	put(&w, 5, STRUCTURE);
	put_l1t3(&w, offset);
	return w;
}

static struct dependency_structure known;
static struct dependency_frame frame_read;

static int read_bytes(uint64_t seq, const uint8_t *bytes, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);
	assert_non_null(exact);
	memcpy(exact, bytes, n);
	int ret = dependency_read(&known, seq, exact, n, &frame_read);
	free(exact);
	return ret;
}

static int read_written(uint64_t seq, const struct writer *w)
{
	return read_bytes(seq, w->bytes, len(w));
}

static int read_short(uint64_t seq, uint8_t edges, uint8_t id, uint16_t number)
{
	struct writer w = mandatory(edges, id, number);
	return read_written(seq, &w);
}

static void begin_l1t3(uint8_t offset)
{
	struct writer key = l1t3_key(offset, 0xFFFF);
	known = (struct dependency_structure){0};
	assert_int_equal(read_written(100, &key), 0);
}

// Templates of L1T3 in the order of its pictures, and what is expected of them.
static const struct {
	uint8_t template;
	uint8_t temporal_id;
	bool switch_up;
} l1t3[] = {{1, 0, true}, {3, 2, false}, {2, 1, true}, {4, 2, false}};

static void frames_tell_their_layer_and_number(void **)
{
	begin_l1t3(0);
	assert_true(frame_read.begin && !frame_read.end && frame_read.key_frame);
	assert_true(frame_read.switch_up);
	assert_int_equal(frame_read.number, 0xFFFF);
	assert_int_equal(frame_read.temporal_id, 0);
	assert_int_equal(frame_read.spatial_layers, 1);
	for (unsigned i = 0; i < 100; i++) {
		uint8_t edges = i % 2 ? BEGIN : END;
		assert_int_equal(
		        read_short(101 + i, edges, l1t3[i % 4].template, (uint16_t)(i * 777)), 0
		);
		assert_int_equal(frame_read.begin, edges == BEGIN);
		assert_int_equal(frame_read.end, edges == END);
		assert_false(frame_read.key_frame);
		assert_int_equal(frame_read.number, (uint16_t)(i * 777));
		assert_int_equal(frame_read.temporal_id, l1t3[i % 4].temporal_id);
		assert_int_equal(frame_read.spatial_id, 0);
		assert_int_equal(frame_read.switch_up, l1t3[i % 4].switch_up);
	}
}

// What Chromium 156 sends for L1T3, 1280 × 720.
static void chromiums_descriptors_are_read(void **)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool begin, end, key_frame, switch_up;
		uint8_t temporal_id;
	} packets[] = {
	        {"\x80\x00\x01\x80\x02\x14\xEA\xA8\x60\x41\x4D\x14\x10\x20\x84\x27\x04\xFF\x02"
	         "\xCF",
	         20, true, false, true, true, 0},
	        {"\x40\x00\x01", 3, false, true, false, true, 0},
	        {"\x83\x00\x02", 3, true, false, false, false, 2},
	        {"\x43\x00\x02", 3, false, true, false, false, 2},
	        {"\x82\x00\x03", 3, true, false, false, true, 1},
	        {"\x84\x00\x04", 3, true, false, false, false, 2},
	        {"\x81\x00\x05", 3, true, false, false, true, 0},
	};
	known = (struct dependency_structure){0};
	for (size_t i = 0; i < COUNT(packets); i++) {
		const uint8_t *bytes = (const uint8_t *)packets[i].bytes;
		assert_int_equal(read_bytes(100 + i, bytes, packets[i].len), 0);
		assert_int_equal(frame_read.begin, packets[i].begin);
		assert_int_equal(frame_read.end, packets[i].end);
		assert_int_equal(frame_read.key_frame, packets[i].key_frame);
		assert_int_equal(frame_read.switch_up, packets[i].switch_up);
		assert_int_equal(frame_read.temporal_id, packets[i].temporal_id);
		assert_int_equal(frame_read.number, bytes[2]);
	}
	assert_int_equal(known.template_count, 5);
	assert_int_equal(known.target_count, 3);
	assert_int_equal(known.chain_count, 1);
}

// A.8.2: (frame_dependency_template_id + 64 - template_id_offset) % 64.
static void template_ids_wrap(void **)
{
	for (uint8_t offset = 0; offset < 64; offset++) {
		begin_l1t3(offset);
		for (uint8_t i = 0; i < 64; i++) {
			uint8_t id = (uint8_t)(offset + i) % 64;
			assert_int_equal(read_short(101, BEGIN, id, 1), i < 5 ? 0 : -ENOENT);
			if (i < 5)
				assert_int_equal(frame_read.temporal_id, i < 2 ? 0 : i < 3 ? 1 : 2);
		}
	}
}

static void without_templates_nothing_is_known(void **)
{
	known = (struct dependency_structure){0};
	assert_int_equal(read_short(100, BEGIN, 0, 1), -ENOENT);
	assert_int_equal(read_short(100, BEGIN, 63, 1), -ENOENT);
}

// The packet with the templates may come by retransmission, behind newer ones.
static void only_newer_templates_replace_others(void **)
{
	struct writer old = l1t3_key(0, 1), newer = l1t3_key(5, 100);

	known = (struct dependency_structure){0};
	assert_int_equal(read_written(100, &old), 0);
	assert_int_equal(read_written(200, &newer), 0);
	assert_int_equal(read_written(100, &old), 0); // follows its own templates
	assert_true(frame_read.key_frame);
	assert_int_equal(known.id_offset, 5);
	assert_int_equal(read_short(201, BEGIN, 7, 101), 0);
	assert_int_equal(frame_read.temporal_id, 1);
	assert_int_equal(read_short(199, BEGIN, 7, 99), -ENOENT); // refers to the former templates
	assert_int_equal(read_short(201, BEGIN, 2, 101), -ENOENT);
}

static void a_frame_may_have_values_of_its_own(void **)
{
	begin_l1t3(0);

	// A picture of the base layer, with which only the upper targets may be entered.
	struct writer w = mandatory(BEGIN | END, 1, 7);
	put(&w, 5, ACTIVE | DTIS | FDIFFS | CHAINS);
	put(&w, 3, 7);
	put_dtis(&w, "RSS");
	put(&w, 2, 1); // four bits
	put(&w, 4, 4 - 1);
	put(&w, 2, 3); // twelve
	put(&w, 12, 1 - 1);
	put(&w, 2, 0);
	put(&w, 8, 4);
	assert_int_equal(read_written(101, &w), 0);
	assert_true(frame_read.switch_up && !frame_read.key_frame);
	for (size_t cut = 4; cut < len(&w); cut++)
		assert_int_equal(read_bytes(101, w.bytes, cut), -EBADMSG);

	static const struct {
		const char *dtis;
		bool switch_up;
	} cases[] = {{"SSR", false}, {"SRS", false}, {"SDD", false}, {"---", false}, {"-SS", true}};
	for (size_t i = 0; i < COUNT(cases); i++) {
		w = mandatory(BEGIN, 1, 7);
		put(&w, 5, DTIS);
		put_dtis(&w, cases[i].dtis);
		assert_int_equal(read_written(101, &w), 0);
		assert_int_equal(frame_read.switch_up, cases[i].switch_up);
	}
}

static void a_key_frame_brings_templates_and_refers_to_none(void **)
{
	known = (struct dependency_structure){0};
	struct writer w = mandatory(BEGIN, 1, 1); // the second template refers to a frame
	put(&w, 5, STRUCTURE);
	put_l1t3(&w, 0);
	assert_int_equal(read_written(100, &w), 0);
	assert_false(frame_read.key_frame);

	w = mandatory(BEGIN, 1, 1); // but this frame does not
	put(&w, 5, STRUCTURE | ACTIVE | FDIFFS);
	put_l1t3(&w, 0);
	put(&w, 3, 7);
	put(&w, 2, 0);
	assert_int_equal(read_written(101, &w), 0);
	assert_true(frame_read.key_frame);

	w = mandatory(BEGIN, 0, 1); // intra, but without templates
	assert_int_equal(read_written(102, &w), 0);
	assert_false(frame_read.key_frame);
}

// ns(n) of AV1 4.10.7, n being at least 1.
static void put_one_of(struct writer *w, unsigned n, unsigned value)
{
	unsigned width = 0;
	while (n >> width)
		width++;
	unsigned short_values = (1u << width) - n;
	if (value < short_values)
		put(w, width - 1, value);
	else
		put(w, width, value + short_values);
}

// Writes a structure, in a frame that is a switch for every decode target. `layers` has a layer for
// each template; templates refer to no frames.
static struct writer structure(
        const uint8_t *layers, unsigned templates, unsigned targets, unsigned chains, uint32_t flags
)
{
	struct writer w = mandatory(BEGIN, 0, 1);
	unsigned spatial_layers = 1;

	put(&w, 5, STRUCTURE | flags);
	put(&w, 6, 0);
	put(&w, 5, targets - 1);
	for (unsigned i = 0; i < templates; i++) {
		put(&w, 2, layers[i]);
		spatial_layers += layers[i] == SPATIAL;
	}
	for (unsigned i = 0; i < templates * targets; i++)
		put(&w, 2, SWITCH);
	for (unsigned i = 0; i < templates; i++)
		put(&w, 1, 0);
	put_one_of(&w, targets + 1, chains);
	for (unsigned i = 0; chains && i < targets; i++)
		put_one_of(&w, chains, (targets - 1 - i) % chains);
	for (unsigned i = 0; i < templates * chains; i++)
		put(&w, 4, 15);
	put(&w, 1, chains % 2); // with resolutions, or without
	for (unsigned i = 0; chains % 2 && i < spatial_layers; i++)
		put(&w, 32, 0xFFFFFFFF);
	return w;
}

static void as_many_layers_as_the_codec_has_are_read(void **)
{
	static const struct {
		uint8_t step; // from one template to the next
		unsigned templates;
		int ret;
	} cases[] = {
	        {SAME, 1, 0},           {SAME, 64, 0},           {SAME, 65, -EBADMSG},
	        {TEMPORAL, 8, 0},       {TEMPORAL, 9, -EBADMSG}, {SPATIAL, 4, 0},
	        {SPATIAL, 5, -EBADMSG},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t layers[65];
		memset(layers, cases[i].step, sizeof(layers));
		layers[cases[i].templates - 1] = LAST;
		struct writer w = structure(layers, cases[i].templates, 2, 0, 0);
		known = (struct dependency_structure){0};
		assert_int_equal(read_written(100, &w), cases[i].ret);
		assert_int_equal(known.template_count, cases[i].ret ? 0 : cases[i].templates);
		if (cases[i].ret)
			continue;
		assert_int_equal(
		        known.spatial_layers, cases[i].step == SPATIAL ? cases[i].templates : 1
		);
		uint8_t last = (uint8_t)(cases[i].templates - 1);
		assert_int_equal(read_short(101, BEGIN, last, 1), 0);
		assert_int_equal(frame_read.temporal_id, cases[i].step == TEMPORAL ? last : 0);
		assert_int_equal(frame_read.spatial_id, cases[i].step == SPATIAL ? last : 0);
	}
}

static void each_number_of_decode_targets_and_chains_is_read(void **)
{
	static const uint8_t layers[] = {TEMPORAL, SAME, LAST};
	for (unsigned targets = 1; targets <= DEPENDENCY_TARGETS; targets++) {
		for (unsigned chains = 0; chains <= targets; chains++) {
			struct writer w =
			        structure(layers, COUNT(layers), targets, chains, ACTIVE | DTIS);
			put(&w, targets, 0xFFFFFFFF);
			for (unsigned i = 0; i < targets; i++)
				put(&w, 2, i == targets - 1 ? chains % 4 : SWITCH);
			known = (struct dependency_structure){0};
			assert_int_equal(read_written(100, &w), 0);
			assert_int_equal(known.target_count, targets);
			assert_int_equal(known.chain_count, chains);
			assert_true(frame_read.key_frame);
			assert_int_equal(frame_read.switch_up, chains % 4 == SWITCH);
			assert_int_equal(read_bytes(101, w.bytes, len(&w) - 1), -EBADMSG);
		}
	}
}

static void malformed_descriptors_change_nothing(void **)
{
	struct writer key = l1t3_key(9, 1), other = mandatory(BEGIN, 8, 1);

	put(&other, 5, STRUCTURE);
	put_l1t3(&other, 9); // templates that are not the frame's
	begin_l1t3(0);
	struct dependency_structure before = known;
	for (size_t cut = 0; cut < len(&key); cut++) {
		int ret = cut == 3 ? -ENOENT : -EBADMSG; // 3: a whole one, but for other templates
		assert_int_equal(read_bytes(200, key.bytes, cut), ret);
		assert_int_equal(read_bytes(200, other.bytes, cut), ret);
	}
	assert_int_equal(read_written(200, &other), -ENOENT);
	assert_memory_equal(&known, &before, sizeof(known));
}

static void parse(const uint8_t *bytes, size_t n)
{
	static uint64_t seq;
	struct dependency_frame f;
	if (dependency_read(&known, ++seq, bytes, n, &f) < 0)
		return;
	assert_true(f.temporal_id < DEPENDENCY_TEMPORAL && f.spatial_id < f.spatial_layers);
	assert_true(f.spatial_layers <= DEPENDENCY_SPATIAL);
	assert_true(known.template_count > 0 && known.template_count <= DEPENDENCY_TEMPLATES);
	assert_true(known.target_count > 0 && known.target_count <= DEPENDENCY_TARGETS);
	assert_true(known.chain_count <= known.target_count);
}

static void hostile_descriptors_are_never_read_past_their_end(void **)
{
	struct writer key = l1t3_key(0, 1), own = mandatory(BEGIN, 1, 7);

	known = (struct dependency_structure){0};
	hostile_bytes(parse, key.bytes, len(&key));
	put(&own, 5, ACTIVE | DTIS | FDIFFS | CHAINS);
	put(&own, 32, 0xFFFFFFFF);
	hostile_bytes(parse, own.bytes, len(&own));
}

// From the descriptors to a viewer's numbers: each temporal limit is a stream without gaps, and
// upper layers begin with the next picture that is a switch.
static void temporal_layers_are_left_out_without_a_gap(void **)
{
	static struct layer_counter counter;
	struct selector sel;
	struct selector_out out;

	for (uint8_t limit = 0; limit < 3; limit++) {
		temporal_init(&counter);
		selector_init(&sel, SELECTOR_VIDEO, 65500, 77);
		selector_set_active(&sel, 1);
		selector_prefer(&sel, 0, limit);
		begin_l1t3(60);
		uint16_t seq = 65500;
		for (unsigned i = 0; i < 400; i++) {
			uint8_t id = (uint8_t)(60 + (i ? l1t3[i % 4].template : 0)) % 64;
			struct frame_info info = {.begin = true, .key_frame = i == 0};
			struct track_packet p = {
			        .arrival_us = 33333 * (int64_t)i,
			        .timestamp = 3000 * i,
			        .flags = TRACK_END,
			};
			assert_int_equal(read_short(101 + i, BEGIN | END, id, (uint16_t)i), 0);
			codec_describe(&info, &frame_read);
			assert_int_equal(
			        temporal_count(
			                &counter, sequence_start(65000) + i, &info, false, &p
			        ),
			        0
			);
			if (i == 201) // after a switch of the lowest layer
				selector_prefer(&sel, 0, 2);
			uint8_t now = i < (limit == 0 ? 204u : 202u) ? limit : 2;
			bool wanted = (i ? l1t3[i % 4].temporal_id : 0) <= now;
			assert_int_equal(selector_forward(&sel, &p, &out), wanted);
			if (wanted)
				assert_int_equal(out.seq, seq++);
		}
	}
}

// Browsers do not decode AV1's spatial layers without the descriptor, which no viewer is sent.
static void spatial_layers_are_relayed_whole(void **)
{
	static const uint8_t layers[] = {TEMPORAL, SPATIAL, TEMPORAL, LAST};
	struct writer w = structure(layers, COUNT(layers), 4, 2, 0);
	struct frame_info info = {0};

	known = (struct dependency_structure){0};
	assert_int_equal(read_written(100, &w), 0);
	assert_int_equal(read_short(101, BEGIN, 3, 2), 0);
	assert_int_equal(frame_read.temporal_id, 1);
	assert_int_equal(frame_read.spatial_id, 1);
	codec_describe(&info, &frame_read);
	assert_int_equal(info.temporal_id, 0);
	assert_false(info.begin || info.switch_up);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(frames_tell_their_layer_and_number),
	        cmocka_unit_test(chromiums_descriptors_are_read),
	        cmocka_unit_test(template_ids_wrap),
	        cmocka_unit_test(without_templates_nothing_is_known),
	        cmocka_unit_test(only_newer_templates_replace_others),
	        cmocka_unit_test(a_frame_may_have_values_of_its_own),
	        cmocka_unit_test(a_key_frame_brings_templates_and_refers_to_none),
	        cmocka_unit_test(as_many_layers_as_the_codec_has_are_read),
	        cmocka_unit_test(each_number_of_decode_targets_and_chains_is_read),
	        cmocka_unit_test(malformed_descriptors_change_nothing),
	        cmocka_unit_test(hostile_descriptors_are_never_read_past_their_end),
	        cmocka_unit_test(temporal_layers_are_left_out_without_a_gap),
	        cmocka_unit_test(spatial_layers_are_relayed_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// What viewers are told about a track: printed once for a class of viewers, with the numbers of
// each viewer.
#include "test.h"

#include "base/json.h"
#include "base/memory.h"
#include "room/peer.h"
#include "room/subscription.h"
#include "room/track.h"
#include "signaling/offer_text.h"

#include <stdlib.h>
#include <string.h>

static uint32_t class_more; // further bits of the class, which no viewer has

uint32_t __real_ortc_consumer_class(const struct ortc_media *, const struct ortc_caps *);
uint32_t __wrap_ortc_consumer_class(const struct ortc_media *, const struct ortc_caps *);

uint32_t __wrap_ortc_consumer_class(const struct ortc_media *m, const struct ortc_caps *caps)
{
	return __real_ortc_consumer_class(m, caps) | class_more;
}

struct scene {
	struct peer *speaker, *viewer, *other;
	struct track *track;
	struct subscription *to_viewer, *to_other;
};

static struct subscription *subscribe(struct peer *viewer, struct track *t, uint32_t slot)
{
	struct transport *to = peer_transport_add(viewer, am_id_make(slot, 1), true);
	struct subscription *s = subscription_create(am_id_make(slot, 7), t, to);
	bool reserve;

	for (uint32_t i = 0; i < slot; i++) // so that they differ
		s->mid = subscription_mid_new(to, &reserve);
	s->ssrc = 1000000000 + slot;
	return s;
}

static struct peer *viewer_make(const char *id)
{
	struct peer *p = peer_create(id, "", &(struct rights){0});

	p->caps.codecs[AM_CODEC_VP8].usable = true;
	p->caps.codecs[AM_CODEC_VP8].feedback = ORTC_NACK | ORTC_PLI;
	p->caps.extensions[ORTC_VIDEO] = 1u << AM_EXT_MID;
	return p;
}

static void scene_begin(struct scene *s, const char *app_data)
{
	const struct ortc_media media = {
	        .kind = ORTC_VIDEO,
	        .codec = AM_CODEC_VP8,
	        .spatial_layers = 1,
	        .parameters = json_new_object(),
	        .cname = "cname",
	};

	s->speaker = peer_create("speaker", "", &(struct rights){.speaker = true});
	s->viewer = viewer_make("viewer");
	s->other = viewer_make("other");
	struct transport *from = peer_transport_add(s->speaker, am_id_make(9, 1), false);
	s->track =
	        track_create(am_id_make(3, 1), from, &media, memory_copy_string(app_data), false);
	s->to_viewer = subscribe(s->viewer, s->track, 4);
	s->to_other = subscribe(s->other, s->track, 5);
}

static void scene_end(struct scene *s)
{
	subscription_destroy(s->to_viewer);
	subscription_destroy(s->to_other);
	offer_texts_forget(s->track);
	track_destroy(s->track);
	peer_destroy(s->speaker);
	peer_destroy(s->viewer);
	peer_destroy(s->other);
}

// The data as the viewer sees it, freed by the caller.
static struct json *told(const struct subscription *s)
{
	char *text = malloc(offer_text_len_max(s));
	size_t len = offer_text_print(s, text);
	struct json *j = json_parse(text, len);

	assert_true(len <= offer_text_len_max(s));
	if (!j)
		fail_msg("no JSON: %.*s", (int)len, text);
	free(text);
	return j;
}

static void expect_number(const struct json *j, const char *key, int64_t number)
{
	int64_t v;

	if (!json_int(j, key, number, number, &v))
		fail_msg("%s is not %lld", key, (long long)number);
}

static void expect_text(const struct json *j, const char *key, const char *text)
{
	const char *is = json_string(j, key, 256);

	if (!is || strcmp(is, text) != 0)
		fail_msg("%s is %s, not %s", key, is ? is : "nothing", text);
}

static const struct json *encoding_of(const struct json *data)
{
	return json_first(json_array(json_object(data, "rtpParameters"), "encodings"));
}

static void each_viewer_has_its_own_numbers(void **)
{
	struct scene s;

	scene_begin(&s, "{}");
	for (int round = 0; round < 2; round++) {
		struct json *a = told(s.to_viewer), *b = told(s.to_other);

		expect_text(a, "id", "0000000700000004");
		expect_text(a, "consumerId", "0000000700000004");
		expect_text(a, "transportId", "0000000100000004");
		expect_text(b, "id", "0000000700000005");
		expect_text(b, "transportId", "0000000100000005");
		expect_number(encoding_of(a), "ssrc", 1000000004);
		expect_number(encoding_of(b), "ssrc", 1000000005);
		expect_text(json_object(a, "rtpParameters"), "mid", "3");
		expect_text(json_object(b, "rtpParameters"), "mid", "4");
		json_free(a);
		json_free(b);
	}
	scene_end(&s);
}

static void all_viewers_are_told_the_same(void **)
{
	struct scene s;

	scene_begin(&s, "{\"x\":[1,\"é\"]}");
	struct json *data = told(s.to_viewer);
	const struct json *app_data = json_object(data, "appData");

	expect_text(data, "peerId", "speaker");
	expect_text(data, "producerId", "0000000100000003");
	expect_text(data, "kind", "video");
	expect_text(data, "type", "simple");
	expect_text(app_data, "peerId", "speaker");
	expect_text(app_data, "source", "video");
	assert_int_equal(json_count(json_array(app_data, "x")), 2);
	expect_number(json_object(data, "consumerScore"), "score", 10);
	json_free(data);
	scene_end(&s);
}

static void a_pause_is_told_as_it_is_now(void **)
{
	struct scene s;
	bool paused;

	scene_begin(&s, "{}");
	for (int round = 0; round < 2; round++) {
		s.track->paused = round == 1;
		struct json *data = told(s.to_viewer);
		assert_true(json_bool(json_member(data, "producerPaused"), &paused));
		assert_int_equal(paused, round == 1);
		json_free(data);
	}
	scene_end(&s);
}

static void another_class_of_viewers_is_told_otherwise(void **)
{
	struct scene s;

	scene_begin(&s, "{}");
	json_free(told(s.to_viewer));
	s.to_other->rtx_ssrc = 77;
	s.other->caps.extensions[ORTC_VIDEO] |= 1u << AM_EXT_ABS_SEND_TIME;
	for (int round = 0; round < 2; round++) {
		struct json *a = told(s.to_viewer), *b = told(s.to_other);
		const struct json *to_a = json_object(a, "rtpParameters");
		const struct json *to_b = json_object(b, "rtpParameters");
		const struct json *encoding = json_first(json_array(to_b, "encodings"));

		assert_int_equal(json_count(json_array(to_a, "codecs")), 1);
		assert_int_equal(json_count(json_array(to_b, "codecs")), 2);
		assert_int_equal(json_count(json_array(to_a, "headerExtensions")), 1);
		assert_int_equal(json_count(json_array(to_b, "headerExtensions")), 2);
		assert_false(json_has(json_first(json_array(to_a, "encodings")), "rtx"));
		expect_number(json_object(encoding, "rtx"), "ssrc", 77);
		json_free(a);
		json_free(b);
	}
	scene_end(&s);
}

static void a_publishers_text_makes_no_hole(void **)
{
	struct scene s;

	scene_begin(&s, "{\"a\":\"\\u0001s\",\"\\u0001i\":1}");
	struct json *data = told(s.to_viewer);
	const struct json *app_data = json_object(data, "appData");

	expect_text(app_data, "a", "\1s");
	expect_number(app_data, "\1i", 1);
	json_free(data);
	scene_end(&s);
}

static void classes_without_end_are_not_kept(void **)
{
	struct scene s;

	scene_begin(&s, "{}");
	for (unsigned i = 0; i < 3 * OFFER_CLASSES_MAX; i++) {
		s.viewer->caps.codecs[AM_CODEC_VP8].feedback = (uint8_t)i;
		s.viewer->caps.extensions[ORTC_VIDEO] = (uint16_t)(i << AM_EXT_MID);
		json_free(told(s.to_viewer));
	}
	assert_int_equal(offer_texts_count(s.track), OFFER_CLASSES_MAX);
	scene_end(&s);
}

static void all_bits_of_a_class_count(void **)
{
	struct scene s;

	scene_begin(&s, "{}");
	json_free(told(s.to_viewer));
	class_more = 1u << 31;
	json_free(told(s.to_viewer));
	class_more = 0;
	assert_int_equal(offer_texts_count(s.track), 2);
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_viewer_has_its_own_numbers),
	        cmocka_unit_test(all_viewers_are_told_the_same),
	        cmocka_unit_test(a_pause_is_told_as_it_is_now),
	        cmocka_unit_test(another_class_of_viewers_is_told_otherwise),
	        cmocka_unit_test(a_publishers_text_makes_no_hole),
	        cmocka_unit_test(classes_without_end_are_not_kept),
	        cmocka_unit_test(all_bits_of_a_class_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

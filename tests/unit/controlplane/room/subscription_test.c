#include "room/subscription.h"

#include "base/memory.h"
#include "room/peer.h"
#include "room/track.h"

#include "test.h"

static struct track *publish(struct peer *p, am_id id, struct transport *t)
{
	(void)p;
	const struct ortc_media media = {.kind = ORTC_VIDEO, .spatial_layers = 3};
	return track_create(id, t, &media, memory_copy_string("{}"), false);
}

static void a_new_subscription_requests_all_layers(void **)
{
	struct peer *s = peer_create("s", "", &(struct rights){.speaker = true}),
	            *p = peer_create("p", "", &(struct rights){0});
	struct track *track =
	        publish(s, am_id_make(1, 1), peer_transport_add(s, am_id_make(1, 1), false));
	struct subscription *sub = subscription_create(
	        am_id_make(1, 1), track, peer_transport_add(p, am_id_make(2, 1), true)
	);
	assert_int_equal(sub->spatial_layer, 2);
	assert_int_equal(sub->temporal_layer, TRACK_LAYER_MAX);
	assert_int_equal(sub->spatial_layer_now, AM_LAYER_NONE);
	assert_false(sub->ready || sub->confirmed);
	subscription_destroy(sub);
	track_destroy(track);
	peer_destroy(p);
	peer_destroy(s);
}

static void mids_count_up_and_are_set_aside_in_blocks(void **)
{
	struct peer *p = peer_create("p", "", &(struct rights){0});
	struct transport *t = peer_transport_add(p, am_id_make(1, 1), true);
	bool reserve;
	for (uint32_t i = 0; i < 200; i++) {
		assert_int_equal(subscription_mid_new(t, &reserve), i);
		assert_int_equal(reserve, i % SUBSCRIPTION_MID_BLOCK == 0);
		assert_true(t->mid_reserved > i);
	}
	peer_destroy(p);
}

static void a_mid_in_use_is_passed_over_after_ten_thousand(void **)
{
	struct peer *s = peer_create("s", "", &(struct rights){.speaker = true}),
	            *p = peer_create("p", "", &(struct rights){0});
	struct track *track =
	        publish(s, am_id_make(1, 1), peer_transport_add(s, am_id_make(1, 1), false));
	struct transport *t = peer_transport_add(p, am_id_make(2, 1), true);
	struct subscription *sub = subscription_create(am_id_make(1, 1), track, t);
	bool reserve;
	sub->mid = subscription_mid_new(t, &reserve);
	t->mid_next = SUBSCRIPTION_MID_COUNT;
	assert_int_equal(subscription_mid_new(t, &reserve), 1);
	char text[5];
	sub->mid = 9999;
	subscription_mid_text(sub, text);
	assert_string_equal(text, "9999");
	subscription_destroy(sub);
	assert_int_equal(p->subscription_count, 0);
	track_destroy(track);
	peer_destroy(p);
	peer_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_new_subscription_requests_all_layers),
	        cmocka_unit_test(mids_count_up_and_are_set_aside_in_blocks),
	        cmocka_unit_test(a_mid_in_use_is_passed_over_after_ten_thousand),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "test.h"

#include "base/memory.h"
#include "room/peer.h"
#include "room/track.h"

static struct track *publish(struct peer *p, am_id id, struct transport *t)
{
	(void)p;
	const struct ortc_media media = {.kind = ORTC_VIDEO, .spatial_layers = 3};
	return track_create(id, t, &media, memory_copy_string("{}"), false);
}

static void two_transports_in_each_direction(void **)
{
	struct peer *p = peer_create("p", "", &(struct rights){.speaker = true});
	assert_non_null(peer_transport_add(p, am_id_make(1, 1), false));
	struct transport *t = peer_transport_add(p, am_id_make(2, 1), false);
	assert_null(peer_transport_add(p, am_id_make(3, 1), false));
	assert_non_null(peer_transport_add(p, am_id_make(4, 1), true));
	assert_non_null(peer_transport_add(p, am_id_make(5, 1), true));
	assert_null(peer_transport_add(p, am_id_make(6, 1), true));
	peer_transport_remove(t);
	assert_non_null(peer_transport_add(p, am_id_make(7, 1), false));
	peer_destroy(p);
}

static void receiving_transports_have_a_pace(void **)
{
	struct peer *p = peer_create("p", "", &(struct rights){0});
	uint64_t now_ms = 1000000;

	for (int i = 0; i < PEER_RECEIVING_BURST; i++) {
		assert_true(peer_receiving_allows(p, now_ms));
		assert_true(peer_receiving_allows(p, now_ms)); // failed attempts cost nothing
		peer_transport_remove(peer_transport_add(p, am_id_make(1, 1), true));
	}
	assert_false(peer_receiving_allows(p, now_ms));
	assert_false(peer_receiving_allows(p, now_ms + PEER_RECEIVING_MS - 1));
	assert_true(peer_receiving_allows(p, now_ms + PEER_RECEIVING_MS));
	peer_transport_remove(peer_transport_add(p, am_id_make(1, 1), false)); // costs nothing
	assert_true(peer_receiving_allows(p, now_ms + PEER_RECEIVING_MS));
	peer_transport_remove(peer_transport_add(p, am_id_make(1, 1), true));
	assert_false(peer_receiving_allows(p, now_ms + PEER_RECEIVING_MS));
	peer_destroy(p);
}

static void subscriptions_go_to_a_transport_that_is_ready(void **)
{
	struct peer *p = peer_create("p", "", &(struct rights){0});
	struct transport *a = peer_transport_add(p, am_id_make(1, 1), true);
	assert_null(peer_transport_consuming(p));
	a->ready = true;
	assert_ptr_equal(peer_transport_consuming(p), a);
	peer_destroy(p);
}

static void names_are_trimmed_and_bounded(void **)
{
	struct peer *p = peer_create("p", "", &(struct rights){.speaker = true});
	assert_int_equal(peer_set_display_name(p, "  Ada  "), 0);
	assert_string_equal(p->display_name, "Ada");
	assert_true(peer_set_display_name(p, "   ") < 0);
	assert_true(peer_set_display_name(p, "a\nb") < 0);
	assert_true(
	        peer_set_display_name(
	                p, "12345678901234567890123456789012345678901234567890123456789012345"
	        ) < 0
	);
	assert_string_equal(p->display_name, "Ada");
	peer_destroy(p);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(two_transports_in_each_direction),
	        cmocka_unit_test(receiving_transports_have_a_pace),
	        cmocka_unit_test(subscriptions_go_to_a_transport_that_is_ready),
	        cmocka_unit_test(names_are_trimmed_and_bounded),
	        cmocka_unit_test(a_new_subscription_requests_all_layers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

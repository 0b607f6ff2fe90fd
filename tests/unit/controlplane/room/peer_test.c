#include "test.h"

#include "room/peer.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(two_transports_in_each_direction),
	        cmocka_unit_test(receiving_transports_have_a_pace),
	        cmocka_unit_test(subscriptions_go_to_a_transport_that_is_ready),
	        cmocka_unit_test(names_are_trimmed_and_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

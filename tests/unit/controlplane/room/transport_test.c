#include "test.h"

#include "base/memory.h"
#include "room/peer.h"
#include "room/track.h"

#include <errno.h>

static struct track *publish(struct peer *p, am_id id, struct transport *t)
{
	(void)p;
	const struct ortc_media media = {.kind = ORTC_VIDEO, .spatial_layers = 3};
	return track_create(id, t, &media, memory_copy_string("{}"), false);
}

static void mids_count_up_and_are_set_aside_in_blocks(void **)
{
	struct peer *p = peer_create("p", "", &(struct rights){0});
	struct transport *t = peer_transport_add(p, am_id_make(1, 1), true);
	bool reserve;
	for (uint32_t i = 0; i < 200; i++) {
		assert_int_equal(transport_mid_new(t, &reserve), i);
		assert_int_equal(reserve, i % TRANSPORT_MID_BLOCK == 0);
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
	sub->mid = transport_mid_new(t, &reserve);
	t->mid_next = TRANSPORT_MID_COUNT;
	assert_int_equal(transport_mid_new(t, &reserve), 1);
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

static void a_data_channel_that_was_refused_or_closed_is_not_there(void **)
{
	struct peer *p = peer_create("p", "", &(struct rights){.chat = true});
	struct transport *t = peer_transport_add(p, am_id_make(1, 1), false);
	assert_false(transport_data_added(t, 0)); // closed before the answer came
	assert_false(t->data_ready);
	t->data_stream = 3;
	assert_false(transport_data_added(t, -ENOBUFS));
	assert_int_equal(t->data_stream, AM_DATA_NONE);
	t->data_stream = 3;
	assert_true(transport_data_added(t, 0));
	assert_true(t->data_ready);
	peer_destroy(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(mids_count_up_and_are_set_aside_in_blocks),
	        cmocka_unit_test(a_mid_in_use_is_passed_over_after_ten_thousand),
	        cmocka_unit_test(a_data_channel_that_was_refused_or_closed_is_not_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "test.h"

#include "room/peer.h"

#include <errno.h>

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
	        cmocka_unit_test(a_data_channel_that_was_refused_or_closed_is_not_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

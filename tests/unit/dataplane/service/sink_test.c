#include "service/sink.h"

#include "test.h"

#include <errno.h>

#include "meeting.h"
#include "service/session.h"

#define SSRC 1000 // of the first subscription; each next one has ten more

// A viewer that loses the first packets must not miss a wrap among them (RFC 3711 3.3.1).
static void numbers_begin_in_the_lower_half(void **)
{
	uint16_t all = 0, all_rtx = 0;

	meeting_begin(false);
	for (uint32_t i = 0; i < 256; i++) {
		assert_int_equal(meeting_subscribe(i, SSRC + 10 * i, SSRC + 10 * i + 1), 0);
		const struct sink *k = registry_sink(&meeting.registry, am_id_make(i, 1));
		uint16_t first = (uint16_t)(k->object->selector.seq + 1);
		assert_in_range(first, 0, 0x7FFF);
		assert_in_range(k->object->rtx_index, 0, 0x7FFF);
		all |= first;
		all_rtx |= (uint16_t)k->object->rtx_index;
	}
	assert_int_equal(all, 0x7FFF); // anywhere in the lower half
	assert_int_equal(all_rtx, 0x7FFF);
	meeting_end();
}

// Two index guards for one (key, SSRC) would each allow the same index.
static void an_ssrc_is_given_to_one_subscription_of_a_transport(void **)
{
	meeting_begin(false);
	assert_int_equal(meeting_subscribe(0, 1000, 1001), 0);
	assert_int_equal(meeting_subscribe(1, 1000, 2001), -EADDRINUSE);
	assert_int_equal(meeting_subscribe(1, 2000, 1001), -EADDRINUSE);
	assert_int_equal(meeting_subscribe(1, 1001, 2001), -EADDRINUSE);
	assert_int_equal(meeting_subscribe(1, 2000, 1000), -EADDRINUSE);
	assert_int_equal(meeting_subscribe(1, 2000, 2000), -EADDRINUSE);
	assert_null(registry_sink(&meeting.registry, am_id_make(1, 1)));
	assert_int_equal(meeting_subscribe(1, 2000, 2001), 0); // refusals leave nothing behind
	assert_int_equal(meeting_subscribe(2, 3000, 0), 0);
	assert_int_equal(meeting_subscribe(3, 4000, 0), 0);
	meeting_end();
}

// The key outlives a subscription, and a new subscription would begin its indexes anew.
static void an_ssrc_does_not_come_back_under_its_key(void **)
{
	meeting_begin(false);
	assert_int_equal(meeting_subscribe(0, 1000, 1001), 0);
	meeting_unsubscribe(0);
	assert_int_equal(meeting_subscribe(0, 1000, 1002), -EADDRINUSE);
	assert_int_equal(meeting_subscribe(0, 1002, 1001), -EADDRINUSE);
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(meeting_subscribe(0, 100000 - 2 * i, 200000 + 2 * i), 0);
		meeting_unsubscribe(0);
	}
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(meeting_subscribe(0, 100000 - 2 * i, 0), -EADDRINUSE);
		assert_int_equal(meeting_subscribe(0, 200000 + 2 * i, 0), -EADDRINUSE);
	}
	// A new transport has a new key.
	meeting_leave(registry_session(&meeting.registry, MEETING_VIEWER));
	assert_int_equal(session_place(&meeting.registry, meeting_session(1, MEETING_ROOM), 0), 0);
	assert_int_equal(meeting_subscribe(0, 1000, 1001), 0);
	meeting_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(numbers_begin_in_the_lower_half),
	        cmocka_unit_test(an_ssrc_is_given_to_one_subscription_of_a_transport),
	        cmocka_unit_test(an_ssrc_does_not_come_back_under_its_key),
	};
	return cmocka_run_group_tests(tests, meeting_open, NULL);
}

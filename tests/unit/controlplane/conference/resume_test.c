// What a returning page says it has: a bit for each slot, whatever the epoch.
#include "test.h"

#include "conference/conference.h"

static void each_object_counts_once(void **)
{
	static const uint32_t slots[] = {0, 1, 63, 64, AM_SUBSCRIPTION_MAX - 1};
	struct page_objects *page = calloc(1, sizeof(*page));

	for (size_t i = 0; i < COUNT(slots); i++) {
		am_id id = am_id_make(slots[i], 7);
		assert_true(page_objects_add(page->subscriptions, id));
		assert_false(page_objects_add(page->subscriptions, id));
	}
	for (uint32_t slot = 0; slot < AM_TRACK_MAX; slot++)
		assert_true(page_objects_add(page->tracks, am_id_make(slot, 1)));
	assert_true(page_objects_add(page->subscriptions, am_id_make(2, 1)));
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_object_counts_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "service/ssrc_set.h"

#include "test.h"

#include <errno.h>

static void a_transport_has_a_limited_number_of_ssrcs(void **)
{
	struct ssrc_set set = {0};

	for (uint32_t i = 0; i < SSRC_SET_MAX / 2; i++)
		assert_int_equal(ssrc_set_add(&set, 2 * i + 2, 2 * i + 3), 0);
	assert_int_equal(ssrc_set_add(&set, 1000000, 0), -ENOSPC);
	assert_int_equal(ssrc_set_add(&set, 2, 0), -EADDRINUSE);
	ssrc_set_fini(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_transport_has_a_limited_number_of_ssrcs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

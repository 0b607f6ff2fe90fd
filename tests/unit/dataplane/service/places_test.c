#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "service/places.h"

static struct places places;

static uint8_t ips[4][16] = {
        {192, 0, 2, 1},
        {192, 0, 2, 2},
        {0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8},
        {0x20, 1, 0xd, 0xb8, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8},
};

static int begin(void **)
{
	places_init(&places);
	places.secret = 1; // with it, no rooms or addresses of these tests share a bucket
	return 0;
}

static struct place at(uint64_t room, int ip)
{
	return places_of(&places, room, ips[ip], ip < 2 ? 4 : 6);
}

static void an_address_has_a_share(void **)
{
	for (uint64_t i = 0; i < PLACES_ADDRESS_MAX; i++) {
		struct place p = at(i, 0);
		assert_true(places_free(&places, p));
		places_take(&places, p);
	}
	assert_false(places_free(&places, at(5000, 0)));
	for (int ip = 1; ip < 4; ip++)
		assert_true(places_free(&places, at(5000, ip)));
	places_give(&places, at(7, 0));
	assert_true(places_free(&places, at(5000, 0)));
}

static void a_room_has_a_share(void **)
{
	for (uint32_t i = 0; i < PLACES_ROOM_MAX; i++) {
		const uint8_t ip[16] = {10, 0, (uint8_t)(i >> 8), (uint8_t)i};
		struct place p = places_of(&places, 42, ip, 4);
		assert_true(places_free(&places, p));
		places_take(&places, p);
	}
	assert_false(places_free(&places, at(42, 0)));
	assert_true(places_free(&places, at(43, 0)));
}

static void a_network_of_ipv6_is_one_address(void **)
{
	uint8_t other[16];

	for (int i = 0; i < 16; i++)
		other[i] = i < 8 ? ips[2][i] : (uint8_t)(i * 7);
	assert_int_equal(places_of(&places, 1, other, 6).address, at(1, 2).address);
	other[7] = 9;
	assert_int_not_equal(places_of(&places, 1, other, 6).address, at(1, 2).address);
}

static void buckets_depend_on_a_secret(void **)
{
	struct place before = at(1, 0);

	places.secret = 2;
	assert_int_not_equal(at(1, 0).address, before.address);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(an_address_has_a_share, begin),
	        cmocka_unit_test_setup(a_room_has_a_share, begin),
	        cmocka_unit_test_setup(a_network_of_ipv6_is_one_address, begin),
	        cmocka_unit_test_setup(buckets_depend_on_a_secret, begin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

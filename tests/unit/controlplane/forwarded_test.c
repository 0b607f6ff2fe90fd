// X-Forwarded-For: whom it is believed from.
#include "test.h"

#include "am_config.h"
#include "forwarded.h"

#include <string.h>

static const struct am_config_strings proxies = {3, {"127.0.0.1", "10.0.0.0/8", "2001:db8::/64"}};

static void check(const char *peer, const char *const values[], const char *client, bool sure)
{
	struct forwarded f;
	struct address a;
	char text[ADDRESS_TEXT_SIZE];

	assert_true(address_read(&a, peer));
	forwarded_begin(&f, &a, &proxies);
	for (; *values; values++)
		forwarded_add(&f, *values);
	assert_int_equal(forwarded_end(&f, &a), sure);
	address_write(text, &a);
	assert_string_equal(text, client);
}

static void the_last_address_that_is_no_proxys_counts(void **)
{
	static const struct {
		const char *peer, *values[4], *client;
		bool sure;
	} rows[] = {
	        {"192.0.2.1", {NULL}, "192.0.2.1", true},
	        {"::ffff:192.0.2.1", {NULL}, "192.0.2.1", true},
	        {"127.0.0.1", {"192.0.2.1"}, "192.0.2.1", true},
	        {"::ffff:127.0.0.1", {"192.0.2.1"}, "192.0.2.1", true},
	        {"127.0.0.1", {"203.0.113.9, 192.0.2.1"}, "192.0.2.1", true}, // the client lies
	        {"127.0.0.1", {"203.0.113.9, 192.0.2.1, 10.0.0.7"}, "192.0.2.1", true},
	        {"127.0.0.1", {"203.0.113.9", "192.0.2.1"}, "192.0.2.1", true}, // HAProxy's way
	        {"127.0.0.1", {"203.0.113.9", "192.0.2.1", "10.1.1.1"}, "192.0.2.1", true},
	        {"2001:db8::5", {"192.0.2.1:4711"}, "192.0.2.1", true},
	        {"2001:db8::5", {"[2001:db8:1::1]:4711"}, "2001:db8:1::1", true},
	        {"2001:db8::5", {" 2001:db8:1::1 ,,"}, "2001:db8:1::1", true},
	        {"127.0.0.1", {"::ffff:192.0.2.1"}, "192.0.2.1", true},
	        // Nobody knows whose request that is.
	        {"127.0.0.1", {NULL}, "127.0.0.1", false},
	        {"127.0.0.1", {""}, "127.0.0.1", false},
	        {"127.0.0.1", {"10.0.0.7"}, "127.0.0.1", false},
	        {"127.0.0.1", {"192.0.2.1, unknown"}, "127.0.0.1", false},
	        {"127.0.0.1", {"192.0.2.1, unknown, 10.0.0.7"}, "127.0.0.1", false},
	        {"127.0.0.1", {"localhost"}, "127.0.0.1", false},
	        {"10.0.0.7", {"127.0.0.1"}, "10.0.0.7", false},
	        {"10.0.0.7", {"203.0.113.9, ::1"}, "::1", false}, // of which machine?
	        {"192.0.2.1", {"203.0.113.9"}, "192.0.2.1", false}, // no proxy of ours
	        {"127.0.0.2", {"203.0.113.9"}, "127.0.0.2", false},
	        {"127.0.0.2", {""}, "127.0.0.2", false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(rows[i].peer, rows[i].values, rows[i].client, rows[i].sure);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_last_address_that_is_no_proxys_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

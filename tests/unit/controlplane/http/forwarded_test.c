// X-Forwarded-For, and from whom it is trusted.
#include "test.h"

#include "am_config.h"
#include "http/forwarded.h"

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
		forwarded_header(&f, "x-forwarded-for", *values);
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
	        {"127.0.0.1", {"203.0.113.9", "192.0.2.1"}, "192.0.2.1", true}, // from HAProxy
	        {"127.0.0.1", {"203.0.113.9", "192.0.2.1", "10.1.1.1"}, "192.0.2.1", true},
	        {"2001:db8::5", {"192.0.2.1:4711"}, "192.0.2.1", true},
	        {"2001:db8::5", {"[2001:db8:1::1]:4711"}, "2001:db8:1::1", true},
	        {"2001:db8::5", {" 2001:db8:1::1 ,,"}, "2001:db8:1::1", true},
	        {"127.0.0.1", {"::ffff:192.0.2.1"}, "192.0.2.1", true},
	        // It is unknown whose request that is.
	        {"127.0.0.1", {NULL}, "127.0.0.1", false},
	        {"127.0.0.1", {""}, "127.0.0.1", false},
	        {"127.0.0.1", {"10.0.0.7"}, "127.0.0.1", false},
	        {"127.0.0.1", {"192.0.2.1, unknown"}, "127.0.0.1", false},
	        {"127.0.0.1", {"192.0.2.1, unknown, 10.0.0.7"}, "127.0.0.1", false},
	        {"127.0.0.1", {"localhost"}, "127.0.0.1", false},
	        {"10.0.0.7", {"127.0.0.1"}, "10.0.0.7", false},
	        {"10.0.0.7", {"203.0.113.9, ::1"}, "::1", false}, // the loopback of which machine?
	        {"192.0.2.1", {"203.0.113.9"}, "192.0.2.1", false}, // not one of our proxies
	        {"127.0.0.2", {"203.0.113.9"}, "127.0.0.2", false},
	        {"127.0.0.2", {""}, "127.0.0.2", false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(rows[i].peer, rows[i].values, rows[i].client, rows[i].sure);
}

// If a proxy adds nothing, nobody knows whose request it is, unless the request says so.
static void a_proxy_is_not_the_client(void **)
{
	static const struct {
		const char *name;
		bool marks;
	} rows[] = {
	        {"X-Forwarded-For", true},  {"X-Forwarded-Proto", true},
	        {"x-forwarded-host", true}, {"X-Forwarded-Port", true},
	        {"Forwarded", true},        {"X-Real-IP", true},
	        {"x-real-ip", true},        {"Via", true},
	        {"CF-Connecting-IP", true}, {"True-Client-IP", true},
	        {"X-Client-IP", true},      {"Host", false},
	        {"User-Agent", false},      {"X-Forwarded", false},
	        {"Viable", false},
	};
	struct address peer, a;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct forwarded f;
		assert_true(address_read(&peer, "127.0.0.9")); // not one of our proxies
		forwarded_begin(&f, &peer, &proxies);
		forwarded_header(&f, rows[i].name, "127.0.0.9");
		forwarded_header(&f, "Accept", "*/*");
		if (forwarded_end(&f, &a) == rows[i].marks)
			fail_msg("%s", rows[i].name);
		// A known proxy names its client in one header only.
		assert_true(address_read(&peer, "127.0.0.1"));
		forwarded_begin(&f, &peer, &proxies);
		forwarded_header(&f, rows[i].name, "192.0.2.1");
		assert_int_equal(forwarded_end(&f, &a), i == 0);
		forwarded_header(&f, "X-Forwarded-For", "192.0.2.1");
		assert_true(forwarded_end(&f, &a));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_last_address_that_is_no_proxys_counts),
	        cmocka_unit_test(a_proxy_is_not_the_client),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

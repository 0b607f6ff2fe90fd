// Addresses of clients: one form for each.
#include "test.h"

#include "base/address.h"

#include <netinet/in.h>
#include <string.h>

static struct address read_one(const char *text)
{
	struct address a;
	assert_true(address_read(&a, text));
	return a;
}

static void there_is_one_form_of_each(void **)
{
	static const char *const rows[][3] = {
	        // text, its canonical form, the client that limits count
	        {"192.0.2.1", "192.0.2.1", "192.0.2.1"},
	        {"::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1"},
	        {"::FFFF:c000:0201", "192.0.2.1", "192.0.2.1"},
	        {"2001:DB8:0:0:0:0:0:1", "2001:db8::1", "2001:db8::"},
	        {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
	        {"::1", "::1", "::"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[ADDRESS_TEXT_SIZE];
		struct address a = read_one(rows[i][0]);
		address_write(text, &a);
		assert_string_equal(text, rows[i][1]);
		address_write_client(text, &a);
		assert_string_equal(text, rows[i][2]);
	}
	struct address a;
	static const char *const bad[] = {"",       "127.1",      "localhost", "[::1]",
	                                  "::1%lo", "1.2.3.4:80", " 1.2.3.4"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(address_read(&a, bad[i]));
}

static void a_socket_has_the_same_form(void **)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct address a, b, mapped = read_one("::ffff:127.0.0.1");

	memcpy(&v6.sin6_addr, mapped.bytes, 16);
	v6.sin6_addr.s6_addr[10] = v6.sin6_addr.s6_addr[11] = 0xff;
	assert_true(address_of_socket(&a, (struct sockaddr *)&v4));
	assert_true(address_of_socket(&b, (struct sockaddr *)&v6));
	assert_memory_equal(&a, &b, sizeof(a));
	assert_true(address_is_loopback(&b));
	assert_false(address_of_socket(&a, &(struct sockaddr){.sa_family = AF_UNIX}));
}

static void loopback_is_known_in_each_form(void **)
{
	assert_true(address_text_is_loopback("127.0.0.1"));
	assert_true(address_text_is_loopback("127.8.0.1"));
	assert_true(address_text_is_loopback("::1"));
	assert_true(address_text_is_loopback("::ffff:127.0.0.1"));
	assert_false(address_text_is_loopback("128.0.0.1"));
	assert_false(address_text_is_loopback("::ffff:128.0.0.1"));
	assert_false(address_text_is_loopback("::"));
	assert_false(address_text_is_loopback("127.1"));
}

static void networks_match_the_addresses_in_them(void **)
{
	static const struct {
		const char *list, *address;
		bool good, has;
	} rows[] = {
	        {"192.0.2.1", "192.0.2.1", true, true},
	        {"192.0.2.1", "::ffff:192.0.2.1", true, true},
	        {"::ffff:192.0.2.1", "192.0.2.1", true, true},
	        {"192.0.2.1", "192.0.2.2", true, false},
	        {"192.0.2.0/24", "192.0.2.255", true, true},
	        {"192.0.2.0/24", "192.0.3.0", true, false},
	        {"192.0.2.128/25", "192.0.2.127", true, false},
	        {"192.0.2.128/25", "192.0.2.128", true, true},
	        {"0.0.0.0/0", "203.0.113.9", true, true},
	        {"0.0.0.0/0", "2001:db8::1", true, false},
	        {"::/0", "2001:db8::1", true, true},
	        {"2001:db8::/47", "2001:db8:1::1", true, true},
	        {"2001:db8::/48", "2001:db8:1::1", true, false},
	        {"10.0.0.0/8,::1", "::1", true, true},
	        {"10.0.0.0/8,::1", "::2", true, false},
	        {"10.0.0.0/33", "10.0.0.0", false, false},
	        {"10.0.0.0/", "10.0.0.0", false, false},
	        {"10.0.0.0/-1", "10.0.0.0", false, false},
	        {"::/129", "::1", false, false},
	        {"::1,", "::2", false, false},
	        {",::1", "::2", false, false},
	        {"", "::2", false, false},
	        {"10.0.0.0/8, ::1", "::2", false, false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct address a = read_one(rows[i].address);
		assert_int_equal(address_list_is_good(rows[i].list), rows[i].good);
		assert_int_equal(address_list_has(rows[i].list, &a), rows[i].has);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(there_is_one_form_of_each),
	        cmocka_unit_test(a_socket_has_the_same_form),
	        cmocka_unit_test(loopback_is_known_in_each_form),
	        cmocka_unit_test(networks_match_the_addresses_in_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

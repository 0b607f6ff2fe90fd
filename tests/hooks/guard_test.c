// No connection goes to an address that is not public, however it is written or resolved; and a
// malicious receiver does no harm, whatever it sends.
#include "hook_world.h"

#include "hook/guard.h"
#include "hook/transfer.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REBIND_HOST "rebind.test" // resolves to a public address at first, then to loopback
#define NAMED_HOST  "named.test" // resolves to loopback
#define STALL_HOST  "stall.test" // its name server does not answer for a while
#define STALL_S     6

static atomic_int connects; // calls for addresses that are not public
static atomic_bool connects_count;
static atomic_int rebinds;

// Replaces libc's connect, for libcurl as well, and notes the addresses.
int connect(int fd, const struct sockaddr *a, socklen_t len)
{
	static int (*real)(int, const struct sockaddr *, socklen_t);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "connect");
	if (a->sa_family != AF_INET && a->sa_family != AF_INET6)
		return real(fd, a, len);
	if (!guard_address_is_public(a) && connects_count)
		connects++;
	if (guard_address_is_public(a)) { // nothing leaves the machine
		errno = ENETUNREACH;
		return -1;
	}
	return real(fd, a, len);
}

int getaddrinfo(
        const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out
)
{
	static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	if (name && strcmp(name, REBIND_HOST) == 0)
		name = rebinds++ == 0 ? "93.184.216.34" : "127.0.0.1";
	else if (name && strcmp(name, NAMED_HOST) == 0)
		name = "127.0.0.1";
	else if (name && strcmp(name, STALL_HOST) == 0)
		sleep(STALL_S);
	return real(name, service, hints, out);
}

// The rules.

static bool is_public(const char *text)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} a = {0};

	if (inet_pton(AF_INET, text, &a.v4.sin_addr) == 1)
		a.v4.sin_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &a.v6.sin6_addr) == 1)
		a.v6.sin6_family = AF_INET6;
	else
		fail_msg("not an address: %s", text);
	return guard_address_is_public(&a.any);
}

// proves A19
static void only_public_addresses_are_called(void **)
{
	static const char *const refused[] = {
	        "0.0.0.0",
	        "0.1.2.3",
	        "10.0.0.0",
	        "10.255.255.255",
	        "100.64.0.0",
	        "100.127.255.255",
	        "127.0.0.1",
	        "127.255.255.255",
	        "169.254.0.0",
	        "169.254.169.254",
	        "169.254.255.255",
	        "172.16.0.0",
	        "172.31.255.255",
	        "192.0.0.1",
	        "192.0.0.170",
	        "192.0.2.1",
	        "192.88.99.1",
	        "192.168.0.0",
	        "192.168.255.255",
	        "198.18.0.2",
	        "198.19.255.255",
	        "198.51.100.1",
	        "203.0.113.1",
	        "224.0.0.1",
	        "239.255.255.255",
	        "240.0.0.1",
	        "255.255.255.255",
	        "::",
	        "::1",
	        "::7f00:1",
	        "::ffff:127.0.0.1",
	        "::ffff:8.8.8.8",
	        "::ffff:0:8.8.8.8",
	        "64:ff9b::7f00:1",
	        "64:ff9b::808:808",
	        "64:ff9b:1::1",
	        "100::1",
	        "2001::1",
	        "2001:1ff:ffff::1",
	        "2001:db8::1",
	        "2002:7f00:1::",
	        "2002:808:808::1",
	        "3fff::1",
	        "3fff:fff::1",
	        "4000::1",
	        "5f00::1",
	        "fc00::1",
	        "fd00::1",
	        "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	        "fe80::1",
	        "febf::1",
	        "fec0::1",
	        "ff02::1",
	        "ffff::1",
	};
	static const char *const allowed[] = {
	        "1.1.1.1",     "9.255.255.255",   "11.0.0.0",        "100.63.255.255",
	        "100.128.0.0", "126.255.255.255", "128.0.0.1",       "169.253.255.255",
	        "169.255.0.0", "172.15.255.255",  "172.32.0.0",      "192.0.1.1",
	        "192.0.3.1",   "192.167.255.255", "192.169.0.0",     "198.17.255.255",
	        "198.20.0.0",  "223.255.255.255", "2001:200::1",     "2001:db7::1",
	        "2001:db9::1", "2003::1",         "2606:4700::1111", "2a00:1450::1",
	        "3ffe::1",
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (is_public(refused[i]))
			fail_msg("%s", refused[i]);
	}
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		if (!is_public(allowed[i]))
			fail_msg("%s", allowed[i]);
	}
	assert_false(guard_address_is_public(&(struct sockaddr){.sa_family = AF_UNIX}));
}

static void entries_name_hosts_and_ports(void **)
{
	static const char *const good[] = {"localhost",  "hooks.example:8443", "10.0.0.5",
	                                   "10.0.0.5:1", "[fd00::1]",          "[fd00::1]:443"};
	static const char *const bad[] = {
	        "",    ":443",    "https://a", "a/b", "a:",        "a:0", "a:123456",
	        "a:b", "fd00::1", "[fd00::1",  "[]",  "*.example", "a b"};
	struct am_config_strings list = {.count = 3, .values = {"one", "two:8443", "[fd00::1]:1"}};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(guard_entry_is_good(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (guard_entry_is_good(bad[i]))
			fail_msg("%s", bad[i]);
	}
	assert_true(guard_host_is_allowed(&list, "one", "443"));
	assert_true(guard_host_is_allowed(&list, "ONE", "8443"));
	assert_true(guard_host_is_allowed(&list, "two", "8443"));
	assert_true(guard_host_is_allowed(&list, "[fd00::1]", "1"));
	assert_false(guard_host_is_allowed(&list, "two", "443"));
	assert_false(guard_host_is_allowed(&list, "two", "84430"));
	assert_false(guard_host_is_allowed(&list, "tw", "8443"));
	assert_false(guard_host_is_allowed(&list, "one.example", "443"));
	assert_false(guard_host_is_allowed(&list, "xone", "443"));
}

// The real thing.

static enum hook_verdict ask(struct world *w, const char *url)
{
	struct hook_peer p = world_peer(w, "", "p");

	p.url = url;
	return world_join(w, &p)->verdict;
}

// The account admits peers if its receiver does not answer; but a URL that may not be called is no
// receiver.
static enum hook_verdict ask_openly(struct world *w, const char *url)
{
	struct hook_peer p = world_peer(w, "", "p");

	p.url = url;
	p.fail_open = true;
	return world_join(w, &p)->verdict;
}

// proves A19
static void nothing_is_sent_to_addresses_that_are_not_public(void **state)
{
	static const char *const hosts[] = {
	        "127.0.0.1",
	        "localhost",
	        "LOCALHOST",
	        "localhost.",
	        "127.1",
	        "127.0.1",
	        "2130706433",
	        "0x7f000001",
	        "0x7f.1",
	        "017700000001",
	        "0177.0.0.1",
	        "0.0.0.0",
	        "0",
	        "[::1]",
	        "[::]",
	        "[::ffff:127.0.0.1]",
	        "[::ffff:7f00:1]",
	        "[::127.0.0.1]",
	        "[0:0:0:0:0:ffff:127.0.0.1]",
	        "[64:ff9b::7f00:1]",
	        "[fe80::1%25lo]",
	        "[fd00::1]",
	        "10.0.0.1",
	        "169.254.169.254",
	        "100.64.0.1",
	        "192.168.1.1",
	        "172.16.0.1",
	        "224.0.0.1",
	        "255.255.255.255",
	        NAMED_HOST,
	        "127.0.0.1.",
	        "127%2e0%2e0%2e1",
	        "\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1", // circled digits
	};
	struct world *w = *state;
	char url[128];

	w->config.hook_allowed.count = 0;
	connects = 0;
	connects_count = true;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		snprintf(url, sizeof(url), "https://%s:%u", hosts[i], w->receiver.port);
		if (ask(w, url) != HOOK_UNAVAILABLE)
			fail_msg("%s", url);
		if (connects != 0)
			fail_msg("%s: a connection was tried", url);
	}
	snprintf(url, sizeof(url), "https://[::1]:%u", w->receiver.port);
	assert_int_equal(ask_openly(w, url), HOOK_UNAVAILABLE);
	snprintf(url, sizeof(url), "https://localhost:%u", w->receiver.port);
	assert_int_equal(ask_openly(w, url), HOOK_UNAVAILABLE);
	assert_int_equal(connects, 0);
	assert_int_equal(world_requests(w), 0);
	// The receiver is there: once it is allowed, it is called.
	w->config.hook_allowed.count = 1;
	snprintf(url, sizeof(url), "https://localhost:%u", w->receiver.port);
	assert_int_equal(ask(w, url), HOOK_ADMIT);
	assert_true(connects > 0);
	connects_count = false;
}

static void leave_for_one_port_is_not_for_another(void **state)
{
	struct world *w = *state;
	char url[128];

	snprintf(url, sizeof(url), "https://localhost:%u", w->receiver.port);
	snprintf(w->config.hook_allowed.values[0], 64, "localhost:%u", w->receiver.port ^ 1);
	assert_int_equal(ask(w, url), HOOK_UNAVAILABLE);
	snprintf(w->config.hook_allowed.values[0], 64, "localhost:%u", w->receiver.port);
	assert_int_equal(ask(w, url), HOOK_ADMIT);
}

// proves A19
static void only_https_is_spoken(void **state)
{
	static const char *const urls[] = {
	        "http://localhost:%u",
	        "HTTP://localhost:%u",
	        "ftp://localhost:%u",
	        "localhost:%u",
	        "//localhost:%u",
	        "file:///etc/passwd",
	        "gopher://localhost:%u/x",
	        "https://user:secret@localhost:%u",
	        "https://user@localhost:%u",
	        "https://:%u",
	        "https://",
	        "",
	        "x",
	        "https://localhost:%u99999",
	        "https://local host:%u",
	        "https://localhost:%u\r\nX: y",
	        "https://localhost:%u/\nGET /",
	        "javascript:alert(1)",
	};
	struct world *w = *state;
	char url[128];

	connects = 0;
	connects_count = true;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(url, sizeof(url), urls[i], w->receiver.port);
#pragma GCC diagnostic pop
		if (ask_openly(w, url) != HOOK_UNAVAILABLE || connects != 0)
			fail_msg("%s", url);
	}
	connects_count = false;
	assert_int_equal(world_requests(w), 0);
}

static void header_values_cannot_break_out(void **state)
{
	static const char *const values[] = {"a\r\nX-Evil: 1", "a\nb", "a\rb", "a\tb", "\x7f", "Ö"};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct hook_peer p = world_peer(w, "", "p");
		p.authorization = values[i];
		p.fail_open = true;
		assert_int_equal(world_join(w, &p)->verdict, HOOK_UNAVAILABLE);
	}
	assert_int_equal(world_requests(w), 0);
}

// proves A19
static void redirects_are_not_followed(void **state)
{
	static const int statuses[] = {301, 302, 303, 307, 308};
	struct world *w = *state;
	struct receiver *r = &w->receiver;
	char program[160];

	for (size_t i = 0; i < 5; i++) {
		snprintf(
		        program, sizeof(program),
		        "status=%d,location=https:%%2F%%2Flocalhost:%u%%2Felsewhere", statuses[i],
		        r->port
		);
		struct hook_peer p = world_peer(w, program, "p");
		assert_int_equal(world_join(w, &p)->verdict, HOOK_DECLINED);
	}
	assert_int_equal(world_requests(w), 5);
}

// proves A19
static void a_name_that_changes_its_address_is_checked_again(void **state)
{
	struct world *w = *state;
	char url[128];

	rebinds = 0;
	connects = 0;
	connects_count = true;
	snprintf(url, sizeof(url), "https://" REBIND_HOST ":%u", w->receiver.port);
	for (int i = 0; i < 3; i++) {
		struct hook_peer p = world_peer(w, "", "p");
		p.url = url;
		assert_int_equal(world_join(w, &p)->verdict, HOOK_UNAVAILABLE);
		// libcurl caches addresses for 60 s; a new process resolves the name again.
		world_stop(w);
		world_start(w);
	}
	assert_true(rebinds >= 2);
	assert_int_equal(connects, 0);
	connects_count = false;
	assert_int_equal(world_requests(w), 0);
}

// proves A19
static void proxy_variables_are_ignored(void **state)
{
	static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
	struct world *w = *state;
	struct hook_peer p = world_peer(w, "", "p");

	for (size_t i = 0; i < 4; i++)
		setenv(names[i], "http://127.0.0.1:1", 1);
	assert_int_equal(world_join(w, &p)->verdict, HOOK_ADMIT);
	for (size_t i = 0; i < 4; i++)
		unsetenv(names[i]);
}

static void certificates_are_checked(void **state)
{
	struct world *w = *state;
	struct hook_peer p = world_peer(w, "", "p");
	char url[128];

	strcpy(w->config.hook_allowed.values[1], NAMED_HOST);
	w->config.hook_allowed.count = 2;
	snprintf(url, sizeof(url), "https://" NAMED_HOST ":%u", w->receiver.port);
	p.url = url; // a name that is not in the certificate
	assert_int_equal(world_join(w, &p)->verdict, HOOK_UNAVAILABLE);
	world_stop(w);
	w->config.hook_authorities[0] = '\0'; // no authority
	world_start(w);
	p = world_peer(w, "", "p");
	assert_int_equal(world_join(w, &p)->verdict, HOOK_UNAVAILABLE);
	assert_int_equal(world_requests(w), 0);
	strcpy(w->config.hook_authorities, "/nowhere.pem");
	assert_null(hooks_create(
	        w->loop, w->history, &w->config.hook_allowed, w->config.hook_authorities
	));
}

// proves F07
static void malicious_answers_end_in_time(void **state)
{
	static const struct {
		const char *program;
		enum hook_verdict verdict;
	} cases[] = {
	        {"mode=endless", HOOK_ADMIT}, // the status was received
	        {"mode=endless,status=401", HOOK_DECLINED},
	        {"mode=bomb", HOOK_ADMIT}, // the body is not unpacked
	        {"mode=bomb,status=423", HOOK_LOCKED},
	        {"mode=trickle", HOOK_UNAVAILABLE},
	        {"mode=cut", HOOK_UNAVAILABLE},
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hook_peer p = world_peer(w, cases[i].program, "p");
		uint64_t start = world_now_ms();
		const struct heard *h = world_join(w, &p);
		assert_int_equal(h->verdict, cases[i].verdict);
		assert_string_equal(h->message, "");
		assert_true(world_now_ms() - start < HOOK_ANSWER_MS + 2000);
	}
}

static void a_silent_name_server_does_not_stop_the_loop(void **state)
{
	struct world *w = *state;
	struct hook_peer p = world_peer(w, "", "p");
	uint64_t start = world_now_ms(), before = start, longest = 0;

	p.url = "https://" STALL_HOST;
	hook_join(w->hooks, &p, world_heard, w);
	while (w->count == 0 && before - start < 2 * HOOK_ANSWER_MS) {
		loop_turn(w->loop, 5);
		uint64_t now = world_now_ms();
		longest = now - before > longest ? now - before : longest;
		before = now;
	}
	assert_int_equal(w->count, 1);
	assert_int_equal(w->heard[0].verdict, HOOK_UNAVAILABLE);
	assert_true(before - start < HOOK_ANSWER_MS + 1000);
	assert_true(longest < 2000); // of wall time, on a busy machine
	sleep(STALL_S - HOOK_ANSWER_MS / 1000); // until the resolver's thread ends by itself
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(only_public_addresses_are_called),
	        cmocka_unit_test(entries_name_hosts_and_ports),
	        TEST(nothing_is_sent_to_addresses_that_are_not_public),
	        TEST(leave_for_one_port_is_not_for_another),
	        TEST(only_https_is_spoken),
	        TEST(header_values_cannot_break_out),
	        TEST(redirects_are_not_followed),
	        TEST(a_name_that_changes_its_address_is_checked_again),
	        TEST(proxy_variables_are_ignored),
	        TEST(certificates_are_checked),
	        TEST(malicious_answers_end_in_time),
	        TEST(a_silent_name_server_does_not_stop_the_loop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// Clients that take a place and do nothing with it, and how much media an account may have.
#include "test.h"

#include "page.h"
#include "server_process.h"

#include <stdio.h>
#include <unistd.h>

static struct server server;

// Long enough for a slow machine to join in.
static int setup_impatient(void **)
{
	server_make(&server, "join_s = 5;");
	server_start(&server);
	return 0;
}

static int setup(void **)
{
	server_make(&server, "");
	server_set_default(&server, "max-transports", "3");
	server_start(&server);
	return 0;
}

static int teardown(void **)
{
	return server_remove(&server);
}

static void come(struct page *p, const char *where, const char *name)
{
	page_open(p, &server, "localhost", where);
	if (name)
		page_join(p, name);
}

static void a_peer_that_does_not_join_is_removed(void **)
{
	struct page idle, member;

	come(&member, "/call/?roomId=r&peerId=member", "M");
	come(&idle, "/call/?roomId=r&peerId=idle", NULL);
	page_expect_end(&idle, "not-joined");
	assert_int_equal(page_ask_code(&member, "getTransportStats", "{}"), 200);
	page_leave(&member);
}

static void a_peer_that_ends_its_membership_must_join_again(void **)
{
	struct page p;

	come(&p, "/call/?roomId=again&peerId=p", "P");
	assert_int_equal(page_ask_code(&p, "resume", "{}"), 200); // without a session: anew
	page_expect_end(&p, "not-joined");
}

static int transport(struct page *p, const char *direction)
{
	char data[64];

	snprintf(data, sizeof(data), "{\"%s\":true}", direction);
	return page_ask_code(p, "createWebRtcTransport", data);
}

static void an_accounts_transports_are_limited(void **)
{
	struct page a, b;

	come(&a, "/call/?roomId=t1&peerId=a", "A");
	come(&b, "/call/?roomId=t2&peerId=b", "B");
	assert_int_equal(transport(&a, "consuming"), 200);
	assert_int_equal(transport(&a, "producing"), 200);
	assert_int_equal(transport(&b, "consuming"), 200);
	assert_int_equal(transport(&b, "producing"), 503);
	page_leave(&a);
	int code = 503;
	for (int i = 0; i < 500 && code != 200; i++) { // until the peer is gone
		code = transport(&b, "producing");
		server_turn(&server);
	}
	assert_int_equal(code, 200);
	page_leave(&b);
}

#define FEW 8

static int setup_few(void **)
{
	server_make(&server, "address_websockets = 8;");
	server_start(&server);
	return 0;
}

// Opens, joins and leaves; returns the answer to the join.
static int visit(const char *where)
{
	struct page p;

	page_open(&p, &server, "localhost", where);
	int code = page_ask_code(&p, "join", "{\"displayName\":\"V\",\"device\":{}}");
	page_leave(&p);
	usleep(20000); // as often as it may open one
	return code;
}

// The whole room is told of each join, so in the long run, an address may join ten times a second.
static void an_address_that_keeps_joining_has_to_wait(void **)
{
	struct page member, waits;
	int code = 200;

	page_open(&member, &server, "localhost", "/webinar/?roomId=busy&peerId=member");
	page_join(&member, "M");
	for (int i = 1; i < FEW; i++)
		assert_int_equal(visit("/webinar/?roomId=busy&peerId=comes"), 200);
	for (int i = 0; i < 1000 && code == 200; i++)
		code = visit("/webinar/?roomId=busy&peerId=comes");
	assert_int_equal(code, 429);
	// In another room, that affects nobody.
	assert_int_equal(visit("/webinar/?roomId=idle&peerId=comes"), 200);
	// A client that asks again is soon admitted.
	page_open(&waits, &server, "localhost", "/webinar/?roomId=busy&peerId=waits");
	for (int i = 0; i < 1000 && code == 429; i++)
		code = page_ask_code(&waits, "join", "{\"displayName\":\"W\",\"device\":{}}");
	assert_int_equal(code, 200);
	page_leave(&waits);
	page_leave(&member);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                a_peer_that_does_not_join_is_removed, setup_impatient, teardown
	        ),
	        cmocka_unit_test_setup_teardown(
	                a_peer_that_ends_its_membership_must_join_again, setup_impatient, teardown
	        ),
	        cmocka_unit_test_setup_teardown(
	                an_accounts_transports_are_limited, setup, teardown
	        ),
	        cmocka_unit_test_setup_teardown(
	                an_address_that_keeps_joining_has_to_wait, setup_few, teardown
	        ),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

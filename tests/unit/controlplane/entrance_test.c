// Who takes a place and does nothing with it, and how much an account may have of the media.
#include "test.h"

#include "page.h"
#include "server_process.h"

#include <stdio.h>

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

static void who_is_let_in_and_does_not_join_goes(void **)
{
	struct page idle, member;

	come(&member, "/call/?roomId=r&peerId=member", "M");
	come(&idle, "/call/?roomId=r&peerId=idle", NULL);
	page_expect_end(&idle, "not-joined");
	assert_int_equal(page_ask_code(&member, "getTransportStats", "{}"), 200);
	page_leave(&member);
}

static void who_gives_his_membership_back_is_expected_to_join_again(void **)
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

static void an_account_has_so_many_transports(void **)
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
	for (int i = 0; i < 500 && code != 200; i++) { // until it is gone
		code = transport(&b, "producing");
		server_turn(&server);
	}
	assert_int_equal(code, 200);
	page_leave(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                who_is_let_in_and_does_not_join_goes, setup_impatient, teardown
	        ),
	        cmocka_unit_test_setup_teardown(
	                who_gives_his_membership_back_is_expected_to_join_again, setup_impatient,
	                teardown
	        ),
	        cmocka_unit_test_setup_teardown(an_account_has_so_many_transports, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

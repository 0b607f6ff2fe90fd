// The connection to the recorder, over a real socket.
#include "fake_recorder.h"
#include "test.h"

#include "base/loop.h"
#include "recording/link.h"

#include "am_log.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char path[64];
static struct fake_recorder fake;

struct test {
	struct loop *loop;
	struct recorder_link *link;
	struct recorder_link_events events;
	int ups, downs, heard;
};

static void on_up(void *owner)
{
	((struct test *)owner)->ups++;
}

static void on_down(void *owner)
{
	((struct test *)owner)->downs++;
}

static void on_heard(void *owner, const struct am_record_msg *)
{
	((struct test *)owner)->heard++;
}

static void turns(struct test *t, const int *counter, int n)
{
	for (int i = 0; i < 10000 && *counter < n; i++) {
		fake_recorder_turn(&fake);
		loop_turn(t->loop, 1);
	}
	assert_int_equal(*counter, n);
}

static void setup(struct test *t)
{
	*t = (struct test){.loop = loop_create()};
	t->events = (struct recorder_link_events){t, on_up, on_down, on_heard};
	t->link = recorder_link_create(t->loop, path, &t->events);
	assert_non_null(t->link);
	fake = (struct fake_recorder){.listener = -1, .connection = -1};
}

static void teardown(struct test *t)
{
	recorder_link_destroy(t->link);
	loop_destroy(t->loop);
	if (fake.listener >= 0)
		fake_recorder_stop(&fake);
}

static void the_recorder_may_come_late_and_again(void **)
{
	struct test t;

	setup(&t);
	recorder_link_open(t.link);
	for (int i = 0; i < 100; i++)
		loop_turn(t.loop, 1);
	assert_false(recorder_link_is_up(t.link));
	fake_recorder_start(&fake, path);
	turns(&t, &t.ups, 1);
	assert_true(recorder_link_is_up(t.link));
	assert_int_equal(t.heard, 1); // its HELLO
	const struct am_record_msg again = {
	        .type = AM_RECORD_HELLO,
	        .hello = {AM_RECORD_MAGIC, AM_RECORD_VERSION, 1, 5},
	};
	fake_recorder_say(&fake, &again); // its disk has changed
	turns(&t, &t.heard, 2);
	assert_true(recorder_link_is_up(t.link));
	assert_int_equal(t.ups, 1);
	fake_recorder_stop(&fake);
	turns(&t, &t.downs, 1);
	assert_false(recorder_link_is_up(t.link));
	fake_recorder_start(&fake, path);
	turns(&t, &t.ups, 2);
	recorder_link_reset(t.link);
	assert_int_equal(t.downs, 2);
	turns(&t, &t.ups, 3);
	teardown(&t);
}

// Connects to the test's own listener, and returns the other end.
static int accept_one(struct test *t)
{
	int fd = -1;

	for (int i = 0; i < 10000 && fd < 0; i++) {
		loop_turn(t->loop, 1);
		fd = accept4(fake.listener, NULL, NULL, SOCK_NONBLOCK);
	}
	assert_true(fd >= 0);
	return fd;
}

static bool is_closed(struct test *t, int fd)
{
	struct am_record_msg m;
	ssize_t n = -1;

	for (int i = 0; i < 1000 && n != 0; i++) {
		loop_turn(t->loop, 1);
		n = recv(fd, &m, sizeof(m), MSG_DONTWAIT);
	}
	return n == 0;
}

static void nonsense_ends_the_connection(void **)
{
	static const struct am_record_msg hello = {
	        .type = AM_RECORD_HELLO,
	        .hello = {AM_RECORD_MAGIC, AM_RECORD_VERSION, 1, 0},
	};
	static const struct {
		struct am_record_msg first, second;
		size_t len; // of the second, or of the first if there is no second
	} rows[] = {
	        {{.type = AM_RECORD_SYNC}, {0}, sizeof(hello)}, // before HELLO
	        {{.type = 99}, {0}, sizeof(hello)},
	        {{.type = AM_RECORD_HELLO, .hello = {AM_RECORD_MAGIC, 77, 1, 0}},
	         {0},
	         sizeof(hello)}, // another version
	        {hello, {.type = AM_RECORD_STATE}, sizeof(hello)}, // of no recording
	        {hello, {.type = AM_RECORD_SYNC}, 16}, // too short
	};
	struct test t;

	for (size_t i = 0; i < COUNT(rows); i++) {
		setup(&t);
		fake_recorder_start(&fake, path);
		recorder_link_open(t.link);
		int fd = accept_one(&t);
		bool two = rows[i].second.type != 0;
		send(fd, &rows[i].first, two ? sizeof(hello) : rows[i].len, 0);
		if (two)
			send(fd, &rows[i].second, rows[i].len, 0);
		assert_true(is_closed(&t, fd));
		assert_int_equal(t.ups, two);
		assert_int_equal(t.downs, two);
		assert_false(recorder_link_is_up(t.link));
		close(fd);
		teardown(&t);
	}
}

static void one_that_says_nothing_is_left(void **)
{
	struct test t;

	setup(&t);
	fake_recorder_start(&fake, path);
	recorder_link_open(t.link);
	int fd = accept_one(&t);
	for (int i = 0; i < RECORDER_HELLO_MS / 10 + 100; i++)
		loop_turn(t.loop, 10);
	assert_true(is_closed(&t, fd));
	assert_int_equal(t.ups, 0);
	close(fd);
	teardown(&t);
}

// What the socket does not take waits in order.
static void a_slow_recorder_misses_nothing(void **)
{
	enum { N = 5000 };
	struct am_record_msg m = {.type = AM_RECORD_LEADER};
	struct test t;
	uint64_t next = 1;

	setup(&t);
	fake_recorder_start(&fake, path);
	recorder_link_open(t.link);
	int fd = accept_one(&t);
	const struct am_record_msg hello = {
	        .type = AM_RECORD_HELLO,
	        .hello = {AM_RECORD_MAGIC, AM_RECORD_VERSION, 1, 0},
	};
	send(fd, &hello, sizeof(hello), 0);
	turns(&t, &t.ups, 1);
	for (uint64_t i = 1; i <= N; i++) {
		m.leader.recording_id = i;
		recorder_link_send(t.link, &m);
	}
	for (int i = 0; i < 100 * N && next <= N; i++) {
		loop_turn(t.loop, 0);
		if (recv(fd, &m, sizeof(m), MSG_DONTWAIT) <= 0 || m.type == AM_RECORD_HELLO)
			continue;
		assert_int_equal(m.leader.recording_id, next++);
	}
	assert_int_equal(next, N + 1);

	// One that never reads is left.
	for (uint32_t i = 0; i < 2 * RECORDER_QUEUE_MAX && t.downs == 0; i++)
		recorder_link_send(t.link, &m);
	assert_int_equal(t.downs, 1);
	close(fd);
	teardown(&t);
}

static void a_path_must_fit(void **)
{
	char too_long[200];
	struct loop *loop = loop_create();
	struct recorder_link_events events = {0};

	memset(too_long, 'x', sizeof(too_long));
	too_long[199] = '\0';
	assert_null(recorder_link_create(loop, too_long, &events));
	struct recorder_link *none = recorder_link_create(loop, "", &events);
	recorder_link_open(none); // there is no recorder: nothing is tried
	loop_turn(loop, 10);
	assert_false(recorder_link_is_up(none));
	recorder_link_destroy(none);
	loop_destroy(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_recorder_may_come_late_and_again),
	        cmocka_unit_test(nonsense_ends_the_connection),
	        cmocka_unit_test(one_that_says_nothing_is_left),
	        cmocka_unit_test(a_slow_recorder_misses_nothing),
	        cmocka_unit_test(a_path_must_fit),
	};

	am_log_level = AM_LOG_ERROR;
	snprintf(path, sizeof(path), "/tmp/amphi-recorder-link-%d.sock", getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "service/recorders.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "am_socket.h"
#include "test.h"

#define MS UINT64_C(1000000)

static char dir[32], path[64];
static struct am_tap tap;
static struct recorders recorders;
static uint64_t now_ns;

static int setup(void **)
{
	strcpy(dir, "/tmp/amphi-recorders-XXXXXX");
	if (!mkdtemp(dir) || am_tap_new(&tap, 1, 42) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/tap.sock", dir);
	recorders_init(&recorders);
	now_ns = 1000 * MS;
	return recorders_open(&recorders, path, 0, &tap);
}

static int teardown(void **)
{
	recorders_close(&recorders);
	am_tap_leave(&tap);
	unlink(path);
	return rmdir(dir);
}

// A few turns of the service thread.
static void turns(void)
{
	struct pollfd fds[RECORDERS_FDS];

	for (int i = 0; i < 4 * RECORDERS_FDS; i++) {
		recorders_poll(&recorders, fds);
		if (poll(fds, RECORDERS_FDS, 0) > 0)
			recorders_serve(&recorders, fds, now_ns);
		recorders_tick(&recorders, now_ns);
	}
}

static int connected(void)
{
	int n = 0;

	for (int i = 0; i < RECORDERS_MAX + RECORDERS_WAITING; i++)
		n += recorders.list[i].fd >= 0;
	return n;
}

static int recorder_connect(void)
{
	int fd = am_socket_connect(path);

	assert_true(fd >= 0);
	return fd;
}

static void say_hello(int fd)
{
	const struct am_tap_hello hello = {AM_TAP_MAGIC, AM_TAP_VERSION, 0};

	assert_int_equal(am_socket_send(fd, &hello, sizeof(hello), NULL, 0), 0);
}

// Returns the answer's error. If it is a welcome, the memory must be the tap's.
static uint32_t answer(int fd)
{
	struct am_tap_hello hello = {0};
	struct am_tap theirs;
	int memfd = -1;

	int n = am_socket_receive(fd, &hello, sizeof(hello), &memfd, 1);
	assert_int_equal(n, hello.error ? 0 : 1);
	if (n == 1) {
		assert_int_equal(am_tap_join(&theirs, memfd), 0);
		assert_int_equal(theirs.map->header.generation, 42);
		am_tap_leave(&theirs);
	}
	return hello.error;
}

static bool is_ended(int fd)
{
	char byte;
	return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static void several_recorders_read_at_a_time(void **)
{
	int fds[RECORDERS_MAX + 1];

	for (int i = 0; i < RECORDERS_MAX; i++) {
		fds[i] = recorder_connect();
		turns();
		say_hello(fds[i]);
		turns();
		assert_int_equal(answer(fds[i]), 0);
	}
	fds[RECORDERS_MAX] = recorder_connect();
	say_hello(fds[RECORDERS_MAX]);
	turns();
	assert_int_equal(answer(fds[RECORDERS_MAX]), EBUSY);
	assert_true(is_ended(fds[RECORDERS_MAX]));
	close(fds[RECORDERS_MAX]);
	assert_int_equal(connected(), RECORDERS_MAX);
	close(fds[1]); // one dies: there is room for its successor
	turns();
	assert_int_equal(connected(), RECORDERS_MAX - 1);
	fds[1] = recorder_connect();
	say_hello(fds[1]);
	turns();
	assert_int_equal(answer(fds[1]), 0);
	recorders_close(&recorders); // the data plane ends
	for (int i = 0; i < RECORDERS_MAX; i++) {
		assert_true(is_ended(fds[i]));
		close(fds[i]);
	}
}

static void whoever_says_nothing_is_given_up(void **)
{
	int fds[RECORDERS_MAX + RECORDERS_WAITING + 1];

	for (size_t i = 0; i < COUNT(fds); i++)
		fds[i] = -1;
	for (int i = 0; i < RECORDERS_MAX + RECORDERS_WAITING; i++) {
		fds[i] = recorder_connect();
		turns();
	}
	int late = recorder_connect(); // must wait
	say_hello(late);
	turns();
	assert_int_equal(connected(), RECORDERS_MAX + RECORDERS_WAITING);
	now_ns += AM_TAP_HELLO_MS * MS - 1;
	turns();
	assert_int_equal(connected(), RECORDERS_MAX + RECORDERS_WAITING);
	now_ns += 1;
	turns();
	assert_int_equal(answer(late), 0);
	assert_int_equal(connected(), 1);
	for (int i = 0; i < RECORDERS_MAX + RECORDERS_WAITING; i++) {
		assert_true(is_ended(fds[i]));
		close(fds[i]);
	}
	now_ns += 1000 * AM_TAP_HELLO_MS * MS; // readers need say nothing more
	turns();
	assert_false(is_ended(late));
	close(late);
}

static void whoever_says_anything_else_is_refused(void **)
{
	int fd = recorder_connect();

	turns();
	assert_int_equal(am_socket_send(fd, "hello", 5, NULL, 0), 0);
	turns();
	assert_int_equal(answer(fd), EPROTO);
	assert_int_equal(connected(), 0);
	close(fd);

	fd = recorder_connect();
	say_hello(fd);
	turns();
	assert_int_equal(answer(fd), 0);
	say_hello(fd); // once is enough
	turns();
	assert_int_equal(connected(), 0);
	close(fd);
}

static void without_a_tap_nobody_is_accepted(void **)
{
	struct pollfd fds[RECORDERS_FDS];

	recorders_close(&recorders);
	recorders_poll(&recorders, fds);
	for (int i = 0; i < RECORDERS_FDS; i++)
		assert_int_equal(fds[i].fd, -1);
	turns();
	assert_int_equal(am_socket_connect(path), -ECONNREFUSED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(several_recorders_read_at_a_time),
	        TEST(whoever_says_nothing_is_given_up),
	        TEST(whoever_says_anything_else_is_refused),
	        TEST(without_a_tap_nobody_is_accepted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

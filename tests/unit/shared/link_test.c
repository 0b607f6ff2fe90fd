#include "am_link.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "am_clock.h"
#include "am_region.h"
#include "test.h"

static char dir[32];
static char path[64];

// The data plane's end of one connection, in a thread of its own.
struct server {
	pthread_t thread;
	struct am_link_fds fds;
	struct am_region region;
	int listener;
	int connection; // or -errno, once the thread ended
	uint16_t epoch;
	uint16_t error;
};

static int setup(void **)
{
	strcpy(dir, "/tmp/amphi-link-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/dataplane.sock", dir);
	return 0;
}

static int teardown(void **)
{
	unlink(path);
	return rmdir(dir);
}

static void *serve(void *arg)
{
	struct server *s = arg;
	struct pollfd p = {.fd = s->listener, .events = POLLIN};

	if (poll(&p, 1, 5000) == 1)
		s->connection = am_link_accept(s->listener, s->epoch, s->error, &s->fds);
	return NULL;
}

static void server_start(struct server *s)
{
	assert_int_equal(am_region_new(&s->region, 1), 0);
	s->fds = (struct am_link_fds){s->region.fd, eventfd(0, 0), eventfd(0, 0)};
	s->connection = -ETIMEDOUT;
	s->listener = am_link_listen(path);
	assert_true(s->listener >= 0);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

// Returns what am_link_accept returned.
static int server_stop(struct server *s)
{
	assert_int_equal(pthread_join(s->thread, NULL), 0);
	close(s->listener);
	close(s->fds.command_wake);
	close(s->fds.event_wake);
	am_region_leave(&s->region);
	return s->connection;
}

static void descriptors_arrive_and_work(void **)
{
	struct server s = {.epoch = 9};
	struct am_link_fds fds;
	struct am_region region;
	uint16_t epoch = 0;
	uint64_t n = 5;

	server_start(&s);
	int link = am_link_connect(path, &epoch, &fds);
	assert_true(link >= 0);
	assert_int_equal(epoch, 9);
	assert_int_equal(am_region_join(&region, fds.region), 0);
	assert_true(write(fds.command_wake, &n, sizeof(n)) == sizeof(n));
	n = 0;
	assert_true(read(s.fds.command_wake, &n, sizeof(n)) == sizeof(n));
	assert_true(n == 5);
	assert_true(write(s.fds.event_wake, &n, sizeof(n)) == sizeof(n));
	assert_true(read(fds.event_wake, &n, sizeof(n)) == sizeof(n));
	int theirs = server_stop(&s);
	assert_true(theirs >= 0);
	close(theirs);
	char byte;
	assert_int_equal(read(link, &byte, 1), 0); // the end of one side reaches the other
	close(link);
	close(fds.command_wake);
	close(fds.event_wake);
	am_region_leave(&region);
}

static void a_refusal_carries_its_reason(void **)
{
	struct server s = {.error = EBUSY};
	struct am_link_fds fds;
	uint16_t epoch;

	server_start(&s);
	assert_int_equal(am_link_connect(path, &epoch, &fds), -EBUSY);
	assert_int_equal(server_stop(&s), -EBUSY);
}

static int raw_connect(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strcpy(addr.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static const struct am_hello good = {.magic = AM_REGION_MAGIC, .version = AM_VERSION};

static void hellos_of_another_version_get_no_descriptors(void **)
{
	struct am_hello hellos[4];
	for (int i = 0; i < 4; i++) {
		hellos[i] = good;
		hellos[i].layout = am_region_layout_hash();
	}
	hellos[0].magic++;
	hellos[1].version++;
	hellos[2].layout++;
	const size_t sizes[4] = {
	        sizeof(good), sizeof(good), sizeof(good), sizeof(good) - 1 // the last: cut short
	};
	for (int i = 0; i < 4; i++) {
		struct server s = {0};
		struct am_hello answer = {0};
		alignas(struct cmsghdr) char control[256];
		struct iovec iov = {.iov_base = &answer, .iov_len = sizeof(answer)};
		struct msghdr msg = {
		        .msg_iov = &iov,
		        .msg_iovlen = 1,
		        .msg_control = control,
		        .msg_controllen = sizeof(control),
		};
		server_start(&s);
		int fd = raw_connect();
		assert_true(send(fd, &hellos[i], sizes[i], 0) == (ssize_t)sizes[i]);
		assert_true(recvmsg(fd, &msg, 0) == sizeof(answer));
		assert_int_equal(answer.error, EPROTO);
		assert_int_equal(msg.msg_controllen, 0);
		close(fd);
		assert_int_equal(server_stop(&s), -EPROTO);
	}
}

static void a_silent_peer_is_given_up_within_two_seconds(void **)
{
	struct server s = {0};
	uint64_t since_ns = am_clock_ns();

	server_start(&s);
	int fd = raw_connect();
	assert_true(server_stop(&s) < 0);
	assert_true(am_clock_ns() - since_ns < UINT64_C(3000000000));
	close(fd);
}

static void nobody_listening_is_an_error(void **)
{
	struct am_link_fds fds;
	uint16_t epoch;
	char long_path[256];

	assert_int_equal(am_link_connect("/nonexistent/sock", &epoch, &fds), -ENOENT);
	memset(long_path, 'p', sizeof(long_path));
	long_path[sizeof(long_path) - 1] = '\0';
	assert_int_equal(am_link_connect(long_path, &epoch, &fds), -ENAMETOOLONG);
	assert_int_equal(am_link_listen(long_path), -ENAMETOOLONG);
}

static void only_the_owner_may_connect(void **)
{
	struct stat st;
	int listener = am_link_listen(path);

	assert_true(listener >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0077, 0);
	close(listener);
	listener = am_link_listen(path); // an older socket file is no obstacle
	assert_true(listener >= 0);
	close(listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(descriptors_arrive_and_work, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_refusal_carries_its_reason, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                hellos_of_another_version_get_no_descriptors, setup, teardown
	        ),
	        cmocka_unit_test_setup_teardown(
	                a_silent_peer_is_given_up_within_two_seconds, setup, teardown
	        ),
	        cmocka_unit_test(nobody_listening_is_an_error),
	        cmocka_unit_test_setup_teardown(only_the_owner_may_connect, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

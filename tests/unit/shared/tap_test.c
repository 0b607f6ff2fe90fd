#include "am_tap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "am_socket.h"
#include "test.h"

#define NOBODY 65534

static struct am_tap tap; // the data plane's view
static char dir[32];
static char path[64];

static int setup(void **)
{
	return am_tap_new(&tap, 1, 42);
}

static int teardown(void **)
{
	am_tap_leave(&tap);
	return 0;
}

static struct am_tap_entry packet(void)
{
	return (struct am_tap_entry){
	        .kind = AM_TAP_PACKET,
	        .id = am_id_make(AM_TRACK_MAX - 1, 1),
	        .arrival_us = 1000,
	        .seq = 70000,
	        .timestamp = 0xfffffff0,
	        .send_time = 0xffffff,
	        .flags = AM_TAP_MARKER | AM_TAP_SEND_TIME | AM_TAP_LEVEL,
	        .codec = AM_CODEC_COUNT - 1,
	        .encoding = AM_ENCODING_MAX - 1,
	        .source = 255,
	        .level = 255,
	        .len = 3,
	        .payload = {1, 2, 3},
	};
}

static void put(struct am_tap_ring *r, uint64_t position, const struct am_tap_entry *e)
{
	memcpy(am_tap_begin(r, position), e, sizeof(*e));
	am_tap_end(r, position);
}

static void an_entry_is_read_as_it_was_written(void **)
{
	struct am_tap_ring *r = &tap.map->rings[1];
	struct am_tap_entry e = packet(), copy = {0};

	e.len = AM_TAP_PAYLOAD_MAX;
	memset(e.payload, 0xa5, sizeof(e.payload));
	put(r, 0, &e);
	assert_int_equal(am_tap_head(r), 1);
	assert_int_equal(am_tap_head(&tap.map->rings[0]), 0);
	assert_int_equal(am_tap_read(r, 0, &copy), 0);
	assert_memory_equal(&copy, &e, sizeof(e));
}

static void nothing_is_there_from_the_head_on(void **)
{
	struct am_tap_ring *r = &tap.map->rings[0];
	struct am_tap_entry e = packet(), copy;

	assert_int_equal(am_tap_read(r, 0, &copy), -EAGAIN);
	for (uint64_t n = 0; n < AM_TAP_SLOTS; n++)
		put(r, n, &e);
	assert_int_equal(am_tap_read(r, AM_TAP_SLOTS - 1, &copy), 0);
	assert_int_equal(am_tap_read(r, AM_TAP_SLOTS, &copy), -EAGAIN);
	am_tap_begin(r, AM_TAP_SLOTS); // being written
	assert_int_equal(am_tap_read(r, AM_TAP_SLOTS, &copy), -EAGAIN);
	assert_int_equal(am_tap_read(r, UINT64_MAX / 2, &copy), -EOVERFLOW); // whatever a head says
	assert_int_equal(am_tap_read(r, UINT64_MAX / 4, &copy), -EAGAIN);
}

static void the_oldest_entries_are_overwritten(void **)
{
	struct am_tap_ring *r = &tap.map->rings[0];
	struct am_tap_entry e = packet(), copy;

	for (uint64_t n = 0; n < AM_TAP_SLOTS + 2; n++) {
		e.seq = n;
		put(r, n, &e);
	}
	assert_int_equal(am_tap_read(r, 1, &copy), -EOVERFLOW);
	assert_int_equal(am_tap_read(r, 2, &copy), 0);
	assert_int_equal(copy.seq, 2);
	am_tap_begin(r, AM_TAP_SLOTS + 2); // overwrites it just now
	assert_int_equal(am_tap_read(r, 2, &copy), -EOVERFLOW);
	assert_int_equal(am_tap_read(r, AM_TAP_SLOTS + 1, &copy), 0);
	assert_int_equal(copy.seq, AM_TAP_SLOTS + 1);
}

#define BAD(kind_, field, value)                                                                   \
	{                                                                                          \
		struct am_tap_entry e = packet();                                                  \
		e.kind = kind_;                                                                    \
		e.len = kind_ == AM_TAP_REPORT ? 0 : 3;                                            \
		assert_int_equal(am_tap_check(&e), 0);                                             \
		e.field = value;                                                                   \
		assert_int_equal(am_tap_check(&e), -EBADMSG);                                      \
	}

static void impossible_contents_are_refused(void **)
{
	BAD(AM_TAP_PACKET, kind, AM_TAP_NONE);
	BAD(AM_TAP_PACKET, kind, AM_TAP_KIND_COUNT);
	BAD(AM_TAP_PACKET, kind, 255);
	BAD(AM_TAP_PACKET, len, AM_TAP_PAYLOAD_MAX + 1);
	BAD(AM_TAP_PACKET, len, UINT16_MAX);
	BAD(AM_TAP_PACKET, flags, AM_TAP_LAST << 1);
	BAD(AM_TAP_PACKET, id, am_id_make(AM_TRACK_MAX, 1));
	BAD(AM_TAP_PACKET, id, am_id_make(1, 0));
	BAD(AM_TAP_PACKET, codec, AM_CODEC_COUNT);
	BAD(AM_TAP_PACKET, encoding, AM_ENCODING_MAX);
	BAD(AM_TAP_PACKET, send_time, 1 << 24);
	BAD(AM_TAP_PACKET, arrival_us, -1);
	BAD(AM_TAP_PACKET, arrival_us, INT64_MAX);
	BAD(AM_TAP_PACKET, seq, UINT64_MAX);
	BAD(AM_TAP_REPORT, len, 1);
	BAD(AM_TAP_REPORT, encoding, AM_ENCODING_MAX);
	BAD(AM_TAP_REPORT, id, am_id_make(AM_TRACK_MAX, 1));
	BAD(AM_TAP_CHAT, id, 0);
	BAD(AM_TAP_CHAT, len, 0);
	BAD(AM_TAP_CHAT, len, AM_TAP_PAYLOAD_MAX + 1);
}

static void hostile_entries_stay_within_bounds(void **)
{
	struct am_tap_ring *r = &tap.map->rings[0];
	struct am_tap_entry *copy = malloc(sizeof(*copy)); // asan watches its end
	unsigned seed = 7, good = 0;

	for (uint64_t n = 0; n < 200000; n++) {
		uint8_t *e = (uint8_t *)am_tap_begin(r, n);
		for (size_t i = 0; i < offsetof(struct am_tap_entry, payload); i++)
			e[i] = rand_r(&seed) % 3 ? 0 : (uint8_t)rand_r(&seed);
		am_tap_end(r, n);
		if (am_tap_read(r, n, copy) < 0)
			continue;
		good++;
		assert_true(copy->len <= AM_TAP_PAYLOAD_MAX && copy->kind < AM_TAP_KIND_COUNT);
		assert_true(copy->kind == AM_TAP_CHAT || am_id_slot(copy->id) < AM_TRACK_MAX);
	}
	assert_true(good > 0);
	free(copy);
}

// Whoever has the descriptor can read, and nothing else.
static void readers_cannot_write(void **)
{
	struct am_tap theirs;

	assert_int_equal(am_tap_join(&theirs, dup(tap.fd)), 0);
	assert_int_equal(theirs.ring_count, 2);
	assert_int_equal(theirs.map->header.generation, 42);
	assert_true(
	        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, theirs.fd, 0) == MAP_FAILED
	);
	assert_int_equal(errno, EPERM);
	assert_int_equal(mprotect(theirs.map, 4096, PROT_READ | PROT_WRITE), -1);
	assert_int_equal(pwrite(theirs.fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(theirs.fd, 0), -1);
	assert_int_equal(ftruncate(theirs.fd, (off_t)theirs.size + 4096), -1);
	assert_int_equal(
	        fallocate(theirs.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), -1
	);
	assert_int_equal(fcntl(theirs.fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	struct am_tap_entry e = packet(), copy;
	put(&tap.map->rings[0], 0, &e); // the writer still can
	assert_int_equal(am_tap_read(&theirs.map->rings[0], 0, &copy), 0);
	am_tap_leave(&theirs);
}

// A memfd with the tap's contents up to the rings, of this size and with these seals.
static int forged(const struct am_tap_header *h, uint64_t size, int seals)
{
	int fd = memfd_create("forged", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	assert_true(pwrite(fd, h, sizeof(*h), 0) == sizeof(*h));
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static void foreign_memory_is_refused(void **)
{
	const struct am_tap_header good = tap.map->header;
	struct am_tap_header h[6];
	struct am_tap t;

	assert_int_equal(am_tap_join(&t, forged(&good, good.size, F_SEAL_SHRINK)), 0);
	am_tap_leave(&t);
	assert_int_equal(am_tap_join(&t, forged(&good, good.size, F_SEAL_GROW)), -EPROTO);
	assert_int_equal(am_tap_join(&t, forged(&good, 0, F_SEAL_SHRINK)), -EPROTO);
	assert_int_equal(am_tap_join(&t, forged(&good, good.size - 1, F_SEAL_SHRINK)), -EPROTO);
	assert_int_equal(am_tap_join(&t, forged(&good, UINT64_C(1) << 40, F_SEAL_SHRINK)), -EPROTO);
	for (int i = 0; i < 6; i++)
		h[i] = good;
	h[0].magic++;
	h[1].version++;
	h[2].ring_count = 0;
	h[3].ring_count = 3;
	h[4].ring_count = UINT32_MAX;
	h[5].size--;
	for (int i = 0; i < 6; i++)
		assert_int_equal(am_tap_join(&t, forged(&h[i], good.size, F_SEAL_SHRINK)), -EPROTO);
	assert_int_equal(am_tap_join(&t, open("/dev/null", O_RDWR)), -EPROTO);
	assert_true(am_tap_join(&t, -1) < 0);
	assert_null(t.map);
}

static int setup_path(void **state)
{
	strcpy(dir, "/tmp/amphi-tap-XXXXXX");
	if (!mkdtemp(dir) || chmod(dir, 0755) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/tap.sock", dir);
	return setup(state);
}

static int teardown_path(void **state)
{
	unlink(path);
	rmdir(dir);
	return teardown(state);
}

static int accept_soon(int listener, uint32_t user)
{
	struct pollfd p = {.fd = listener, .events = POLLIN};

	assert_int_equal(poll(&p, 1, 5000), 1);
	return am_tap_accept(listener, user);
}

static int welcome_soon(int connection, uint32_t error)
{
	struct pollfd p = {.fd = connection, .events = POLLIN};

	assert_int_equal(poll(&p, 1, 5000), 1);
	return am_tap_welcome(connection, error, tap.fd);
}

// The recorder, as a process of this user. Exits with 0 if it gets the tap, else with the errno.
static pid_t recorder_start(uid_t user)
{
	struct am_tap t;
	int memfd = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	if (user && setuid(user) < 0)
		_exit(255);
	int fd = am_tap_connect(path, &memfd);
	if (fd < 0)
		_exit(-fd);
	_exit(am_tap_join(&t, memfd) == 0 && t.map->header.generation == 42 ? 0 : 254);
}

static int result_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void the_recorder_gets_the_tap(void **)
{
	struct stat st;
	int listener = am_tap_listen(path, 0);

	assert_true(listener >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0077, 0);
	pid_t pid = recorder_start(0);
	int fd = accept_soon(listener, 0);
	assert_true(fd >= 0);
	assert_int_equal(welcome_soon(fd, 0), 0);
	assert_int_equal(result_of(pid), 0);
	char byte;
	assert_int_equal(recv(fd, &byte, 1, 0), 0); // its end reaches us
	close(fd);

	pid = recorder_start(0);
	fd = accept_soon(listener, 0);
	assert_int_equal(welcome_soon(fd, EBUSY), -EBUSY);
	assert_int_equal(result_of(pid), EBUSY);
	close(fd);
	close(listener);
}

static void other_users_are_refused(void **)
{
	if (geteuid() != 0)
		skip();
	int listener = am_tap_listen(path, NOBODY);
	assert_true(listener >= 0);
	pid_t pid = recorder_start(NOBODY);
	int fd = accept_soon(listener, NOBODY);
	assert_true(fd >= 0);
	assert_int_equal(welcome_soon(fd, 0), 0);
	assert_int_equal(result_of(pid), 0);
	close(fd);
	pid = recorder_start(NOBODY - 1); // the socket is open to all
	assert_int_equal(accept_soon(listener, NOBODY), -EPERM);
	assert_int_not_equal(result_of(pid), 0);
	close(listener);

	listener = am_tap_listen(path, 0);
	assert_int_equal(result_of(recorder_start(NOBODY)), EACCES);
	close(listener);
}

static void strange_hellos_get_no_descriptor(void **)
{
	struct am_tap_hello hellos[3], answer;
	const size_t sizes[3] = {sizeof(answer), sizeof(answer), sizeof(answer) - 1};
	int listener = am_tap_listen(path, 0), memfd = -1;

	for (int i = 0; i < 3; i++) {
		hellos[i] = (struct am_tap_hello){AM_TAP_MAGIC, AM_TAP_VERSION, 0};
		hellos[0].magic = 0;
		hellos[1].version++;
		int client = am_socket_connect(path);
		int fd = accept_soon(listener, 0);
		assert_int_equal(am_tap_welcome(fd, 0, tap.fd), -EAGAIN); // it does not wait
		assert_int_equal(am_socket_send(client, &hellos[i], sizes[i], NULL, 0), 0);
		assert_int_equal(am_tap_welcome(fd, 0, tap.fd), -EPROTO);
		assert_int_equal(am_socket_receive(client, &answer, sizeof(answer), &memfd, 1), 0);
		assert_int_equal(answer.error, EPROTO);
		close(client);
		close(fd);
	}
	int client = am_socket_connect(path);
	int fd = accept_soon(listener, 0);
	close(client);
	assert_int_equal(am_tap_welcome(fd, 0, tap.fd), -EPROTO);
	close(fd);
	close(listener);
	assert_int_equal(am_tap_connect("/nonexistent/tap.sock", &memfd), -ENOENT);
}

// A data plane that answers something else.
static void strange_answers_are_refused(void **)
{
	struct am_tap_hello answers[4];
	const int fds[2] = {tap.fd, tap.fd};
	const int counts[4] = {1, 1, 0, 2};
	int listener = am_tap_listen(path, 0);

	for (int i = 0; i < 4; i++) {
		answers[i] = (struct am_tap_hello){AM_TAP_MAGIC, AM_TAP_VERSION, 0};
		answers[0].magic++;
		answers[1].version++;
		pid_t pid = recorder_start(0);
		int fd = accept_soon(listener, 0);
		assert_int_equal(
		        am_socket_send(fd, &answers[i], sizeof(answers[i]), fds, counts[i]), 0
		);
		assert_int_equal(result_of(pid), EPROTO);
		close(fd);
	}
	close(listener);
}

#define TAP_TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)
#define PATH_TEST(name) cmocka_unit_test_setup_teardown(name, setup_path, teardown_path)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TAP_TEST(an_entry_is_read_as_it_was_written),
	        TAP_TEST(nothing_is_there_from_the_head_on),
	        TAP_TEST(the_oldest_entries_are_overwritten),
	        cmocka_unit_test(impossible_contents_are_refused),
	        TAP_TEST(hostile_entries_stay_within_bounds),
	        TAP_TEST(readers_cannot_write),
	        TAP_TEST(foreign_memory_is_refused),
	        PATH_TEST(the_recorder_gets_the_tap),
	        PATH_TEST(other_users_are_refused),
	        PATH_TEST(strange_hellos_get_no_descriptor),
	        PATH_TEST(strange_answers_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

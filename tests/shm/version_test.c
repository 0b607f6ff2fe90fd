// The real binaries on the link: which versions are refused, what is logged, and garbage in the
// rings. The program's argument is the control plane's binary.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scene.h"

static const char *control_binary;

// True if the text appears in the file within 5 s.
static bool file_says(const char *path, const char *text)
{
	for (int i = 0; i < 100; i++, usleep(50000)) {
		static char content[1 << 16];
		FILE *f = fopen(path, "r");
		if (!f)
			continue;
		size_t n = fread(content, 1, sizeof(content) - 1, f);
		fclose(f);
		content[n] = '\0';
		if (strstr(content, text))
			return true;
	}
	return false;
}

static struct am_hello hello_now(void)
{
	return (struct am_hello){
	        .magic = AM_REGION_MAGIC,
	        .layout = am_region_layout_hash(),
	        .version = AM_VERSION,
	};
}

// Sends the data plane a hello and returns the error in its answer.
static int greet(const struct am_hello *hello)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct am_hello answer = {0};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", getenv("AMPHI_SOCKET"));
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_true(send(fd, hello, sizeof(*hello), MSG_NOSIGNAL) == sizeof(*hello));
	assert_true(recv(fd, &answer, sizeof(answer), 0) == sizeof(answer));
	close(fd);
	return answer.error;
}

static void check_alive(void)
{
	struct driver_transport t;

	assert_int_equal(driver_transport_add(&scene.driver, ++scene.rooms, &t), 0);
	assert_int_equal(driver_remove(&scene.driver, AM_CMD_TRANSPORT_REMOVE, t.id), 0);
}

static void reattach(void)
{
	struct driver *d = &scene.driver;
	uint32_t id_epoch = d->id_epoch, transports = d->next_transport;

	driver_close(d);
	assert_int_equal(driver_open(d, getenv("AMPHI_SOCKET"), 5000), 0);
	d->id_epoch = id_epoch;
	d->next_transport = transports;
}

static void the_data_plane_refuses_other_versions(void **)
{
	struct am_hello hello = hello_now();

	hello.version++;
	assert_int_equal(greet(&hello), EPROTO);
	hello = hello_now();
	hello.layout ^= 1;
	assert_int_equal(greet(&hello), EPROTO);
	hello = hello_now();
	hello.magic = 0;
	assert_int_equal(greet(&hello), EPROTO);
	assert_true(file_says(getenv("AMPHI_LOG"), "its version differs"));
	check_alive();
}

static void a_second_control_plane_is_refused(void **)
{
	struct am_link_fds fds;
	uint16_t epoch;

	assert_int_equal(am_link_connect(getenv("AMPHI_SOCKET"), &epoch, &fds), -EBUSY);
	check_alive();
}

static void the_next_control_plane_finds_the_tables(void **)
{
	struct driver_transport t;
	struct am_transport_state state;
	uint16_t epoch = scene.driver.epoch;
	uint64_t generation = scene.driver.region.map->header.generation;

	assert_int_equal(driver_transport_add(&scene.driver, 77, &t), 0);
	reattach();
	assert_int_equal(scene.driver.epoch, (uint16_t)(epoch + 1));
	assert_true(scene.driver.region.map->header.generation == generation);
	assert_true(driver_transport_state(&scene.driver, t.id, &state));
	assert_true(state.room_id == 77);
	assert_int_equal(driver_remove(&scene.driver, AM_CMD_TRANSPORT_REMOVE, t.id), 0);
}

static void a_hangup_ends_nothing(void **)
{
	assert_int_equal(kill(scene.dataplane, SIGHUP), 0);
	usleep(300000);
	check_alive();
}

// Messages of every type with random bytes are refused or ignored, and never cause a crash.
// proves A23
static void garbage_messages_are_survived(void **)
{
	struct am_ring *ring = &scene.driver.region.map->commands;
	unsigned seed = 1;

	for (int i = 0; i < 20000; i++) {
		struct am_msg m;
		for (size_t k = 0; k < sizeof(m); k++)
			((uint8_t *)&m)[k] = (uint8_t)rand_r(&seed);
		m.type = (uint16_t)(i % (AM_MSG_COUNT + 1));
		m.epoch = i % 2 ? scene.driver.epoch : (uint16_t)i;
		while (am_ring_push(ring, &m) == -ENOSPC)
			usleep(1000);
		if (i % 1000 == 0)
			driver_events(&scene.driver);
	}
	driver_events(&scene.driver);
	check_alive();
}

// proves A23
static void impossible_indices_are_survived(void **)
{
	static const uint32_t distances[] = {AM_RING_SLOTS + 1, 0x80000000u, UINT32_MAX};

	for (size_t i = 0; i < sizeof(distances) / sizeof(distances[0]); i++) {
		struct am_ring *ring = &scene.driver.region.map->commands;
		const uint64_t one = 1;
		atomic_store(&ring->head, atomic_load(&ring->tail) + distances[i]);
		assert_true(write(scene.driver.command_wake, &one, sizeof(one)) == sizeof(one));
		usleep(300000);
		reattach();
		check_alive();
	}
	struct am_ring *events = &scene.driver.region.map->events;
	atomic_store(&events->tail, atomic_load(&events->head) + 5000000u);
	usleep(300000);
	reattach();
	check_alive();
}

static void control_exec(const char *config, const char *log)
{
	FILE *f = freopen(log, "w", stderr);
	if (f)
		execl(control_binary, control_binary, "-c", config, NULL);
	_exit(127);
}

// Plays a data plane of another version: accepts a connection and answers with its own hello.
static void refuse_one(int listener, const struct am_hello *answer)
{
	struct pollfd p = {.fd = listener, .events = POLLIN};
	struct am_hello theirs;

	assert_int_equal(poll(&p, 1, 20000), 1);
	int fd = accept(listener, NULL, NULL);
	assert_true(fd >= 0);
	assert_true(recv(fd, &theirs, sizeof(theirs), 0) == sizeof(theirs));
	send(fd, answer, sizeof(*answer), MSG_NOSIGNAL);
	close(fd);
}

static void the_control_plane_says_that_versions_differ(void **)
{
	char dir[] = "/tmp/amphi-version-XXXXXX", path[64], config[64], log[64], store[64];
	struct am_hello answer = hello_now();

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/link.sock", dir);
	snprintf(config, sizeof(config), "%s/amphi.conf", dir);
	snprintf(log, sizeof(log), "%s/log", dir);
	snprintf(store, sizeof(store), "%s/store.db", dir);
	FILE *f = fopen(config, "w");
	assert_non_null(f);
	fprintf(f,
	        "link: { socket = \"%s\"; };\n"
	        "controlplane: { port = 18080; store = \"%s\"; pages = \"%s\"; };\n",
	        path, store, dir);
	fclose(f);
	int listener = am_link_listen(path);
	assert_true(listener >= 0);
	pid_t pid = fork();
	if (pid == 0)
		control_exec(config, log);
	answer.error = EPROTO;
	refuse_one(listener, &answer);
	bool said = file_says(log, "of another version");
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	close(listener);
	snprintf(config, sizeof(config), "rm -rf %s", dir);
	assert_int_equal(system(config), 0);
	assert_true(said);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_data_plane_refuses_other_versions),
	        cmocka_unit_test(a_second_control_plane_is_refused),
	        cmocka_unit_test(the_next_control_plane_finds_the_tables),
	        cmocka_unit_test(a_hangup_ends_nothing),
	        cmocka_unit_test(garbage_messages_are_survived),
	        cmocka_unit_test(impossible_indices_are_survived),
	        cmocka_unit_test(the_control_plane_says_that_versions_differ),
	};
	if (argc != 2) {
		fprintf(stderr, "usage: version_test CONTROLPLANE\n");
		return 2;
	}
	control_binary = argv[1];
	return SCENE_RUN(tests);
}

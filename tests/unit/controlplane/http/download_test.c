// A disk that is slow holds up its download, and nothing else.
#include "test.h"

#include "base/clock.h"
#include "base/loop.h"
#include "http/http.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LENGTH  400000 // four buffers
#define FROM    1000 // where the part begins
#define SLOW_US 100000 // for one read of the disk
#define CLIENTS 3

ssize_t __real_pread(int, void *, size_t, off_t);
ssize_t __wrap_pread(int, void *, size_t, off_t);

static _Atomic int reads;
static _Atomic bool slow;

ssize_t __wrap_pread(int fd, void *data, size_t len, off_t at)
{
	reads++;
	if (slow)
		usleep(SLOW_US);
	return __real_pread(fd, data, len, at);
}

static char path[] = "/tmp/amphi-download-XXXXXX";
static uint8_t content[LENGTH];
static struct loop *loop;
static struct http *http;
static uint16_t port;
static int ended;
static struct loop_timer tick;
static uint64_t ticked_ns, gap_ns_max;

struct client {
	int fd;
	uint8_t received[LENGTH + 1024];
	size_t len;
	bool over;
};

static void response_ended(void *)
{
	ended++;
}

static void respond(void *, const struct http_request *, struct http_response *r)
{
	r->status = 200;
	r->file = open(path, O_RDONLY);
	r->file_from = FROM;
	r->file_size = LENGTH - FROM;
	r->in_pieces = true;
	r->ended = response_ended;
}

static bool takes_body(void *, const struct http_request *)
{
	return false;
}

static const struct http_handler handler = {.respond = respond, .takes_body = takes_body};

// Measures how long a turn of the loop takes at most.
static void ticked(void *)
{
	uint64_t now = clock_monotonic_ns();

	if (ticked_ns && now - ticked_ns > gap_ns_max)
		gap_ns_max = now - ticked_ns;
	ticked_ns = now;
	loop_timer_set(loop, &tick, 1);
}

static uint16_t free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	close(fd);
	return ntohs(a.sin_port);
}

static int begin(void **)
{
	static struct http_settings settings;

	reads = 0;
	ended = 0;
	ticked_ns = gap_ns_max = 0;
	port = free_port();
	settings = (struct http_settings
	){.listen = "127.0.0.1", .port = port, .address_connections = 100};
	loop = loop_create();
	http = http_create(loop, &settings, &handler);
	assert_non_null(http);
	tick = (struct loop_timer){.expired = ticked};
	loop_timer_set(loop, &tick, 1);
	return 0;
}

static int end(void **)
{
	if (http)
		http_destroy(http);
	loop_timer_cancel(loop, &tick);
	loop_destroy(loop);
	return 0;
}

static struct client *ask(const char *method)
{
	struct sockaddr_in a = {
	        .sin_family = AF_INET,
	        .sin_port = htons(port),
	        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct client *c = calloc(1, sizeof(*c));
	char request[128];

	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(c->fd, (struct sockaddr *)&a, sizeof(a)), 0);
	int len = snprintf(
	        request, sizeof(request), "%s / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
	        method
	);
	assert_int_equal(write(c->fd, request, (size_t)len), len);
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	return c;
}

static void client_read(struct client *c)
{
	ssize_t n;

	while ((n = read(c->fd, c->received + c->len, sizeof(c->received) - c->len)) > 0)
		c->len += (size_t)n;
	c->over |= n == 0 || c->len == sizeof(c->received);
}

static void run_until_over(struct client *c)
{
	uint64_t until = clock_monotonic_ns() + UINT64_C(20000000000);

	while (!c->over && clock_monotonic_ns() < until) {
		loop_turn(loop, 5);
		client_read(c);
	}
	assert_true(c->over);
}

static const uint8_t *body_of(const struct client *c, size_t *len)
{
	const uint8_t *end = memmem(c->received, c->len, "\r\n\r\n", 4);

	assert_non_null(end);
	*len = c->len - (size_t)(end + 4 - c->received);
	return end + 4;
}

static void client_free(struct client *c)
{
	close(c->fd);
	free(c);
}

static void a_slow_disk_does_not_hold_up_the_loop(void **)
{
	struct client *c = ask("GET");
	size_t len;

	slow = true;
	run_until_over(c);
	slow = false;
	const uint8_t *body = body_of(c, &len);
	assert_int_equal(len, LENGTH - FROM);
	assert_memory_equal(body, content + FROM, len);
	assert_int_equal(reads, 4);
	assert_int_equal(ended, 1);
	assert_true(gap_ns_max < SLOW_US * 1000 / 2);
	client_free(c);
}

static void downloads_at_once_do_not_mix(void **)
{
	struct client *clients[CLIENTS];
	size_t len;

	for (int i = 0; i < CLIENTS; i++)
		clients[i] = ask("GET");
	for (int i = 0; i < CLIENTS; i++) {
		run_until_over(clients[i]);
		const uint8_t *body = body_of(clients[i], &len);
		assert_int_equal(len, LENGTH - FROM);
		assert_memory_equal(body, content + FROM, len);
		client_free(clients[i]);
	}
	assert_int_equal(ended, CLIENTS);
}

static void head_reads_nothing(void **)
{
	struct client *c = ask("HEAD");
	size_t len;

	run_until_over(c);
	body_of(c, &len);
	assert_int_equal(len, 0);
	assert_non_null(memmem(c->received, c->len, "Content-Length: 399000", 22));
	assert_int_equal(reads, 0);
	assert_int_equal(ended, 1);
	client_free(c);
}

// The client hangs up while the disk reads for it.
static void a_client_that_hangs_up_is_forgotten(void **)
{
	struct client *c = ask("GET");

	slow = true;
	while (reads == 0)
		loop_turn(loop, 5);
	client_free(c);
	for (int i = 0; ended == 0 && i < 1000; i++)
		loop_turn(loop, 5);
	slow = false;
	assert_int_equal(ended, 1);
}

// So does the process, which waits for that read.
static void the_end_comes_while_the_disk_reads(void **)
{
	struct client *c = ask("GET");

	slow = true;
	while (reads == 0)
		loop_turn(loop, 5);
	http_destroy(http);
	http = NULL;
	slow = false;
	assert_int_equal(ended, 1);
	client_read(c);
	assert_true(c->len < LENGTH);
	client_free(c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(a_slow_disk_does_not_hold_up_the_loop),
	        TEST(downloads_at_once_do_not_mix),
	        TEST(head_reads_nothing),
	        TEST(a_client_that_hangs_up_is_forgotten),
	        TEST(the_end_comes_while_the_disk_reads),
	};
	int fd = mkstemp(path);

	for (size_t i = 0; i < LENGTH; i++)
		content[i] = (uint8_t)(i * 2654435761u >> 24);
	if (fd < 0 || write(fd, content, LENGTH) != LENGTH)
		return 1;
	close(fd);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}

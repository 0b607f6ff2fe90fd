#include "account/admin.h"

#include "account/account.h"
#include "account/edit.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/memory.h"

#include "am_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define POLL_MS 10 // between checks of the file

//     reading ──newline──▶ waiting for the file ──▶ writing ──▶ closed
struct connection {
	LIST_ENTRY(connection) of_all;
	struct admin *admin;
	struct loop_source source;
	struct loop_timer timer; // idle limit; while waiting: the next check
	size_t len; // of the request or the answer
	size_t sent;
	char *bytes;
	struct json *answer; // while waiting
	uint64_t change; // the change to wait for
	uint64_t give_up_ms;
};

struct admin {
	struct loop *loop;
	struct accounts *accounts;
	struct loop_source listener;
	uint32_t count;
	LIST_HEAD(, connection) connections;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

static void connection_close(struct connection *c)
{
	loop_remove(c->admin->loop, &c->source);
	loop_timer_cancel(c->admin->loop, &c->timer);
	LIST_REMOVE(c, of_all);
	c->admin->count--;
	close(c->source.fd);
	json_free(c->answer);
	free(c->bytes);
	free(c);
}

static void on_idle(void *owner)
{
	connection_close(owner);
}

static void answer_write(struct connection *c)
{
	ssize_t n = send(c->source.fd, c->bytes + c->sent, c->len - c->sent, MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		c->sent += (size_t)n;
	if (n < 0 || c->sent == c->len)
		connection_close(c);
}

static void answer_send(struct connection *c)
{
	free(c->bytes);
	c->bytes = json_print(c->answer);
	c->len = strlen(c->bytes);
	c->bytes = memory_grow(c->bytes, c->len + 1, 1);
	c->bytes[c->len++] = '\n';
	c->timer.expired = on_idle;
	loop_timer_set(c->admin->loop, &c->timer, ADMIN_IDLE_MS);
	loop_change(c->admin->loop, &c->source, EPOLLOUT);
}

static void on_look(void *owner)
{
	struct connection *c = owner;
	struct loop *l = c->admin->loop;

	if (!accounts_are_written(c->admin->accounts, c->change)) {
		if (loop_now_ms(l) < c->give_up_ms)
			return loop_timer_set(l, &c->timer, POLL_MS);
		json_add_string(
		        c->answer, "warning",
		        "the change is in force, but could not be written to the accounts' file "
		        "yet: see the log of amphi-controlplane"
		);
	}
	answer_send(c);
}

static void request_run(struct connection *c)
{
	struct accounts *s = c->admin->accounts;
	struct json *request = json_parse(c->bytes, c->len), *data = NULL;
	uint64_t before = accounts_last_change(s);
	struct account_error e;

	int ret = admin_run(s, request, &data, &e);
	json_free(request);
	c->answer = json_new_object();
	json_add_bool(c->answer, "ok", ret == 0);
	if (ret == 0)
		json_add(c->answer, "data", data);
	else
		json_add_string(c->answer, "error", e.text);
	loop_change(c->admin->loop, &c->source, 0);
	c->change = accounts_last_change(s);
	if (c->change == before)
		return answer_send(c);
	c->give_up_ms = loop_now_ms(c->admin->loop) + ADMIN_WRITE_MS;
	c->timer.expired = on_look;
	loop_timer_set(c->admin->loop, &c->timer, 0);
}

static void request_read(struct connection *c)
{
	ssize_t n = recv(c->source.fd, c->bytes + c->len, ADMIN_REQUEST_MAX - c->len, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		return connection_close(c);
	c->len += (size_t)n;
	const char *end = memchr(c->bytes, '\n', c->len);
	if (end) {
		c->len = (size_t)(end - c->bytes);
		request_run(c);
	} else if (c->len == ADMIN_REQUEST_MAX) {
		connection_close(c);
	}
}

static void on_ready(void *owner, uint32_t events)
{
	struct connection *c = owner;

	if (events & EPOLLIN)
		request_read(c);
	else if (events & EPOLLOUT)
		answer_write(c);
	else
		connection_close(c);
}

static void on_listener(void *owner, uint32_t)
{
	struct admin *a = owner;
	int fd = accept4(a->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (a->count == ADMIN_CONNECTION_MAX) {
		close(fd);
		return;
	}
	struct connection *c = memory_new(1, sizeof(*c));
	c->admin = a;
	c->bytes = memory_new(ADMIN_REQUEST_MAX, 1);
	c->source = (struct loop_source){.fd = fd, .ready = on_ready, .owner = c};
	c->timer = (struct loop_timer){.expired = on_idle, .owner = c};
	if (loop_add(a->loop, &c->source, EPOLLIN) < 0) {
		close(fd);
		free(c->bytes);
		free(c);
		return;
	}
	LIST_INSERT_HEAD(&a->connections, c, of_all);
	a->count++;
	loop_timer_set(a->loop, &c->timer, ADMIN_IDLE_MS);
}

static int listener_open(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	unlink(path);
	// The file inherits the socket's mode, so it never has another.
	if (fchmod(fd, 0600) == 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    listen(fd, ADMIN_CONNECTION_MAX) == 0)
		return fd;
	int error = errno;
	close(fd);
	return -error;
}

struct admin *admin_create(struct loop *loop, const char *path, struct accounts *accounts)
{
	struct admin *a = memory_new(1, sizeof(*a));
	int fd = listener_open(path);

	a->loop = loop;
	a->accounts = accounts;
	a->listener = (struct loop_source){.fd = fd, .ready = on_listener, .owner = a};
	LIST_INIT(&a->connections);
	int ret = fd < 0 ? fd : loop_add(loop, &a->listener, EPOLLIN);
	if (ret == 0) {
		strcpy(a->path, path);
		return a;
	}
	am_error(
	        "admin: cannot listen, set controlplane.admin to a path of up to %zu bytes in a "
	        "directory that this user may write; path=%s error=%s",
	        sizeof(a->path) - 1, path, strerror(-ret)
	);
	if (fd >= 0)
		close(fd);
	free(a);
	return NULL;
}

void admin_destroy(struct admin *a)
{
	while (!LIST_EMPTY(&a->connections))
		connection_close(LIST_FIRST(&a->connections));
	loop_remove(a->loop, &a->listener);
	close(a->listener.fd);
	unlink(a->path);
	free(a);
}

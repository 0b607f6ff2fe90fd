#include "recorder/control.h"

#include "am_log.h"
#include "am_socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// At once: more than everything that a control plane states at a time.
#define MESSAGES_MAX (AM_RECORD_MAX * (AM_RECORD_TRACK_MAX + 4))

struct control {
	struct control_events events;
	const char *path;
	int listener;
	int connection; // -1: none
	int newcomer; // has not said HELLO yet; -1: none
};

struct control *control_create(const char *path, const struct control_events *events)
{
	struct control *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	*c = (struct control){.events = *events, .path = path, .connection = -1, .newcomer = -1};
	c->listener = am_socket_listen(path);
	if (c->listener < 0) {
		int error = -c->listener;
		free(c);
		errno = error;
		return NULL;
	}
	return c;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void control_destroy(struct control *c)
{
	close_fd(&c->newcomer);
	close_fd(&c->connection);
	close_fd(&c->listener);
	unlink(c->path);
	free(c);
}

int control_poll(const struct control *c, struct pollfd fds[CONTROL_POLL_MAX])
{
	const int all[CONTROL_POLL_MAX] = {c->listener, c->connection, c->newcomer};
	int n = 0;

	for (int i = 0; i < CONTROL_POLL_MAX; i++) {
		if (all[i] >= 0)
			fds[n++] = (struct pollfd){.fd = all[i], .events = POLLIN};
	}
	return n;
}

bool control_is_connected(const struct control *c)
{
	return c->connection >= 0;
}

int control_send(struct control *c, const struct am_record_msg *m)
{
	if (c->connection < 0)
		return -ENOTCONN;
	if (send(c->connection, m, sizeof(*m), MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(*m))
		return 0;
	if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS)
		return -EAGAIN;
	am_warning("control: cannot be told; error=%s", strerror(errno));
	close_fd(&c->connection);
	return -ENOTCONN;
}

// One message. 1: it is good; 0: nothing is there; -EBADMSG; -ECONNRESET at the end.
static int receive_one(int fd, struct am_record_msg *m)
{
	uint8_t bytes[sizeof(*m) + 1]; // a longer one is noticed
	ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -ECONNRESET;
	if (n == 0)
		return -ECONNRESET;
	memcpy(m, bytes, (size_t)n < sizeof(*m) ? (size_t)n : sizeof(*m));
	return am_record_check(m, (size_t)n) == 0 ? 1 : -EBADMSG;
}

static struct am_record_msg hello(const struct control *c)
{
	return (struct am_record_msg){
	        .type = AM_RECORD_HELLO,
	        .hello.magic = AM_RECORD_MAGIC,
	        .hello.version = AM_RECORD_VERSION,
	        .hello.pid = (uint32_t)getpid(),
	        .hello.free_bytes = c->events.free_bytes(c->events.owner),
	};
}

void control_say_hello(struct control *c)
{
	const struct am_record_msg m = hello(c);

	if (control_is_connected(c))
		(void)!control_send(c, &m); // if not now, in a second
}

static int say_hello(struct control *c)
{
	const struct am_record_msg m = hello(c);

	return send(c->newcomer, &m, sizeof(m), MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(m) ? 0 : -1;
}

static void accept_newcomer(struct control *c)
{
	int fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	close_fd(&c->newcomer); // the newest one counts
	c->newcomer = fd;
	// Also if the other one's version differs: ours tells it so.
	if (say_hello(c) < 0)
		close_fd(&c->newcomer);
}

static void greet_newcomer(struct control *c)
{
	struct am_record_msg m;

	if (c->newcomer < 0)
		return;
	int ret = receive_one(c->newcomer, &m);
	if (ret == 0)
		return;
	if (ret < 0 || m.type != AM_RECORD_HELLO) {
		am_warning("control: refusing a connection: it does not begin with our version's "
		           "hello");
		close_fd(&c->newcomer);
		return;
	}
	if (c->connection >= 0)
		am_info("control: another control plane takes over");
	close_fd(&c->connection);
	c->connection = c->newcomer;
	c->newcomer = -1;
	am_info("control: a control plane is there; pid=%u", m.hello.pid);
	c->events.greeted(c->events.owner);
}

bool control_receive(struct control *c)
{
	struct am_record_msg m;

	accept_newcomer(c);
	greet_newcomer(c);
	for (int i = 0; i < MESSAGES_MAX && c->connection >= 0; i++) {
		int ret = receive_one(c->connection, &m);
		if (ret == 0)
			return true;
		if (ret == 1) {
			c->events.message(c->events.owner, &m);
		} else if (ret == -EBADMSG) {
			am_warning("control: leaving out a bad message");
		} else {
			am_warning("control: the control plane has gone");
			close_fd(&c->connection);
		}
	}
	return c->connection < 0;
}

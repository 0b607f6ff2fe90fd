#include "recording/link.h"

#include "base/loop.h"
#include "base/memory.h"

#include "am_log.h"
#include "am_record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_MAX 256 // messages in one turn of the loop

struct recorder_link {
	struct loop *loop;
	const struct recorder_link_events *events;
	struct sockaddr_un address;
	struct loop_source source; // fd: -1 without a connection
	struct loop_timer timer; // until the next attempt, or for the recorder's HELLO
	bool opened, up;
	bool writes; // waits until the socket takes more
	int complained; // of this error; 0: of none
	struct am_record_msg *queue; // a ring: messages that the socket has not taken
	uint32_t first, count, size;
};

static void complain(struct recorder_link *l, int error, const char *what)
{
	if (l->complained != error)
		am_warning(
		        "recording: %s; path=%s error=%s", what, l->address.sun_path,
		        strerror(error)
		);
	l->complained = error;
}

static void disconnect(struct recorder_link *l)
{
	bool was_up = l->up;

	if (l->source.fd < 0)
		return;
	loop_remove(l->loop, &l->source);
	close(l->source.fd);
	l->source.fd = -1;
	l->up = l->writes = false;
	l->first = l->count = 0;
	loop_timer_set(l->loop, &l->timer, RECORDER_RETRY_MS);
	if (was_up)
		l->events->down(l->events->owner);
}

static void flush(struct recorder_link *l)
{
	while (l->count > 0) {
		ssize_t n =
		        send(l->source.fd, &l->queue[l->first], sizeof(*l->queue), MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n < 0) {
			complain(l, errno, "the recorder is gone");
			return disconnect(l);
		}
		l->first = (l->first + 1) % l->size;
		l->count--;
	}
	if (l->writes == (l->count > 0))
		return;
	l->writes = l->count > 0;
	loop_change(l->loop, &l->source, l->writes ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void queue_grow(struct recorder_link *l)
{
	uint32_t size = l->size ? 2 * l->size : 64;
	struct am_record_msg *queue = memory_new(size, sizeof(*queue));

	for (uint32_t i = 0; i < l->count; i++)
		queue[i] = l->queue[(l->first + i) % l->size];
	free(l->queue);
	l->queue = queue;
	l->size = size;
	l->first = 0;
}

static void push(struct recorder_link *l, const struct am_record_msg *m)
{
	if (l->count == RECORDER_QUEUE_MAX) {
		complain(l, ENOBUFS, "the recorder does not read");
		return disconnect(l);
	}
	if (l->count == l->size)
		queue_grow(l);
	l->queue[(l->first + l->count++) % l->size] = *m;
	if (l->count == 1)
		flush(l);
}

void recorder_link_send(struct recorder_link *l, const struct am_record_msg *m)
{
	if (l->up)
		push(l, m);
}

static void handle(struct recorder_link *l, const struct am_record_msg *m)
{
	if (!l->up && m->type != AM_RECORD_HELLO) {
		complain(l, EPROTO, "the recorder's messages are out of order");
		return disconnect(l);
	}
	l->complained = 0;
	l->events->heard(l->events->owner, m);
	if (l->up)
		return;
	l->up = true;
	loop_timer_cancel(l->loop, &l->timer);
	am_info("recording: the recorder is there; pid=%u", m->hello.pid);
	l->events->up(l->events->owner);
}

static void receive(struct recorder_link *l)
{
	struct am_record_msg m;

	for (int i = 0; i < READ_MAX && l->source.fd >= 0; i++) {
		ssize_t n = recv(l->source.fd, &m, sizeof(m), MSG_TRUNC);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			complain(l, n < 0 ? errno : ECONNRESET, "the recorder is gone");
			return disconnect(l);
		}
		if (am_record_check(&m, (size_t)n) < 0) {
			complain(l, EPROTO, "the recorder is of another version, or at fault");
			return disconnect(l);
		}
		handle(l, &m);
	}
}

static void ready(void *owner, uint32_t events)
{
	struct recorder_link *l = owner;

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		receive(l);
	if (events & EPOLLOUT && l->source.fd >= 0)
		flush(l);
}

// A Unix socket connects at once or not at all.
static int attempt(struct recorder_link *l)
{
	const struct am_record_msg hello = {
	        .type = AM_RECORD_HELLO,
	        .hello = {AM_RECORD_MAGIC, AM_RECORD_VERSION, (uint32_t)getpid(), 0},
	};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	l->source.fd = fd;
	if (connect(fd, (struct sockaddr *)&l->address, sizeof(l->address)) < 0 ||
	    loop_add(l->loop, &l->source, EPOLLIN) < 0) {
		int error = errno;
		close(fd);
		l->source.fd = -1;
		return -error;
	}
	push(l, &hello);
	return 0;
}

static void expired(void *owner)
{
	struct recorder_link *l = owner;

	if (l->source.fd >= 0) {
		complain(l, ETIMEDOUT, "the recorder does not answer");
		return disconnect(l);
	}
	int ret = attempt(l);
	if (ret < 0)
		complain(l, -ret, "there is no recorder");
	// What fails after connecting has set the timer itself.
	if (ret < 0 || l->source.fd >= 0)
		loop_timer_set(l->loop, &l->timer, ret < 0 ? RECORDER_RETRY_MS : RECORDER_HELLO_MS);
}

struct recorder_link *
recorder_link_create(struct loop *loop, const char *path, const struct recorder_link_events *events)
{
	if (strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	struct recorder_link *l = memory_new(1, sizeof(*l));
	l->loop = loop;
	l->events = events;
	l->address.sun_family = AF_UNIX;
	strcpy(l->address.sun_path, path);
	l->source = (struct loop_source){.fd = -1, .ready = ready, .owner = l};
	l->timer = (struct loop_timer){.expired = expired, .owner = l};
	return l;
}

void recorder_link_destroy(struct recorder_link *l)
{
	l->up = false; // nobody is told
	disconnect(l);
	loop_timer_cancel(l->loop, &l->timer);
	free(l->queue);
	free(l);
}

void recorder_link_open(struct recorder_link *l)
{
	if (!l->opened && l->address.sun_path[0])
		expired(l);
	l->opened = true;
}

bool recorder_link_is_up(const struct recorder_link *l)
{
	return l->up;
}

void recorder_link_reset(struct recorder_link *l)
{
	if (l->source.fd >= 0)
		complain(l, ETIMEDOUT, "the recorder is silent");
	disconnect(l);
}

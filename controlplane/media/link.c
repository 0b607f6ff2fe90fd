#include "media/link.h"

#include "base/loop.h"
#include "base/memory.h"

#include "am_link.h"
#include "am_log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define RETRY_MS 200

struct media_link {
	struct loop *loop;
	const char *path;
	void (*connected)(void *, int, uint16_t, const struct am_link_fds *);
	void *owner;
	struct loop_source done; // eventfd: thread writes, loop reads
	int stop; // eventfd: loop writes, thread waits for it
	pthread_t thread;
	bool running;
	// Written by the thread before `done`, read by the loop after it.
	int connection;
	uint16_t epoch;
	struct am_link_fds fds;
};

static void complain(const struct media_link *l, int error)
{
	if (error == -EPROTO)
		am_error("link: the data plane is of another version; path=%s", l->path);
	else if (error == -EBUSY)
		am_warning("link: another control plane is attached; path=%s", l->path);
	else
		am_warning("link: no data plane; path=%s error=%s", l->path, strerror(-error));
}

static void *search(void *arg)
{
	struct media_link *l = arg;
	struct pollfd stop = {.fd = l->stop, .events = POLLIN};
	int last = 0;

	for (;;) {
		l->connection = am_link_connect(l->path, &l->epoch, &l->fds);
		if (l->connection >= 0)
			break;
		if (l->connection != last) // once for each cause
			complain(l, l->connection);
		last = l->connection;
		if (poll(&stop, 1, RETRY_MS) > 0)
			return NULL;
	}
	eventfd_write(l->done.fd, 1);
	return NULL;
}

static void finished(void *owner, uint32_t)
{
	struct media_link *l = owner;
	eventfd_t value;

	if (eventfd_read(l->done.fd, &value) < 0)
		return;
	pthread_join(l->thread, NULL);
	l->running = false;
	int connection = l->connection;
	l->connection = -1;
	l->connected(l->owner, connection, l->epoch, &l->fds);
}

struct media_link *media_link_create(
        struct loop *loop, const char *path,
        void (*connected)(void *, int, uint16_t, const struct am_link_fds *), void *owner
)
{
	struct media_link *l = memory_new(1, sizeof(*l));

	*l = (struct media_link){
	        .loop = loop,
	        .path = path,
	        .connected = connected,
	        .owner = owner,
	        .done = {.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = finished},
	        .stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	        .connection = -1,
	};
	l->done.owner = l;
	if (l->done.fd >= 0 && l->stop >= 0 && loop_add(loop, &l->done, EPOLLIN) == 0)
		return l;
	int error = errno;
	close(l->done.fd);
	close(l->stop);
	free(l);
	errno = error;
	return NULL;
}

void media_link_destroy(struct media_link *l)
{
	if (l->running) {
		eventfd_write(l->stop, 1);
		pthread_join(l->thread, NULL);
		if (l->connection >= 0) { // the connection was made just now
			close(l->connection);
			close(l->fds.region);
			close(l->fds.command_wake);
			close(l->fds.event_wake);
		}
	}
	loop_remove(l->loop, &l->done);
	close(l->done.fd);
	close(l->stop);
	free(l);
}

int media_link_start(struct media_link *l)
{
	int ret = pthread_create(&l->thread, NULL, search, l);
	l->running = ret == 0;
	return -ret;
}

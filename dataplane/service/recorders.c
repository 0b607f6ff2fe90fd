#include "service/recorders.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "am_log.h"

#define LIST_MAX (RECORDERS_MAX + RECORDERS_WAITING)

void recorders_init(struct recorders *r)
{
	*r = (struct recorders){.listener = -1, .memfd = -1};
	for (int i = 0; i < LIST_MAX; i++)
		r->list[i].fd = -1;
}

int recorders_open(struct recorders *r, const char *path, uint32_t user, const struct am_tap *tap)
{
	int fd = am_tap_listen(path, user);

	if (fd < 0)
		return fd;
	r->listener = fd;
	r->memfd = tap->fd;
	r->user = user;
	return 0;
}

static void recorder_end(struct recorder *c, const char *why)
{
	if (c->reads)
		am_info("service: recorder detached; reason=%s", why);
	else
		am_warning("service: recorder refused; reason=%s", why);
	close(c->fd);
	*c = (struct recorder){.fd = -1};
}

void recorders_close(struct recorders *r)
{
	for (int i = 0; i < LIST_MAX; i++) {
		if (r->list[i].fd >= 0)
			close(r->list[i].fd);
	}
	if (r->listener >= 0)
		close(r->listener);
	recorders_init(r);
}

static struct recorder *place_free(struct recorders *r)
{
	for (int i = 0; i < LIST_MAX; i++) {
		if (r->list[i].fd < 0)
			return &r->list[i];
	}
	return NULL;
}

static int readers(const struct recorders *r)
{
	int n = 0;

	for (int i = 0; i < LIST_MAX; i++)
		n += r->list[i].reads;
	return n;
}

// While all places are taken, newcomers wait in the socket's queue.
void recorders_poll(const struct recorders *r, struct pollfd fds[RECORDERS_FDS])
{
	bool full = true;

	for (int i = 0; i < LIST_MAX; i++) {
		fds[1 + i] = (struct pollfd){.fd = r->list[i].fd, .events = POLLIN};
		full = full && r->list[i].fd >= 0;
	}
	fds[0] = (struct pollfd){.fd = full ? -1 : r->listener, .events = POLLIN};
}

static void accept_one(struct recorders *r, uint64_t now_ns)
{
	struct recorder *c = place_free(r);

	if (!c)
		return;
	int fd = am_tap_accept(r->listener, r->user);
	if (fd >= 0)
		*c = (struct recorder){.fd = fd, .since_ns = now_ns};
	else if (fd != -EAGAIN)
		am_warning("service: recorder refused; reason=%s", strerror(-fd));
}

static void answer(struct recorders *r, struct recorder *c)
{
	uint32_t error = readers(r) == RECORDERS_MAX ? EBUSY : 0;
	int ret = am_tap_welcome(c->fd, error, r->memfd);

	if (ret == -EAGAIN)
		return;
	if (ret < 0) {
		recorder_end(c, strerror(-ret));
		return;
	}
	c->reads = true;
	am_info("service: recorder attached; recorders=%d", readers(r));
}

static void connection_read(struct recorder *c)
{
	char byte;
	ssize_t n = recv(c->fd, &byte, 1, MSG_DONTWAIT);

	if (n > 0)
		recorder_end(c, "it said more than its hello");
	else if (n == 0 || errno != EAGAIN)
		recorder_end(c, "its connection ended");
}

void recorders_serve(struct recorders *r, const struct pollfd fds[RECORDERS_FDS], uint64_t now_ns)
{
	for (int i = 0; i < LIST_MAX; i++) {
		struct recorder *c = &r->list[i];
		if (!fds[1 + i].revents || c->fd < 0)
			continue;
		if (c->reads)
			connection_read(c);
		else
			answer(r, c);
	}
	if (fds[0].revents)
		accept_one(r, now_ns);
}

void recorders_tick(struct recorders *r, uint64_t now_ns)
{
	for (int i = 0; i < LIST_MAX; i++) {
		struct recorder *c = &r->list[i];
		if (c->fd >= 0 && !c->reads &&
		    now_ns - c->since_ns >= AM_TAP_HELLO_MS * UINT64_C(1000000))
			recorder_end(c, "it says nothing");
	}
}

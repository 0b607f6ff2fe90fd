#include "am_socket.h"

#include <assert.h>
#include <errno.h>
#include <stdalign.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 4

static int address_set(struct sockaddr_un *addr, const char *path)
{
	*addr = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(addr->sun_path))
		return -ENAMETOOLONG;
	strcpy(addr->sun_path, path);
	return 0;
}

static void timeouts_set(int fd)
{
	const struct timeval second = {.tv_sec = 1};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second));
}

int am_socket_listen(const char *path)
{
	struct sockaddr_un addr;
	int ret = address_set(&addr, path);
	if (ret < 0)
		return ret;

	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	unlink(path);
	mode_t old = umask(0077);
	ret = bind(fd, (struct sockaddr *)&addr, sizeof(addr));
	umask(old);
	if (ret < 0 || listen(fd, BACKLOG) < 0) {
		ret = -errno;
		close(fd);
		return ret;
	}
	return fd;
}

int am_socket_accept(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return -errno;
	timeouts_set(fd);
	return fd;
}

int am_socket_connect(const char *path)
{
	struct sockaddr_un addr;
	int ret = address_set(&addr, path);
	if (ret < 0)
		return ret;

	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	timeouts_set(fd);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		ret = -errno;
		close(fd);
		return ret;
	}
	return fd;
}

int am_socket_send(int fd, const void *message, size_t len, const int *fds, int fd_count)
{
	struct iovec iov = {.iov_base = (void *)message, .iov_len = len};
	alignas(struct cmsghdr) char control[CMSG_SPACE(AM_SOCKET_FDS_MAX * sizeof(int))] = {0};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	size_t size = (size_t)fd_count * sizeof(int);

	assert(fd_count <= AM_SOCKET_FDS_MAX);
	if (fd_count > 0) {
		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(size);
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(c), fds, size);
	}
	return sendmsg(fd, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

// The descriptors of a message: all of them are taken, so that none is left open unseen.
static int fds_take(struct msghdr *msg, int fds[AM_SOCKET_FDS_MAX])
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
		return 0;
	size_t size = c->cmsg_len - CMSG_LEN(0);
	assert(size <= AM_SOCKET_FDS_MAX * sizeof(int)); // what msg_control has room for
	memcpy(fds, CMSG_DATA(c), size);
	return (int)(size / sizeof(int));
}

int am_socket_receive(int fd, void *message, size_t len, int *fds, int fd_max)
{
	struct iovec iov = {.iov_base = message, .iov_len = len};
	alignas(struct cmsghdr) char control[CMSG_SPACE(AM_SOCKET_FDS_MAX * sizeof(int))];
	struct msghdr msg = {
	        .msg_iov = &iov,
	        .msg_iovlen = 1,
	        .msg_control = control,
	        .msg_controllen = sizeof(control),
	};
	int taken[AM_SOCKET_FDS_MAX];

	ssize_t n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	if (n < 0)
		return -errno;
	int count = fds_take(&msg, taken);
	if ((size_t)n != len || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || count > fd_max) {
		while (count > 0)
			close(taken[--count]);
		return -EPROTO;
	}
	for (int i = 0; i < count; i++)
		fds[i] = taken[i];
	return count;
}

#include "am_link.h"

#include <errno.h>
#include <stdalign.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "am_region.h"

#define FD_COUNT 3

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

int am_link_listen(const char *path)
{
	struct sockaddr_un addr;
	int ret = address_set(&addr, path);
	if (ret < 0)
		return ret;

	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	unlink(path);
	mode_t old = umask(0077); // only the same user may attach
	ret = bind(fd, (struct sockaddr *)&addr, sizeof(addr));
	umask(old);
	if (ret < 0 || listen(fd, 4) < 0) {
		ret = -errno;
		close(fd);
		return ret;
	}
	return fd;
}

static int hello_send(int fd, const struct am_hello *hello, const struct am_link_fds *fds)
{
	struct iovec iov = {.iov_base = (void *)hello, .iov_len = sizeof(*hello)};
	alignas(struct cmsghdr) char control[CMSG_SPACE(FD_COUNT * sizeof(int))] = {0};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fds) {
		const int list[FD_COUNT] = {fds->region, fds->command_wake, fds->event_wake};
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(list));
		memcpy(CMSG_DATA(c), list, sizeof(list));
	}
	return sendmsg(fd, &msg, MSG_NOSIGNAL) == sizeof(*hello) ? 0 : -errno;
}

int am_link_accept(int listener, uint16_t epoch, uint16_t error, const struct am_link_fds *fds)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return -errno;
	timeouts_set(fd);

	struct am_hello theirs;
	struct am_hello ours = {
	        .magic = AM_REGION_MAGIC,
	        .layout = am_region_layout_hash(),
	        .version = AM_VERSION,
	        .epoch = epoch,
	        .error = error,
	};
	ssize_t n = recv(fd, &theirs, sizeof(theirs), 0);
	if (n != sizeof(theirs) || theirs.magic != AM_REGION_MAGIC ||
	    theirs.version != AM_VERSION || theirs.layout != ours.layout)
		ours.error = EPROTO;
	int ret = hello_send(fd, &ours, ours.error ? NULL : fds);
	if (ours.error)
		ret = -ours.error;
	if (ret < 0) {
		close(fd);
		return ret;
	}
	return fd;
}

static int hello_receive(int fd, struct am_hello *hello, struct am_link_fds *fds)
{
	struct iovec iov = {.iov_base = hello, .iov_len = sizeof(*hello)};
	alignas(struct cmsghdr) char control[CMSG_SPACE(FD_COUNT * sizeof(int))];
	struct msghdr msg = {
	        .msg_iov = &iov,
	        .msg_iovlen = 1,
	        .msg_control = control,
	        .msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	if (n < 0)
		return -errno;
	if (n != sizeof(*hello) || hello->magic != AM_REGION_MAGIC)
		return -EPROTO;
	if (hello->error)
		return -(int)hello->error;

	int list[FD_COUNT];
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(list)))
		return -EPROTO;
	memcpy(list, CMSG_DATA(c), sizeof(list));
	*fds = (struct am_link_fds){list[0], list[1], list[2]};
	return 0;
}

int am_link_connect(const char *path, uint16_t *epoch, struct am_link_fds *fds)
{
	struct sockaddr_un addr;
	struct am_hello hello = {
	        .magic = AM_REGION_MAGIC,
	        .layout = am_region_layout_hash(),
	        .version = AM_VERSION,
	};
	int ret = address_set(&addr, path);
	if (ret < 0)
		return ret;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	timeouts_set(fd);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		ret = -errno;
		goto close;
	}
	ret = hello_send(fd, &hello, NULL);
	if (ret < 0)
		goto close;
	ret = hello_receive(fd, &hello, fds);
	if (ret < 0)
		goto close;
	*epoch = hello.epoch;
	return fd;

close:
	close(fd);
	return ret;
}

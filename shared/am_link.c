#include "am_link.h"

#include <errno.h>
#include <unistd.h>

#include "am_region.h"
#include "am_socket.h"

#define FD_COUNT 3

int am_link_listen(const char *path)
{
	return am_socket_listen(path);
}

static struct am_hello hello_make(uint16_t epoch, uint16_t error)
{
	return (struct am_hello){
	        .magic = AM_REGION_MAGIC,
	        .layout = am_region_layout_hash(),
	        .version = AM_VERSION,
	        .epoch = epoch,
	        .error = error,
	};
}

int am_link_accept(int listener, uint16_t epoch, uint16_t error, const struct am_link_fds *fds)
{
	const int list[FD_COUNT] = {fds->region, fds->command_wake, fds->event_wake};
	struct am_hello theirs, ours = hello_make(epoch, error);

	int fd = am_socket_accept(listener);
	if (fd < 0)
		return fd;
	int ret = am_socket_receive(fd, &theirs, sizeof(theirs), NULL, 0);
	if (ret < 0 || theirs.magic != AM_REGION_MAGIC || theirs.version != AM_VERSION ||
	    theirs.layout != ours.layout)
		ours.error = EPROTO;
	ret = am_socket_send(fd, &ours, sizeof(ours), list, ours.error ? 0 : FD_COUNT);
	if (ours.error)
		ret = -(int)ours.error;
	if (ret < 0) {
		close(fd);
		return ret;
	}
	return fd;
}

// 0, or -errno: the other side's, or -EPROTO if it answers something else.
static int hello_receive(int fd, struct am_hello *hello, struct am_link_fds *fds)
{
	int list[FD_COUNT];

	int n = am_socket_receive(fd, hello, sizeof(*hello), list, FD_COUNT);
	if (n < 0)
		return n;
	if (hello->magic == AM_REGION_MAGIC && !hello->error && n == FD_COUNT) {
		*fds = (struct am_link_fds){list[0], list[1], list[2]};
		return 0;
	}
	while (n > 0)
		close(list[--n]);
	return hello->magic == AM_REGION_MAGIC && hello->error ? -(int)hello->error : -EPROTO;
}

int am_link_connect(const char *path, uint16_t *epoch, struct am_link_fds *fds)
{
	struct am_hello hello = hello_make(0, 0);

	int fd = am_socket_connect(path);
	if (fd < 0)
		return fd;
	int ret = am_socket_send(fd, &hello, sizeof(hello), NULL, 0);
	if (ret == 0)
		ret = hello_receive(fd, &hello, fds);
	if (ret < 0) {
		close(fd);
		return ret;
	}
	*epoch = hello.epoch;
	return fd;
}

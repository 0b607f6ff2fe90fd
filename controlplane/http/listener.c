#include "http/listener.h"

#include "http/settings.h"

#include "am_log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int address_make(const struct http_settings *c, struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

	*out = (struct sockaddr_storage){0};
	if (inet_pton(AF_INET, c->listen, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)c->port);
		return 0;
	}
	if (inet_pton(AF_INET6, c->listen, &v6->sin6_addr) != 1)
		return -EINVAL;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)c->port);
	return 0;
}

int http_listener_open(const struct http_settings *c)
{
	struct sockaddr_storage a;

	if (address_make(c, &a) < 0)
		return -1;
	int fd = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t len =
	        a.ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);

	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
		if (bind(fd, (const struct sockaddr *)&a, len) == 0 && listen(fd, 1024) == 0)
			return fd;
	}
	am_error(
	        "http: cannot listen on %s port %lld (%s), %s", c->listen, (long long)c->port,
	        strerror(errno),
	        errno == EADDRINUSE ? "stop the other program or set controlplane.port"
	                            : "set controlplane.listen and controlplane.port"
	);
	if (fd >= 0)
		close(fd);
	return -1;
}

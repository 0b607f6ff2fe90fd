#include "client.h"

#include "base/json.h"
#include "base/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_S   15
#define ANSWER_MAX (64u << 20) // bytes

static const char *path_of(const struct arguments *a)
{
	const char *path = a->socket ? a->socket : getenv("AMPHI_ADMIN_SOCKET");
	return path && *path ? path : DEFAULT_SOCKET;
}

static enum status unreachable(const char *path, int error)
{
	switch (error) {
	case ENOENT:
	case ECONNREFUSED:
		return fail(
		        STATUS_UNREACHABLE,
		        "no control plane listens at %s: start amphi-controlplane, or name its "
		        "controlplane.admin with --socket or AMPHI_ADMIN_SOCKET",
		        path
		);
	case EACCES:
	case EPERM:
		return fail(
		        STATUS_UNREACHABLE,
		        "%s can be opened only by the user of amphi-controlplane: become that "
		        "user, "
		        "or root",
		        path
		);
	default: return fail(STATUS_UNREACHABLE, "%s: %s", path, strerror(error));
	}
}

static int dial(const char *path)
{
	const struct timeval timeout = {.tv_sec = ANSWER_S};
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	int error = errno;
	close(fd);
	return -error;
}

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
		if (n < 0)
			return -errno;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

// Reads up to the end of the connection. NULL with errno.
static struct json *answer_read(int fd)
{
	size_t size = 65536, len = 0;
	char *text = memory_new(size, 1);
	struct json *j = NULL;
	ssize_t n;

	while ((n = recv(fd, text + len, size - len, 0)) > 0) {
		len += (size_t)n;
		if (len == size && size < ANSWER_MAX)
			text = memory_grow(text, size *= 2, 1);
	}
	if (n == 0) {
		j = json_parse(text, len);
		errno = EPROTO;
	}
	free(text);
	return j;
}

static enum status answer_take(struct json *answer, struct json **data)
{
	const char *error = json_string(answer, "error", ANSWER_MAX);
	const char *warning = json_string(answer, "warning", ANSWER_MAX);
	enum status s = STATUS_DONE;

	if (json_is_true(answer, "ok"))
		*data = json_copy(json_object(answer, "data"));
	else
		s = fail(STATUS_REFUSED, "%s", error ? error : "the answer cannot be understood");
	if (s == STATUS_DONE && warning)
		s = fail(STATUS_NOT_WRITTEN, "%s", warning);
	json_free(answer);
	return s;
}

enum status client_ask(const struct arguments *a, struct json *request, struct json **data)
{
	const char *path = path_of(a);
	char *text = json_print(request);
	struct json *answer = NULL;
	int fd = dial(path);
	int ret = fd < 0 ? fd : write_all(fd, text, strlen(text));

	if (ret == 0)
		ret = write_all(fd, "\n", 1);
	if (ret == 0)
		answer = answer_read(fd);
	if (ret == 0 && !answer)
		ret = -errno;
	if (fd >= 0)
		close(fd);
	free(text);
	json_free(request);
	if (fd < 0)
		return unreachable(path, -ret);
	if (!answer)
		return fail(
		        STATUS_UNREACHABLE, "%s gave no answer: %s", path,
		        ret == -EAGAIN ? "it took too long" : strerror(-ret)
		);
	return answer_take(answer, data);
}

#include "base/child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define READS_MAX 32 // at the end, should somebody else have its outputs open and go on writing

// What it says.

static void line_said(struct child *c, const char *line)
{
	c->said(c->owner, line);
}

static void line_complained(struct child *c, const char *line)
{
	if (line[0])
		strcpy(c->complaint, line);
}

static void line_end(struct child_stream *s)
{
	s->text[s->len] = '\0';
	s->len = 0;
	s->line(s->child, s->text);
}

static ssize_t stream_read(struct child_stream *s)
{
	char bytes[4096];
	ssize_t n = read(s->source.fd, bytes, sizeof(bytes));

	for (ssize_t i = 0; i < n; i++) {
		if (bytes[i] == '\n')
			line_end(s);
		else if (bytes[i] && s->len < CHILD_LINE_MAX)
			s->text[s->len++] = bytes[i];
	}
	return n;
}

static void stream_close(struct child_stream *s)
{
	if (s->source.fd < 0)
		return;
	loop_remove(s->child->loop, &s->source);
	close(s->source.fd);
	s->source.fd = -1;
}

static void stream_ready(void *owner, uint32_t)
{
	struct child_stream *s = owner;
	ssize_t n = stream_read(s);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		stream_close(s);
}

static void stream_finish(struct child_stream *s)
{
	for (int i = 0; i < READS_MAX && s->source.fd >= 0 && stream_read(s) > 0; i++)
		;
	if (s->len)
		line_end(s);
	stream_close(s);
}

// Its end.

static int status_of(const siginfo_t *i)
{
	return i->si_code == CLD_EXITED ? W_EXITCODE(i->si_status, 0) : W_EXITCODE(0, i->si_status);
}

static void end_ready(void *owner, uint32_t)
{
	struct child *c = owner;
	siginfo_t info = {0};

	if (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG) < 0 || !info.si_pid)
		return;
	c->pid = 0;
	loop_remove(c->loop, &c->end);
	close(c->end.fd);
	stream_finish(&c->out);
	stream_finish(&c->err);
	c->ended(c->owner, status_of(&info));
}

void child_signal(const struct child *c, int signal)
{
	if (c->pid)
		kill(-c->pid, signal);
}

void child_end(struct child *c)
{
	if (!c->pid)
		return;
	child_signal(c, SIGKILL);
	while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
		;
	c->pid = 0;
	loop_remove(c->loop, &c->end);
	close(c->end.fd);
	stream_close(&c->out);
	stream_close(&c->err);
}

// Its start.

static bool is_program(const char *path)
{
	return access(path, X_OK) == 0;
}

static bool find_beside(char *path, size_t size, const char *name)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (len <= 0)
		return false;
	self[len] = '\0';
	char *slash = strrchr(self, '/');
	if (!slash)
		return false;
	*slash = '\0';
	return snprintf(path, size, "%s/%s", self, name) < (int)size && is_program(path);
}

bool child_find(char *path, size_t size, const char *name)
{
	const char *from = getenv("PATH");

	if (find_beside(path, size, name))
		return true;
	while (from && *from) {
		int len = (int)strcspn(from, ":");
		if (*from == '/' && // never from where the process happens to be
		    snprintf(path, size, "%.*s/%s", len, from, name) < (int)size &&
		    is_program(path))
			return true;
		from += len + (from[len] == ':');
	}
	return false;
}

// Signals that we ignore would be ignored by the program as well.
static void attributes_init(posix_spawnattr_t *a)
{
	sigset_t none, usual;

	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGHUP);
	sigaddset(&usual, SIGPIPE);
	posix_spawnattr_init(a);
	posix_spawnattr_setpgroup(a, 0);
	posix_spawnattr_setsigdefault(a, &usual);
	posix_spawnattr_setsigmask(a, &none);
	posix_spawnattr_setflags(
	        a, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
	);
}

static int
spawn(pid_t *pid, const char *path, const char *const arguments[], int out_fd, int err_fd)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;

	attributes_init(&attributes);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, out_fd, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, err_fd, STDERR_FILENO);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	int ret = posix_spawn(
	        pid, path, &files, &attributes, (char *const *)(uintptr_t)arguments, environ
	);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	return -ret;
}

static int
stream_open(struct child *c, struct child_stream *s, void (*line)(struct child *, const char *))
{
	int fds[2];

	*s = (struct child_stream){.child = c, .line = line, .source.fd = -1};
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	s->source = (struct loop_source){.fd = fds[0], .ready = stream_ready, .owner = s};
	int ret = loop_add(c->loop, &s->source, EPOLLIN);
	if (ret == 0)
		return fds[1];
	close(fds[0]);
	close(fds[1]);
	s->source.fd = -1;
	return ret;
}

static int end_watch(struct child *c)
{
	int fd = pidfd_open(c->pid, 0);

	if (fd < 0)
		return -errno;
	c->end = (struct loop_source){.fd = fd, .ready = end_ready, .owner = c};
	int ret = loop_add(c->loop, &c->end, EPOLLIN);
	if (ret < 0)
		close(fd);
	return ret;
}

int child_start(struct child *c, struct loop *l, const char *path, const char *const arguments[])
{
	assert(!c->pid);
	c->loop = l;
	c->complaint[0] = '\0';
	int out_fd = stream_open(c, &c->out, line_said);
	int err_fd = stream_open(c, &c->err, line_complained);
	int ret = out_fd < 0 ? out_fd : err_fd < 0 ? err_fd : 0;
	if (ret == 0)
		ret = spawn(&c->pid, path, arguments, out_fd, err_fd);
	if (out_fd >= 0)
		close(out_fd);
	if (err_fd >= 0)
		close(err_fd);
	if (ret == 0) {
		ret = end_watch(c);
		if (ret == 0)
			return 0;
		child_signal(c, SIGKILL);
		waitpid(c->pid, NULL, 0);
	}
	c->pid = 0;
	stream_close(&c->out);
	stream_close(&c->err);
	return ret;
}

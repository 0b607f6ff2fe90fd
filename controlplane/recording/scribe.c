#include "recording/scribe.h"

#include "base/memory.h"

#include "am_log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

struct page {
	STAILQ_ENTRY(page) next;
	char *path, *text; // owned
};

struct scribe {
	pthread_t thread;
	pthread_mutex_t lock; // guards the members below
	pthread_cond_t changed;
	STAILQ_HEAD(, page) pages;
	bool closing;
};

static int write_all(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return fdatasync(fd) < 0 ? -errno : 0;
}

static int page_write(const struct page *p)
{
	char temporary[PATH_MAX];

	if (snprintf(temporary, sizeof(temporary), "%s.new", p->path) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	int ret = write_all(fd, p->text);
	close(fd);
	if (ret == 0 && rename(temporary, p->path) < 0)
		ret = -errno;
	if (ret < 0)
		unlink(temporary);
	return ret;
}

static void *run(void *arg)
{
	struct scribe *s = arg;
	int last = 0;

	pthread_mutex_lock(&s->lock);
	for (;;) {
		struct page *p = STAILQ_FIRST(&s->pages);
		if (!p && s->closing)
			break;
		if (!p) {
			pthread_cond_wait(&s->changed, &s->lock);
			continue;
		}
		STAILQ_REMOVE_HEAD(&s->pages, next);
		pthread_mutex_unlock(&s->lock);
		int ret = page_write(p);
		if (ret < 0 && ret != -ENOENT && ret != last) // once for each cause
			am_warning(
			        "recording: cannot write; path=%s error=%s", p->path, strerror(-ret)
			);
		last = ret;
		free(p->path);
		free(p->text);
		free(p);
		pthread_mutex_lock(&s->lock);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

struct scribe *scribe_create(void)
{
	struct scribe *s = memory_new(1, sizeof(*s));

	STAILQ_INIT(&s->pages);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	int ret = pthread_create(&s->thread, NULL, run, s);
	if (ret == 0)
		return s;
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	free(s);
	errno = ret;
	return NULL;
}

void scribe_destroy(struct scribe *s)
{
	pthread_mutex_lock(&s->lock);
	s->closing = true;
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

void scribe_write(struct scribe *s, const char *path, char *text)
{
	struct page *p;

	pthread_mutex_lock(&s->lock);
	STAILQ_FOREACH(p, &s->pages, next)
	{
		if (strcmp(p->path, path) == 0)
			break;
	}
	if (p) {
		free(p->text);
	} else {
		p = memory_new(1, sizeof(*p));
		p->path = memory_copy_string(path);
		STAILQ_INSERT_TAIL(&s->pages, p, next);
	}
	p->text = text;
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

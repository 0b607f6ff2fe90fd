#include "recording/scribe.h"

#include "base/loop.h"
#include "base/memory.h"
#include "recording/vtt.h"

#include "am_log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHAT_MAX (64u << 20) // bytes of chat.txt that are read

struct page {
	STAILQ_ENTRY(page) next;
	char *path; // owned, like text; for a chat, of its directory
	char *text; // NULL: a chat
	size_t len;
	uint64_t recording_id; // of a chat, like the next two
	int64_t duration_ms;
	int64_t bytes; // the result
};

STAILQ_HEAD(pages, page);

struct scribe {
	struct loop *loop;
	scribe_told *told;
	void *owner;
	struct loop_source done; // eventfd: thread writes, loop reads
	pthread_t thread;
	pthread_mutex_t lock; // guards the members below
	pthread_cond_t changed;
	struct pages pages, chats; // to be written; chats that are done
	bool closing;
};

static void page_free(struct page *p)
{
	free(p->path);
	free(p->text);
	free(p);
}

static int write_all(int fd, const char *text, size_t len)
{
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

static int file_write(const char *path, const char *text, size_t len)
{
	char temporary[PATH_MAX];

	if (snprintf(temporary, sizeof(temporary), "%s.new", path) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	int ret = write_all(fd, text, len);
	close(fd);
	if (ret == 0 && rename(temporary, path) < 0)
		ret = -errno;
	if (ret < 0)
		unlink(temporary);
	return ret;
}

// Reads a file of at most CHAT_MAX bytes; text to free, or NULL with errno.
static char *file_read(const char *path, size_t *len)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	char *text = NULL;
	if (fstat(fd, &st) == 0) {
		size_t size = st.st_size < CHAT_MAX ? (size_t)st.st_size : CHAT_MAX;
		text = malloc(size + 1);
		ssize_t n = text ? pread(fd, text, size, 0) : 0;
		*len = n > 0 ? (size_t)n : 0;
	}
	close(fd);
	return text;
}

static int64_t chat_write(const char *directory, int64_t duration_ms)
{
	char from[PATH_MAX], to[PATH_MAX];
	size_t len, vtt_len;
	struct stat st;

	if (snprintf(from, sizeof(from), "%s/chat.txt", directory) >= (int)sizeof(from))
		return -ENAMETOOLONG;
	(void)!snprintf(to, sizeof(to), "%s/chat.vtt", directory); // as long as the other
	char *text = file_read(from, &len);
	if (!text) // perhaps the last process had got so far
		return errno == ENOENT && stat(to, &st) == 0 ? st.st_size : -errno;
	char *vtt = vtt_chat(text, len, duration_ms, &vtt_len);
	free(text);
	int ret = vtt ? file_write(to, vtt, vtt_len) : -ENOMEM;
	free(vtt);
	if (ret < 0)
		return ret;
	unlink(from);
	return (int64_t)vtt_len;
}

static int page_do(struct page *p)
{
	if (p->text)
		return file_write(p->path, p->text, p->len);
	p->bytes = chat_write(p->path, p->duration_ms);
	return p->bytes < 0 ? (int)p->bytes : 0;
}

// Without the lock, which the caller has again afterwards.
static int page_do_unlocked(struct scribe *s, struct page *p)
{
	pthread_mutex_unlock(&s->lock);
	int ret = page_do(p);
	pthread_mutex_lock(&s->lock);
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
		int ret = page_do_unlocked(s, p);
		if (ret < 0 && ret != -ENOENT && ret != last) // once for each cause
			am_warning(
			        "recording: cannot write; path=%s error=%s", p->path, strerror(-ret)
			);
		last = ret;
		if (p->text) {
			page_free(p);
			continue;
		}
		STAILQ_INSERT_TAIL(&s->chats, p, next);
		eventfd_write(s->done.fd, 1);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

static struct page *take(struct scribe *s, struct pages *list)
{
	pthread_mutex_lock(&s->lock);
	struct page *p = STAILQ_FIRST(list);
	if (p)
		STAILQ_REMOVE_HEAD(list, next);
	pthread_mutex_unlock(&s->lock);
	return p;
}

static void done(void *owner, uint32_t)
{
	struct scribe *s = owner;
	eventfd_t value;
	struct page *p;

	if (eventfd_read(s->done.fd, &value) < 0)
		return;
	while ((p = take(s, &s->chats))) {
		s->told(s->owner, p->recording_id, p->bytes);
		page_free(p);
	}
}

struct scribe *scribe_create(struct loop *loop, scribe_told *told, void *owner)
{
	struct scribe *s = memory_new(1, sizeof(*s));
	int ret = 0;

	s->loop = loop;
	s->told = told;
	s->owner = owner;
	STAILQ_INIT(&s->pages);
	STAILQ_INIT(&s->chats);
	s->done = (struct loop_source
	){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = done, .owner = s};
	if (s->done.fd < 0 || loop_add(loop, &s->done, EPOLLIN) < 0) {
		ret = errno;
		goto close;
	}
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	ret = pthread_create(&s->thread, NULL, run, s);
	if (ret == 0)
		return s;
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	loop_remove(loop, &s->done);
close:
	if (s->done.fd >= 0)
		close(s->done.fd);
	free(s);
	errno = ret;
	return NULL;
}

void scribe_destroy(struct scribe *s)
{
	struct page *p;

	pthread_mutex_lock(&s->lock);
	s->closing = true;
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	while ((p = take(s, &s->chats)))
		page_free(p);
	loop_remove(s->loop, &s->done);
	close(s->done.fd);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static void put(struct scribe *s, struct page *p)
{
	STAILQ_INSERT_TAIL(&s->pages, p, next);
	pthread_cond_signal(&s->changed);
}

void scribe_write(struct scribe *s, const char *path, char *text, size_t len)
{
	struct page *p;

	pthread_mutex_lock(&s->lock);
	STAILQ_FOREACH(p, &s->pages, next)
	{
		if (p->text && strcmp(p->path, path) == 0)
			break;
	}
	if (p) {
		free(p->text);
	} else {
		p = memory_new(1, sizeof(*p));
		p->path = memory_copy_string(path);
		put(s, p);
	}
	p->text = text;
	p->len = len;
	pthread_mutex_unlock(&s->lock);
}

void scribe_chat(
        struct scribe *s, const char *directory, uint64_t recording_id, int64_t duration_ms
)
{
	struct page *p = memory_new(1, sizeof(*p));

	p->path = memory_copy_string(directory);
	p->recording_id = recording_id;
	p->duration_ms = duration_ms;
	pthread_mutex_lock(&s->lock);
	put(s, p);
	pthread_mutex_unlock(&s->lock);
}

#include "base/workers.h"

#include "base/loop.h"
#include "base/memory.h"

#include "am_log.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct list {
	struct work *first, **end;
};

struct workers {
	struct loop *loop;
	struct loop_source woken;
	int thread_count; // running
	pthread_t *threads;
	pthread_mutex_t lock; // guards the members below
	pthread_cond_t changed;
	struct list added, finished;
	bool stopping;
};

static void list_init(struct list *l)
{
	*l = (struct list){.end = &l->first};
}

static void list_push(struct list *l, struct work *w)
{
	w->next = NULL;
	*l->end = w;
	l->end = &w->next;
}

static struct work *list_pop(struct list *l)
{
	struct work *w = l->first;

	if (w) {
		l->first = w->next;
		if (!l->first)
			l->end = &l->first;
	}
	return w;
}

static void *work_all(void *arg)
{
	struct workers *ws = arg;

	pthread_mutex_lock(&ws->lock);
	while (!ws->stopping) {
		struct work *w = list_pop(&ws->added);
		if (!w) {
			pthread_cond_wait(&ws->changed, &ws->lock);
			continue;
		}
		pthread_mutex_unlock(&ws->lock);
		w->run(w);
		pthread_mutex_lock(&ws->lock);
		w->has_run = true;
		list_push(&ws->finished, w);
		eventfd_write(ws->woken.fd, 1);
	}
	pthread_mutex_unlock(&ws->lock);
	return NULL;
}

static void deliver(void *owner, uint32_t)
{
	struct workers *ws = owner;
	struct work *w;
	eventfd_t n;

	eventfd_read(ws->woken.fd, &n);
	do {
		pthread_mutex_lock(&ws->lock);
		w = list_pop(&ws->finished);
		pthread_mutex_unlock(&ws->lock);
		if (w)
			w->done(w);
	} while (w);
}

static void threads_join(struct workers *ws)
{
	pthread_mutex_lock(&ws->lock);
	ws->stopping = true;
	pthread_cond_broadcast(&ws->changed);
	pthread_mutex_unlock(&ws->lock);
	for (int i = 0; i < ws->thread_count; i++)
		pthread_join(ws->threads[i], NULL);
}

struct workers *workers_start(struct loop *l, const char *name, int threads)
{
	struct workers *ws = memory_new(1, sizeof(*ws));

	ws->loop = l;
	ws->threads = memory_new((size_t)threads, sizeof(pthread_t));
	list_init(&ws->added);
	list_init(&ws->finished);
	pthread_mutex_init(&ws->lock, NULL);
	pthread_cond_init(&ws->changed, NULL);
	ws->woken = (struct loop_source
	){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = deliver, .owner = ws};
	int ret = ws->woken.fd < 0 ? -errno : loop_add(l, &ws->woken, EPOLLIN);
	if (ret < 0)
		goto close;
	for (; ws->thread_count < threads && ret == 0; ws->thread_count += ret == 0)
		ret = -pthread_create(&ws->threads[ws->thread_count], NULL, work_all, ws);
	if (ret == 0)
		return ws;
	threads_join(ws);
	loop_remove(l, &ws->woken);

close:
	am_error("%s: cannot start a thread; error=%s", name, strerror(-ret));
	if (ws->woken.fd >= 0)
		close(ws->woken.fd);
	free(ws->threads);
	free(ws);
	return NULL;
}

void workers_stop(struct workers *ws)
{
	struct work *w;

	threads_join(ws);
	loop_remove(ws->loop, &ws->woken);
	while ((w = list_pop(&ws->finished)) || (w = list_pop(&ws->added)))
		w->done(w);
	close(ws->woken.fd);
	free(ws->threads);
	free(ws);
}

void workers_add(struct workers *ws, struct work *w)
{
	w->has_run = false;
	pthread_mutex_lock(&ws->lock);
	list_push(&ws->added, w);
	pthread_cond_signal(&ws->changed);
	pthread_mutex_unlock(&ws->lock);
}

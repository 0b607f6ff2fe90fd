#include "store_asker.h"

#include "loop.h"
#include "memory.h"

#include "am_log.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct list {
	struct store_question *first, **end;
};

struct store_asker {
	struct loop *loop;
	sqlite3 *db; // the thread's
	struct loop_source woken;
	pthread_t thread;
	pthread_mutex_t lock; // of what follows
	pthread_cond_t changed;
	struct list asked, answered;
	uint32_t count; // of asked
	bool closing;
};

static void list_init(struct list *l)
{
	*l = (struct list){.end = &l->first};
}

static void list_push(struct list *l, struct store_question *q)
{
	q->next = NULL;
	*l->end = q;
	l->end = &q->next;
}

static struct store_question *list_pop(struct list *l)
{
	struct store_question *q = l->first;

	if (q) {
		l->first = q->next;
		if (!l->first)
			l->end = &l->first;
	}
	return q;
}

static void *answer_all(void *arg)
{
	struct store_asker *r = arg;

	pthread_mutex_lock(&r->lock);
	while (!r->closing) {
		struct store_question *q = list_pop(&r->asked);
		if (!q) {
			pthread_cond_wait(&r->changed, &r->lock);
			continue;
		}
		r->count--;
		pthread_mutex_unlock(&r->lock);
		q->ask(q, r->db);
		pthread_mutex_lock(&r->lock);
		list_push(&r->answered, q);
		eventfd_write(r->woken.fd, 1);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

static void deliver(void *owner, uint32_t)
{
	struct store_asker *r = owner;
	struct store_question *q;
	eventfd_t n;

	eventfd_read(r->woken.fd, &n);
	do {
		pthread_mutex_lock(&r->lock);
		q = list_pop(&r->answered);
		pthread_mutex_unlock(&r->lock);
		if (q)
			q->done(q);
	} while (q);
}

struct store_asker *store_asker_start(struct loop *l, const char *name, const char *path)
{
	struct store_asker *r = memory_new(1, sizeof(*r));
	int ret;

	r->loop = l;
	list_init(&r->asked);
	list_init(&r->answered);
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
	r->woken = (struct loop_source
	){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = deliver, .owner = r};
	if (sqlite3_open_v2(path, &r->db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) {
		am_error("%s: cannot be read; path=%s", name, path);
		goto close;
	}
	sqlite3_busy_timeout(r->db, 1000);
	ret = r->woken.fd < 0 ? -errno : loop_add(l, &r->woken, EPOLLIN);
	if (ret == 0) {
		ret = -pthread_create(&r->thread, NULL, answer_all, r);
		if (ret == 0)
			return r;
		loop_remove(l, &r->woken);
	}
	am_error("%s: no thread to read with; error=%s", name, strerror(-ret));

close:
	sqlite3_close(r->db);
	if (r->woken.fd >= 0)
		close(r->woken.fd);
	free(r);
	return NULL;
}

void store_asker_stop(struct store_asker *r)
{
	struct store_question *q;

	pthread_mutex_lock(&r->lock);
	r->closing = true;
	sqlite3_interrupt(r->db);
	pthread_cond_signal(&r->changed);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	loop_remove(r->loop, &r->woken);
	while ((q = list_pop(&r->answered)) || (q = list_pop(&r->asked)))
		q->done(q);
	sqlite3_close(r->db);
	close(r->woken.fd);
	free(r);
}

int store_ask(struct store_asker *r, struct store_question *q)
{
	pthread_mutex_lock(&r->lock);
	bool full = r->count == STORE_ASKER_QUEUE_MAX;
	if (!full) {
		r->count++;
		list_push(&r->asked, q);
		pthread_cond_signal(&r->changed);
	}
	pthread_mutex_unlock(&r->lock);
	return full ? -EAGAIN : 0;
}

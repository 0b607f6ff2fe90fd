#include "store/asker.h"

#include "base/loop.h"
#include "base/memory.h"
#include "store/database.h"

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

struct reader {
	struct store_asker *asker;
	sqlite3 *db; // used by the thread alone
	pthread_t thread;
	const struct store_question *asks; // guarded by the asker's lock; NULL: no query runs
};

struct store_asker {
	struct loop *loop;
	struct loop_source woken;
	struct reader readers[STORE_ASKER_THREADS];
	int reader_count; // running
	pthread_mutex_t lock; // guards the members below
	pthread_cond_t changed;
	struct list asked, answered;
	uint32_t count; // of the queries in asked
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

static bool account_is_asking(const struct store_asker *a, uint64_t account_id)
{
	for (int i = 0; i < STORE_ASKER_THREADS; i++) {
		const struct store_question *q = a->readers[i].asks;
		if (q && q->account_id == account_id)
			return true;
	}
	return false;
}

// Takes the oldest query whose account has no other running, or returns NULL.
static struct store_question *list_pop_fair(struct store_asker *a)
{
	struct store_question **at = &a->asked.first;

	while (*at && account_is_asking(a, (*at)->account_id))
		at = &(*at)->next;
	struct store_question *q = *at;
	if (!q)
		return NULL;
	*at = q->next;
	if (!*at)
		a->asked.end = at;
	a->count--;
	return q;
}

static void *answer_all(void *arg)
{
	struct reader *r = arg;
	struct store_asker *a = r->asker;

	pthread_mutex_lock(&a->lock);
	while (!a->closing) {
		struct store_question *q = list_pop_fair(a);
		if (!q) {
			pthread_cond_wait(&a->changed, &a->lock);
			continue;
		}
		r->asks = q;
		pthread_mutex_unlock(&a->lock);
		q->ask(q, r->db);
		pthread_mutex_lock(&a->lock);
		r->asks = NULL;
		list_push(&a->answered, q);
		pthread_cond_broadcast(&a->changed); // the account's next query may run
		eventfd_write(a->woken.fd, 1);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

static void deliver(void *owner, uint32_t)
{
	struct store_asker *a = owner;
	struct store_question *q;
	eventfd_t n;

	eventfd_read(a->woken.fd, &n);
	do {
		pthread_mutex_lock(&a->lock);
		q = list_pop(&a->answered);
		pthread_mutex_unlock(&a->lock);
		if (q)
			q->done(q);
	} while (q);
}

// 0, or -errno after a line in the log.
static int reader_start(struct reader *r, const char *name, const char *path)
{
	r->db = database_open_reader(name, path);
	if (!r->db)
		return -EIO;
	int ret = -pthread_create(&r->thread, NULL, answer_all, r);
	if (ret < 0) {
		am_error("%s: cannot start a thread to read; error=%s", name, strerror(-ret));
		sqlite3_close(r->db);
	}
	return ret;
}

static void readers_stop(struct store_asker *a)
{
	pthread_mutex_lock(&a->lock);
	a->closing = true;
	for (int i = 0; i < a->reader_count; i++)
		sqlite3_interrupt(a->readers[i].db);
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
	for (int i = 0; i < a->reader_count; i++) {
		pthread_join(a->readers[i].thread, NULL);
		sqlite3_close(a->readers[i].db);
	}
}

struct store_asker *store_asker_start(struct loop *l, const char *name, const char *path)
{
	struct store_asker *a = memory_new(1, sizeof(*a));

	a->loop = l;
	list_init(&a->asked);
	list_init(&a->answered);
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->changed, NULL);
	a->woken = (struct loop_source
	){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = deliver, .owner = a};
	int ret = a->woken.fd < 0 ? -errno : loop_add(l, &a->woken, EPOLLIN);
	if (ret < 0) {
		am_error("%s: cannot be read; error=%s", name, strerror(-ret));
		goto close;
	}
	for (int i = 0; i < STORE_ASKER_THREADS; i++, a->reader_count++) {
		a->readers[i].asker = a;
		if (reader_start(&a->readers[i], name, path) < 0)
			goto stop;
	}
	return a;

stop:
	readers_stop(a);
	loop_remove(l, &a->woken);
close:
	if (a->woken.fd >= 0)
		close(a->woken.fd);
	free(a);
	return NULL;
}

void store_asker_stop(struct store_asker *a)
{
	struct store_question *q;

	readers_stop(a);
	loop_remove(a->loop, &a->woken);
	while ((q = list_pop(&a->answered)) || (q = list_pop(&a->asked)))
		q->done(q);
	close(a->woken.fd);
	free(a);
}

static uint32_t count_of(const struct store_asker *a, uint64_t account_id)
{
	uint32_t count = 0;

	for (const struct store_question *q = a->asked.first; q; q = q->next)
		count += q->account_id == account_id;
	return count;
}

int store_ask(struct store_asker *a, struct store_question *q)
{
	pthread_mutex_lock(&a->lock);
	bool full = a->count == STORE_ASKER_QUEUE_MAX ||
	            count_of(a, q->account_id) == STORE_ASKER_ACCOUNT_MAX;
	if (!full) {
		a->count++;
		list_push(&a->asked, q);
		pthread_cond_signal(&a->changed);
	}
	pthread_mutex_unlock(&a->lock);
	return full ? -EAGAIN : 0;
}

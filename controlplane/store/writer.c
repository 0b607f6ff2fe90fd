#include "store/writer.h"

#include "base/memory.h"

#include "am_log.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RETRY_S 1

struct operation {
	struct operation *next;
	uint64_t number;
	int statement;
	int64_t numbers[STORE_NUMBERS_MAX];
	char *texts[STORE_TEXTS_MAX]; // owned
};

struct queue {
	struct operation *first, **end;
	uint32_t count;
};

struct store_writer {
	sqlite3 *db; // used by the thread alone
	const struct store_statements *statements;
	sqlite3_stmt **prepared;
	pthread_t thread;
	pthread_mutex_t lock; // guards the members below
	pthread_cond_t changed;
	struct queue queue;
	uint64_t count; // writes that were ever queued
	uint64_t lost, lost_told; // writes that found the queue full; how many the log knows of
	bool closing;
	_Atomic uint64_t written; // thread: w, loop: r
	_Atomic uint64_t failed; // transactions; thread: w, loop: r
};

static void queue_init(struct queue *q)
{
	*q = (struct queue){.end = &q->first};
}

static void operation_free(struct operation *o)
{
	for (int i = 0; i < STORE_TEXTS_MAX; i++)
		free(o->texts[i]);
	free(o);
}

static int operation_run(struct store_writer *w, const struct operation *o)
{
	sqlite3_stmt *p = w->prepared[o->statement];
	const struct store_statements *s = w->statements;

	for (int i = 0; i < s->numbers; i++)
		sqlite3_bind_int64(p, i + 1, o->numbers[i]); // no effect without such a parameter
	for (int i = 0; i < s->texts; i++) {
		if (o->texts[i])
			sqlite3_bind_text(p, s->numbers + 1 + i, o->texts[i], -1, SQLITE_STATIC);
	}
	int ret = sqlite3_step(p);
	sqlite3_reset(p);
	sqlite3_clear_bindings(p);
	return ret == SQLITE_DONE ? 0 : -EIO;
}

static int transaction_run(struct store_writer *w, const struct queue *batch)
{
	if (sqlite3_exec(w->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return -EIO;
	for (const struct operation *o = batch->first; o; o = o->next) {
		if (operation_run(w, o) < 0)
			goto rollback;
	}
	if (sqlite3_exec(w->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
		return 0;

rollback:
	sqlite3_exec(w->db, "ROLLBACK", NULL, NULL, NULL);
	return -EIO;
}

// Waits until the next try. False if the process is ending.
static bool retry_wait(struct store_writer *w)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += RETRY_S;
	pthread_mutex_lock(&w->lock);
	int ret = 0;
	while (!w->closing && ret != ETIMEDOUT)
		ret = pthread_cond_timedwait(&w->changed, &w->lock, &end);
	bool closing = w->closing;
	pthread_mutex_unlock(&w->lock);
	return !closing;
}

static void batch_write(struct store_writer *w, struct queue *batch)
{
	bool failed = false, ended = false;

	while (!ended && transaction_run(w, batch) < 0) {
		if (!failed)
			am_error(
			        "%s: cannot write, trying again; error=%s", w->statements->name,
			        sqlite3_errmsg(w->db)
			);
		failed = true;
		w->failed++;
		ended = !retry_wait(w);
	}
	if (ended)
		am_error(
		        "%s: giving up, since the process is exiting; lost=%u", w->statements->name,
		        batch->count
		);
	while (batch->first) {
		struct operation *o = batch->first;
		batch->first = o->next;
		if (!ended)
			w->written = o->number;
		operation_free(o);
	}
}

static void *write_all(void *arg)
{
	struct store_writer *w = arg;

	pthread_mutex_lock(&w->lock);
	while (w->queue.first || !w->closing) {
		if (!w->queue.first) {
			pthread_cond_wait(&w->changed, &w->lock);
			continue;
		}
		struct queue batch = {.first = w->queue.first, .count = w->queue.count};
		uint64_t lost = w->lost - w->lost_told;
		queue_init(&w->queue);
		w->lost_told = w->lost;
		pthread_mutex_unlock(&w->lock);
		if (lost)
			am_error(
			        "%s: queue was full; lost=%llu", w->statements->name,
			        (unsigned long long)lost
			);
		batch_write(w, &batch);
		pthread_mutex_lock(&w->lock);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static void statements_finalize(struct store_writer *w)
{
	for (int i = 0; i < w->statements->count; i++)
		sqlite3_finalize(w->prepared[i]);
	free(w->prepared);
}

struct store_writer *store_writer_start(sqlite3 *db, const struct store_statements *statements)
{
	struct store_writer *w = memory_new(1, sizeof(*w));

	w->db = db;
	w->statements = statements;
	w->prepared = memory_new((size_t)statements->count, sizeof(sqlite3_stmt *));
	queue_init(&w->queue);
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&w->changed, &monotonic);
	for (int i = 0; i < statements->count; i++) {
		if (sqlite3_prepare_v2(db, statements->sql[i], -1, &w->prepared[i], NULL) !=
		    SQLITE_OK) {
			am_error(
			        "%s: the file is from another version; error=%s", statements->name,
			        sqlite3_errmsg(db)
			);
			goto free;
		}
	}
	int ret = pthread_create(&w->thread, NULL, write_all, w);
	if (ret == 0)
		return w;
	am_error("%s: cannot start a thread to write; error=%s", statements->name, strerror(ret));

free:
	statements_finalize(w);
	free(w);
	return NULL;
}

void store_writer_stop(struct store_writer *w)
{
	pthread_mutex_lock(&w->lock);
	w->closing = true;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	statements_finalize(w);
	free(w);
}

uint64_t store_write(
        struct store_writer *w, int statement, const int64_t numbers[], const char *const texts[]
)
{
	struct operation *o = memory_new(1, sizeof(*o));

	o->statement = statement;
	memcpy(o->numbers, numbers, (size_t)w->statements->numbers * sizeof(numbers[0]));
	for (int i = 0; texts && i < w->statements->texts; i++)
		o->texts[i] = texts[i] ? memory_copy_string(texts[i]) : NULL;

	pthread_mutex_lock(&w->lock);
	bool full = w->queue.count == STORE_WRITER_QUEUE_MAX;
	uint64_t number = full ? 0 : ++w->count;
	if (full) {
		w->lost++;
	} else {
		o->number = number;
		*w->queue.end = o;
		w->queue.end = &o->next;
		w->queue.count++;
		pthread_cond_signal(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
	if (full)
		operation_free(o);
	return number;
}

uint64_t store_written(const struct store_writer *w)
{
	return w->written;
}

void store_writer_count(struct store_writer *w, struct store_counts *counts)
{
	pthread_mutex_lock(&w->lock);
	*counts = (struct store_counts
	){.failed = w->failed, .lost = w->lost, .waiting = w->count - w->written};
	pthread_mutex_unlock(&w->lock);
}

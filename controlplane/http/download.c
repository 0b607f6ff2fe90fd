#include "http/download.h"

#include "base/map.h"
#include "base/memory.h"
#include "base/workers.h"
#include "http/response.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK 32768 // bytes that the library takes at once

struct http_download {
	struct work work;
	struct http_downloads *downloads;
	LIST_ENTRY(http_download) next;
	struct MHD_Connection *connection;
	void (*ended)(void *owner);
	void *owner;
	bool reading; // the members below are the thread's
	bool suspended; // the connection, by us
	bool over; // the library needs it no more
	int fd;
	uint64_t at; // what is read next
	uint64_t left; // bytes that are not read yet
	char *buffer;
	size_t len, taken; // bytes in the buffer
	bool failed;
};

void http_downloads_init(struct http_downloads *ds, struct loop *l, bool *turn_due)
{
	*ds = (struct http_downloads){.loop = l, .turn_due = turn_due};
	LIST_INIT(&ds->all);
}

static void resume(struct http_download *d)
{
	if (!d->suspended)
		return;
	d->suspended = false;
	*d->downloads->turn_due = true;
	MHD_resume_connection(d->connection);
}

void http_downloads_end(struct http_downloads *ds)
{
	struct http_download *d;

	ds->ending = true;
	LIST_FOREACH (d, &ds->all, next)
		resume(d);
}

void http_downloads_fini(struct http_downloads *ds)
{
	if (ds->workers)
		workers_stop(ds->workers);
}

static void download_destroy(struct http_download *d)
{
	LIST_REMOVE(d, next);
	close(d->fd);
	free(d->buffer);
	free(d);
}

// In a thread.
static void fill(struct work *w)
{
	struct http_download *d = container_of(w, struct http_download, work);
	size_t want = d->left < HTTP_DOWNLOAD_BUFFER ? (size_t)d->left : HTTP_DOWNLOAD_BUFFER;
	ssize_t n = pread(d->fd, d->buffer, want, (off_t)d->at);

	if (n <= 0) { // a file that has become shorter, or an error: the length was promised
		d->failed = true;
		return;
	}
	d->len = (size_t)n;
	d->taken = 0;
	d->at += (uint64_t)n;
	d->left -= (uint64_t)n;
}

static void filled(struct work *w)
{
	struct http_download *d = container_of(w, struct http_download, work);

	d->reading = false;
	d->failed |= !w->has_run;
	if (d->over)
		download_destroy(d);
	else
		resume(d);
}

// Starts to read, unless there is nothing to wait for. False if the download has failed.
static bool fill_begin(struct http_download *d)
{
	if (d->downloads->ending || d->failed || d->reading || d->left == 0)
		return false;
	if (!d->buffer)
		d->buffer = memory_try_grow(NULL, HTTP_DOWNLOAD_BUFFER, 1);
	if (!d->buffer)
		return false;
	d->reading = true;
	d->suspended = true;
	MHD_suspend_connection(d->connection);
	workers_add(d->downloads->workers, &d->work);
	return true;
}

// The library's MHD_ContentReaderCallback.
static ssize_t take(void *owner, uint64_t, char *out, size_t max)
{
	struct http_download *d = owner;

	if (d->reading || d->taken == d->len)
		return fill_begin(d) ? 0 : MHD_CONTENT_READER_END_WITH_ERROR;
	size_t n = d->len - d->taken < max ? d->len - d->taken : max;
	memcpy(out, d->buffer + d->taken, n);
	d->taken += n;
	return (ssize_t)n;
}

static void release(void *owner)
{
	struct http_download *d = owner;

	d->over = true;
	d->suspended = false;
	if (d->ended)
		d->ended(d->owner);
	if (!d->reading)
		download_destroy(d);
}

struct MHD_Response *http_download_create(
        struct http_downloads *ds, struct MHD_Connection *connection, const struct http_response *r
)
{
	if (!ds->workers)
		ds->workers = workers_start(ds->loop, "http", HTTP_READERS);
	if (!ds->workers)
		return NULL;
	struct http_download *d = memory_new(1, sizeof(*d));
	*d = (struct http_download){
	        .work = {.run = fill, .done = filled},
	        .downloads = ds,
	        .connection = connection,
	        .ended = r->ended,
	        .owner = r->owner,
	        .fd = r->file,
	        .at = r->file_from,
	        .left = r->file_size,
	};
	struct MHD_Response *m =
	        MHD_create_response_from_callback(r->file_size, BLOCK, take, d, release);
	if (!m) {
		free(d);
		return NULL;
	}
	LIST_INSERT_HEAD(&ds->all, d, next);
	return m;
}

#include "archive/archive.h"

#include "archive/composer.h"
#include "archive/inquiry.h"
#include "archive/tree.h"
#include "base/json.h"
#include "base/map.h"
#include "base/memory.h"
#include "store/recording_json.h"
#include "terms/kinds.h"

#include "am_log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct archive {
	const char *directory;
	struct inquiries inquiries;
	struct composer *composer;
};

struct archive *archive_create(const struct archive_settings *settings)
{
	struct workers *workers = workers_start(settings->loop, "archive", ARCHIVE_THREADS);
	if (!workers)
		return NULL;
	struct archive *a = memory_new(1, sizeof(*a));

	a->directory = settings->directory;
	a->inquiries = (struct inquiries){.history = settings->history, .workers = workers};
	LIST_INIT(&a->inquiries.asked);
	a->composer = composer_create(&(struct composer_settings){
	        .loop = settings->loop,
	        .inquiries = &a->inquiries,
	        .directory = settings->directory,
	        .free_min_mib = settings->free_min_mib,
	        .program = settings->composer_program,
	        .is_busy = settings->is_busy,
	        .composed = settings->composed,
	        .owner = settings->owner,
	});
	return a;
}

void archive_destroy(struct archive *a)
{
	composer_end(a->composer);
	inquiries_end(&a->inquiries);
	composer_destroy(a->composer);
	free(a);
}

struct composer *archive_composer(const struct archive *a)
{
	return a->composer;
}

// The error for the owner: a disk has more of them than a caller could tell apart.
static int error_of(int result)
{
	return result == -ENOENT || result == -ENODATA || result == -EBUSY || result == -EAGAIN ||
	                       result == -ECANCELED || result >= 0
	               ? result
	               : -EIO;
}

// A list.

struct listing {
	struct inquiry inquiry;
	archive_listed *done;
	void *owner;
	struct archive_list list;
	struct json *files; // of the last recording
};

static void listing_recording(struct history_recordings *q, const struct recording_row *r)
{
	struct listing *l = container_of(q, struct listing, inquiry.query);
	struct json *j = recording_json(r);

	l->files = json_new_array();
	json_add(j, "files", l->files);
	json_push(l->list.recordings, j);
	l->list.count++;
	l->list.last = r->id;
	l->list.last_ms = r->at_ms;
}

static void listing_file(struct history_recordings *q, const struct recording_file_row *f)
{
	struct listing *l = container_of(q, struct listing, inquiry.query);

	json_push(l->files, recording_file_json(f));
}

// The history has said it all.
static int no_work(struct inquiry *)
{
	return 1;
}

static void listing_end(struct inquiry *i, int result)
{
	struct listing *l = container_of(i, struct listing, inquiry);

	l->done(l->owner, error_of(result), result < 0 ? NULL : &l->list);
	if (result >= 0)
		l->list.recordings = NULL;
}

static void listing_destroy(struct inquiry *i)
{
	struct listing *l = container_of(i, struct listing, inquiry);

	json_free(l->list.recordings);
	free(l);
}

static const struct inquiry_kind listing_kind = {
        .next = no_work,
        .end = listing_end,
        .destroy = listing_destroy,
};

void archive_list(
        struct archive *a, const struct archive_query *query, archive_listed *done, void *owner
)
{
	struct listing *l = memory_new(1, sizeof(*l));

	*l = (struct listing){
	        .inquiry =
	                {
	                        .kind = &listing_kind,
	                        .query =
	                                {
	                                        .account_id = query->account_id,
	                                        .id = query->id,
	                                        .from_ms = query->from_ms,
	                                        .to_ms = query->to_ms,
	                                        .after_ms = query->after_ms,
	                                        .after = query->after,
	                                        .limit = query->limit,
	                                        .recording = listing_recording,
	                                        .file = listing_file,
	                                },
	                },
	        .done = done,
	        .owner = owner,
	        .list.recordings = json_new_array(),
	};
	if (query->room)
		snprintf(l->inquiry.query.room, ROOM_NAME_MAX + 1, "%s", query->room);
	inquiry_ask(&l->inquiry, &a->inquiries);
}

// A file.

struct opening {
	struct inquiry inquiry;
	const struct archive *archive;
	archive_opened *done;
	void *owner;
	bool found, listed; // the recording, the file
	struct archive_file file;
	char name[ARCHIVE_NAME_MAX + 1];
	char path[TREE_DIRECTORY_MAX + 1 + ARCHIVE_NAME_MAX + 1];
	char room[ROOM_NAME_MAX + 1], display_name[PEER_NAME_SIZE];
};

static void opening_recording(struct history_recordings *q, const struct recording_row *r)
{
	struct opening *o = container_of(q, struct opening, inquiry.query);

	o->found = true;
	o->file.complete = r->state == RECORDING_READY || r->state == RECORDING_FAILED;
	o->file.started_ms = r->started_ms;
	snprintf(o->path, sizeof(o->path), "%.*s/%s", TREE_DIRECTORY_MAX, r->directory, o->name);
	snprintf(o->room, sizeof(o->room), "%s", r->room);
}

static void opening_file(struct history_recordings *q, const struct recording_file_row *f)
{
	struct opening *o = container_of(q, struct opening, inquiry.query);

	if (strcmp(f->name, o->name) != 0)
		return;
	o->listed = true;
	snprintf(o->display_name, sizeof(o->display_name), "%s", f->display_name);
}

static int opening_next(struct inquiry *i)
{
	const struct opening *o = container_of(i, struct opening, inquiry);

	return !o->found ? -ENOENT : !o->listed ? -ENODATA : 0;
}

static int opening_work(struct inquiry *i)
{
	struct opening *o = container_of(i, struct opening, inquiry);
	struct stat st;

	int fd = tree_open(o->archive->directory, o->path);
	if (fd == -EINVAL || fd == -ELOOP || fd == -ENOTDIR || fd == -ENOENT)
		return -ENODATA;
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0) {
		close(fd);
		return -EIO;
	}
	o->file.fd = fd;
	o->file.size = (uint64_t)st.st_size;
	o->file.inode = st.st_ino;
	o->file.changed_ns = st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec;
	return 0;
}

static void opening_end(struct inquiry *i, int result)
{
	struct opening *o = container_of(i, struct opening, inquiry);

	o->file.name = o->name;
	o->file.room = o->room;
	o->file.display_name = o->display_name;
	if (error_of(result) == -EIO)
		am_error(
		        "archive: cannot open a file; path=%s error=%s", am_log_value(o->path),
		        strerror(-result)
		);
	o->done(o->owner, error_of(result), result < 0 ? NULL : &o->file);
}

static void opening_destroy(struct inquiry *i)
{
	free(container_of(i, struct opening, inquiry));
}

static const struct inquiry_kind opening_kind = {
        .next = opening_next,
        .work = opening_work,
        .end = opening_end,
        .destroy = opening_destroy,
};

void archive_open(
        struct archive *a, uint64_t account_id, uint64_t id, const char *name, archive_opened *done,
        void *owner
)
{
	struct opening *o = memory_new(1, sizeof(*o));

	*o = (struct opening){
	        .archive = a,
	        .inquiry =
	                {
	                        .kind = &opening_kind,
	                        .query =
	                                {
	                                        .account_id = account_id,
	                                        .id = id,
	                                        .limit = 1,
	                                        .recording = opening_recording,
	                                        .file = opening_file,
	                                },
	                },
	        .done = done,
	        .owner = owner,
	};
	snprintf(o->name, sizeof(o->name), "%s", strlen(name) > ARCHIVE_NAME_MAX ? "" : name);
	inquiry_ask(&o->inquiry, &a->inquiries);
}

// A removal.

struct removal {
	struct inquiry inquiry;
	const struct archive *archive;
	archive_removed *done;
	void *owner;
	bool found, finished;
	char directory[TREE_DIRECTORY_MAX + 1];
};

static void removal_recording(struct history_recordings *q, const struct recording_row *r)
{
	struct removal *v = container_of(q, struct removal, inquiry.query);

	v->found = true;
	v->finished = r->state == RECORDING_READY || r->state == RECORDING_FAILED;
	snprintf(v->directory, sizeof(v->directory), "%s", r->directory);
}

static int removal_next(struct inquiry *i)
{
	const struct removal *v = container_of(i, struct removal, inquiry);

	return !v->found ? -ENOENT : !v->finished ? -EBUSY : 0;
}

static int removal_work(struct inquiry *i)
{
	const struct removal *v = container_of(i, struct removal, inquiry);

	// One that never started may have no directory.
	return v->directory[0] ? tree_remove(v->archive->directory, v->directory) : 0;
}

// The rows go last, so that a crash leaves no files that nobody knows of.
static void removal_end(struct inquiry *i, int result)
{
	struct removal *v = container_of(i, struct removal, inquiry);

	if (result == 0) {
		history_recording_remove(i->all->history, i->query.id);
		composer_forget(v->archive->composer, i->query.id);
	}
	if (error_of(result) == -EIO)
		am_error(
		        "archive: cannot remove a recording; directory=%s error=%s",
		        am_log_value(v->directory), strerror(-result)
		);
	v->done(v->owner, error_of(result));
}

static void removal_destroy(struct inquiry *i)
{
	free(container_of(i, struct removal, inquiry));
}

static const struct inquiry_kind removal_kind = {
        .next = removal_next,
        .work = removal_work,
        .end = removal_end,
        .destroy = removal_destroy,
};

void archive_remove(
        struct archive *a, uint64_t account_id, uint64_t id, archive_removed *done, void *owner
)
{
	struct removal *v = memory_new(1, sizeof(*v));

	*v = (struct removal){
	        .archive = a,
	        .inquiry =
	                {
	                        .kind = &removal_kind,
	                        .query =
	                                {
	                                        .account_id = account_id,
	                                        .id = id,
	                                        .limit = 1,
	                                        .recording = removal_recording,
	                                },
	                },
	        .done = done,
	        .owner = owner,
	};
	inquiry_ask(&v->inquiry, &a->inquiries);
}

// Those that are too old.

struct expired {
	struct inquiry inquiry;
	archive_expired_found *done;
	void *owner;
	uint32_t count;
	uint64_t ids[ARCHIVE_EXPIRED_MAX];
};

static void expired_recording(struct history_recordings *q, const struct recording_row *r)
{
	struct expired *e = container_of(q, struct expired, inquiry.query);

	if (e->count < ARCHIVE_EXPIRED_MAX)
		e->ids[e->count++] = r->id;
}

static void expired_end(struct inquiry *i, int result)
{
	const struct expired *e = container_of(i, struct expired, inquiry);

	e->done(e->owner, error_of(result), e->ids, result < 0 ? 0 : e->count);
}

static void expired_destroy(struct inquiry *i)
{
	free(container_of(i, struct expired, inquiry));
}

static const struct inquiry_kind expired_kind = {
        .next = no_work,
        .end = expired_end,
        .destroy = expired_destroy,
};

void archive_find_expired(
        struct archive *a, uint64_t account_id, int64_t before_ms, archive_expired_found *done,
        void *owner
)
{
	struct expired *e = memory_new(1, sizeof(*e));

	*e = (struct expired){
	        .inquiry =
	                {
	                        .kind = &expired_kind,
	                        .query =
	                                {
	                                        .account_id = account_id,
	                                        .to_ms = before_ms,
	                                        .finished = true,
	                                        .oldest_first = true,
	                                        .limit = ARCHIVE_EXPIRED_MAX,
	                                        .recording = expired_recording,
	                                },
	                },
	        .done = done,
	        .owner = owner,
	};
	inquiry_ask(&e->inquiry, &a->inquiries);
}

#include "recorder/disk.h"

#include "recorder/disk_path.h"

#include "am_clock.h"
#include "am_log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define DESTROY_S 5
#define FREE_S    1 // between two looks at the free space

enum job_kind {
	JOB_WRITE,
	JOB_SYNC,
	JOB_RENAME,
	JOB_CUT,
	JOB_CLOSE, // the last one of its file
};

struct job {
	struct job *next;
	struct disk_file *file;
	enum job_kind kind;
	uint8_t count; // of pieces
	size_t cost; // bytes of the queue
	int64_t since_us;
	uint64_t size; // to cut at
	bool replace; // what has the new path
	struct disk_piece pieces[DISK_PIECES_MAX]; // their bytes follow the job
	char path[]; // or the new path
};

struct disk {
	int directory;
	pthread_t thread;
	pthread_mutex_t lock; // guards the members below, and those of files that say so
	pthread_cond_t changed;
	struct job *first, **end; // the first one stays until it is done
	size_t waiting; // bytes
	uint64_t free;
	bool closing;
	bool abandoned; // the owner has gone: the thread frees what is left
	bool stopped; // the thread has nothing left to do
};

struct disk_file {
	struct disk *disk;
	int fd; // -1: begun, but not created yet; thread
	char path[DISK_PATH_MAX]; // thread
	uint64_t end; // of what is in the file; thread, or the owner while nothing waits
	uint64_t allocated; // bytes from the file's beginning; thread
	uint64_t full; // the disk was full; not tried again before the file has this size; thread
	bool can_allocate; // thread
	bool moved; // its new name is not on disk yet; thread
	bool nameless; // did not get its name because of an error; thread
	uint64_t size; // with what waits; owner
	struct job sync, close;
	bool discard; // owner: w before the close is queued, thread: r

	// Guarded by the disk's lock.
	uint64_t written;
	uint32_t jobs;
	bool syncing, renamed;
	int error;
};

static int64_t now_us(void)
{
	return (int64_t)(am_clock_ns() / 1000);
}

// --- the thread ---

// A file that was begun: now that there is something to write.
static int file_create(struct disk_file *f)
{
	struct stat st;
	int fd = disk_path_open(f->disk->directory, f->path, O_CREAT | O_TRUNC);
	if (fd < 0)
		return fd;
	int ret = fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -EINVAL;
	if (ret < 0)
		close(fd);
	else
		f->fd = fd;
	return ret;
}

// Allocates behind the end, so that blocks are there before others take them. The size stays: a
// reader sees no zeros.
static void allocate(struct disk_file *f, uint64_t end)
{
	uint64_t ahead = end < DISK_AHEAD_MIN ? DISK_AHEAD_MIN : end;
	if (ahead > DISK_AHEAD_MAX)
		ahead = DISK_AHEAD_MAX;
	if (!f->can_allocate || end < f->full || end + ahead / 2 <= f->allocated)
		return;

	uint64_t from = f->allocated > f->end ? f->allocated : f->end;
	uint64_t len = end + ahead - from;
	if (fallocate(f->fd, FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)len) == 0)
		f->allocated = from + len;
	else if (errno == ENOSPC)
		f->full = end + DISK_AHEAD_MIN;
	else if (errno != EINTR)
		f->can_allocate = false;
}

static int write_piece(struct disk_file *f, const struct disk_piece *p)
{
	const uint8_t *bytes = p->bytes;
	uint64_t end = p->offset + p->len;
	int ret = 0;

	if (end > f->end)
		allocate(f, end);
	for (size_t done = 0; done < p->len;) {
		ssize_t n = pwrite(f->fd, bytes + done, p->len - done, (off_t)(p->offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			ret = n < 0 ? -errno : -EIO;
			break;
		}
		done += (size_t)n;
	}
	if (ret == 0 && end > f->end)
		f->end = end;
	// Half a cluster at the end would be a defect of the file.
	if (ret < 0 && end > f->end && ftruncate(f->fd, (off_t)f->end) < 0)
		am_warning("disk: a failed write stays in part; path=%s", am_log_value(f->path));
	return ret;
}

static int job_write(struct disk_file *f, const struct job *j, uint64_t *written)
{
	for (uint8_t i = 0; i < j->count; i++) {
		int ret = write_piece(f, &j->pieces[i]);
		if (ret < 0)
			return ret;
		*written += j->pieces[i].len;
	}
	return 0;
}

static int sync_folder(struct disk_file *f)
{
	const char *name;
	int folder = disk_path_folder(f->disk->directory, f->path, false, &name);
	if (folder < 0)
		return folder;
	int ret = fsync(folder) < 0 ? -errno : 0;
	close(folder);
	return ret;
}

static int job_sync(struct disk_file *f)
{
	if (fdatasync(f->fd) < 0)
		return -errno;
	if (!f->moved)
		return 0;
	f->moved = false;
	return sync_folder(f);
}

static int job_cut(struct disk_file *f, uint64_t size)
{
	if (size >= f->end)
		return 0;
	if (ftruncate(f->fd, (off_t)size) < 0)
		return -errno;
	f->end = size;
	if (f->allocated > size)
		f->allocated = size;
	return 0;
}

static int job_rename(struct disk_file *f, const char *path, bool replace)
{
	const char *from, *to;
	int directory = f->disk->directory, ret = 0;

	// Only we write here, so nothing gets that name in between.
	if (!replace && disk_exists(f->disk, path)) {
		f->nameless = true;
		return -EEXIST;
	}
	int old = disk_path_folder(directory, f->path, false, &from);
	if (old < 0)
		return old;
	int new = disk_path_folder(directory, path, true, &to);
	if (new < 0) {
		close(old);
		return new;
	}
	if (renameat(old, from, new, to) < 0)
		ret = -errno;
	close(old);
	close(new);
	if (ret == 0) {
		memcpy(f->path, path, strlen(path) + 1);
		f->moved = true;
	}
	return ret;
}

static int job_close(struct disk_file *f)
{
	int ret = 0;

	if (f->discard || f->nameless)
		disk_path_remove(f->disk->directory, f->path);
	else if (f->fd >= 0 && ftruncate(f->fd, (off_t)f->end) < 0) // frees the blocks behind
		ret = -errno;
	if (f->fd >= 0 && close(f->fd) < 0 && ret == 0)
		ret = -errno;
	if (ret < 0)
		am_warning(
		        "disk: cannot close a file; path=%s error=%s", am_log_value(f->path),
		        strerror(-ret)
		);
	return ret;
}

static int job_run(struct job *j, bool failed, uint64_t *written)
{
	int ret = 0;

	if (j->kind == JOB_CLOSE)
		return job_close(j->file);
	if (failed) { // what follows would refer to what is missing
		j->file->nameless |= j->kind == JOB_RENAME;
		return 0;
	}
	if (j->file->fd < 0)
		ret = file_create(j->file);
	if (ret < 0) {
		j->file->nameless |= j->kind == JOB_RENAME;
		return ret;
	}
	switch (j->kind) {
	case JOB_WRITE: return job_write(j->file, j, written);
	case JOB_SYNC: return job_sync(j->file);
	case JOB_CUT: return job_cut(j->file, j->size);
	default: return job_rename(j->file, j->path, j->replace);
	}
}

// Called with the lock. j is done; its file may be freed.
static void job_done(struct disk *d, struct job *j, int ret, uint64_t written)
{
	struct disk_file *f = j->file;

	d->first = j->next;
	if (d->first == NULL)
		d->end = &d->first;
	d->waiting -= j->cost;
	if (j->kind == JOB_CLOSE) {
		free(f);
		return;
	}
	f->jobs--;
	f->written += written;
	if (ret < 0) { // the first one: nothing is done behind it
		f->error = ret;
		am_error(
		        "disk: cannot write a file; path=%s error=%s", am_log_value(f->path),
		        strerror(-ret)
		);
	}
	if (j->kind == JOB_SYNC) {
		f->syncing = false;
		return;
	}
	if (j->kind == JOB_RENAME && ret == 0 && f->error == 0)
		f->renamed = true;
	free(j);
}

static uint64_t look_free(const struct disk *d)
{
	struct statvfs v;
	return fstatvfs(d->directory, &v) == 0 ? (uint64_t)v.f_bavail * v.f_frsize : 0;
}

// Called with the lock: waits for a job, a second at most.
static void wait_job(struct disk *d)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += FREE_S;
	if (d->first == NULL && !d->closing)
		pthread_cond_timedwait(&d->changed, &d->lock, &until);
}

static void disk_free_all(struct disk *d)
{
	pthread_cond_destroy(&d->changed);
	pthread_mutex_destroy(&d->lock);
	close(d->directory);
	free(d);
}

static void *thread_main(void *arg)
{
	struct disk *d = arg;
	int64_t looked_us = 0;

	pthread_mutex_lock(&d->lock);
	while (d->first != NULL || !d->closing) {
		wait_job(d);
		struct job *j = d->first;
		bool failed = j != NULL && j->file->error < 0;
		uint64_t written = 0, available = d->free;
		int ret = 0;

		pthread_mutex_unlock(&d->lock);
		if (j != NULL)
			ret = job_run(j, failed, &written);
		if (now_us() - looked_us >= FREE_S * 1000000) {
			looked_us = now_us();
			available = look_free(d);
		}
		pthread_mutex_lock(&d->lock);
		d->free = available;
		if (j != NULL)
			job_done(d, j, ret, written);
	}
	d->stopped = true;
	bool abandoned = d->abandoned;
	pthread_cond_broadcast(&d->changed);
	pthread_mutex_unlock(&d->lock);
	if (abandoned)
		disk_free_all(d);
	return NULL;
}

// --- the disk ---

static int start(struct disk *d)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->changed, &attr);
	pthread_condattr_destroy(&attr);
	d->end = &d->first;
	d->free = look_free(d);
	return -pthread_create(&d->thread, NULL, thread_main, d);
}

struct disk *disk_create(const char *directory)
{
	struct disk *d = calloc(1, sizeof(*d));
	if (d == NULL)
		return NULL;
	d->directory = open(directory, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (d->directory < 0) {
		free(d);
		return NULL;
	}
	int ret = start(d);
	if (ret < 0) {
		disk_free_all(d);
		errno = -ret;
		return NULL;
	}
	return d;
}

void disk_destroy(struct disk *d)
{
	struct timespec until;
	pthread_t thread = d->thread;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += DESTROY_S;
	pthread_mutex_lock(&d->lock);
	d->closing = true;
	pthread_cond_broadcast(&d->changed);
	while (!d->stopped && pthread_cond_timedwait(&d->changed, &d->lock, &until) == 0)
		;
	bool stopped = d->stopped;
	d->abandoned = !stopped;
	size_t waiting = d->waiting;
	pthread_mutex_unlock(&d->lock);
	if (stopped) {
		pthread_join(thread, NULL);
		disk_free_all(d);
		return;
	}
	am_error("disk: did not finish in time; waiting=%zu", waiting);
	pthread_detach(thread);
}

uint64_t disk_free(const struct disk *disk)
{
	struct disk *d = (struct disk *)disk;

	pthread_mutex_lock(&d->lock);
	uint64_t available = d->free;
	pthread_mutex_unlock(&d->lock);
	return available;
}

size_t disk_waiting(const struct disk *disk)
{
	struct disk *d = (struct disk *)disk;

	pthread_mutex_lock(&d->lock);
	size_t waiting = d->waiting;
	pthread_mutex_unlock(&d->lock);
	return waiting;
}

int64_t disk_oldest_us(const struct disk *disk)
{
	struct disk *d = (struct disk *)disk;

	pthread_mutex_lock(&d->lock);
	int64_t since_us = d->first != NULL ? d->first->since_us : 0;
	pthread_mutex_unlock(&d->lock);
	return since_us;
}

bool disk_exists(const struct disk *d, const char *path)
{
	return disk_path_exists(d->directory, path);
}

// --- files ---

static struct disk_file *file_open(struct disk *d, const char *path, int flags)
{
	struct stat st;
	int fd = disk_path_open(d->directory, path, flags);
	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	int error = fstat(fd, &st) < 0 ? errno : !S_ISREG(st.st_mode) ? EINVAL : 0;
	struct disk_file *f = error == 0 ? calloc(1, sizeof(*f)) : NULL;
	if (f == NULL) {
		close(fd);
		errno = error != 0 ? error : ENOMEM;
		return NULL;
	}
	f->disk = d;
	f->fd = fd;
	f->can_allocate = true;
	f->size = f->end = (uint64_t)st.st_size;
	memcpy(f->path, path, strlen(path) + 1);
	return f;
}

struct disk_file *disk_open(struct disk *d, const char *path)
{
	return file_open(d, path, O_CREAT);
}

struct disk_file *disk_begin(struct disk *d, const char *path)
{
	int ret = disk_path_check(path);
	struct disk_file *f = ret == 0 ? calloc(1, sizeof(*f)) : NULL;
	if (f == NULL) {
		errno = ret < 0 ? -ret : ENOMEM;
		return NULL;
	}
	f->disk = d;
	f->fd = -1;
	f->can_allocate = true;
	memcpy(f->path, path, strlen(path) + 1);
	return f;
}

struct disk_file *disk_open_existing(struct disk *d, const char *path)
{
	return file_open(d, path, 0);
}

// Called with the lock.
static void queue_job(struct disk_file *f, struct job *j, enum job_kind kind)
{
	struct disk *d = f->disk;

	j->next = NULL;
	j->file = f;
	j->kind = kind;
	j->since_us = now_us();
	*d->end = j;
	d->end = &j->next;
	d->waiting += j->cost;
	f->jobs++;
	pthread_cond_broadcast(&d->changed);
}

void disk_close(struct disk_file *f)
{
	struct disk *d = f->disk;

	pthread_mutex_lock(&d->lock);
	queue_job(f, &f->close, JOB_CLOSE);
	pthread_mutex_unlock(&d->lock);
}

void disk_discard(struct disk_file *f)
{
	f->discard = true;
	disk_close(f);
}

void disk_remove(struct disk *d, const char *path)
{
	struct disk_file *f = disk_begin(d, path);

	if (f != NULL)
		disk_discard(f);
}

int disk_write(struct disk_file *f, uint64_t offset, const void *bytes, size_t len)
{
	return disk_write_pieces(f, &(struct disk_piece){offset, bytes, len}, 1);
}

static struct job *copy_pieces(const struct disk_piece *pieces, uint8_t count, size_t cost)
{
	struct job *j = malloc(cost);
	if (j == NULL)
		return NULL;
	uint8_t *to = (uint8_t *)(j + 1);
	for (uint8_t i = 0; i < count; i++) {
		memcpy(to, pieces[i].bytes, pieces[i].len);
		j->pieces[i] = (struct disk_piece){pieces[i].offset, to, pieces[i].len};
		to += pieces[i].len;
	}
	j->count = count;
	j->cost = cost;
	return j;
}

int disk_write_pieces(struct disk_file *f, const struct disk_piece *pieces, uint8_t count)
{
	struct disk *d = f->disk;
	size_t cost = sizeof(struct job);
	uint64_t end = f->size;

	if (count > DISK_PIECES_MAX)
		return -EINVAL;
	for (uint8_t i = 0; i < count; i++) {
		cost += pieces[i].len;
		if (pieces[i].offset + pieces[i].len > end)
			end = pieces[i].offset + pieces[i].len;
	}
	// Only this thread adds, so what fits now still fits below.
	if (disk_error(f) < 0)
		return disk_error(f);
	if (disk_waiting(d) + cost > DISK_QUEUE_MAX)
		return -EAGAIN;
	struct job *j = copy_pieces(pieces, count, cost);
	if (j == NULL)
		return -ENOMEM;

	f->size = end;
	pthread_mutex_lock(&d->lock);
	queue_job(f, j, JOB_WRITE);
	pthread_mutex_unlock(&d->lock);
	return 0;
}

void disk_sync(struct disk_file *f)
{
	pthread_mutex_lock(&f->disk->lock);
	if (!f->syncing) {
		f->syncing = true;
		queue_job(f, &f->sync, JOB_SYNC);
	}
	pthread_mutex_unlock(&f->disk->lock);
}

void disk_rename(struct disk_file *f, const char *path, bool replace)
{
	size_t len = strlen(path) + 1;
	struct job *j = len <= DISK_PATH_MAX ? calloc(1, sizeof(*j) + len) : NULL;

	pthread_mutex_lock(&f->disk->lock);
	if (j != NULL) {
		memcpy(j->path, path, len);
		j->replace = replace;
		queue_job(f, j, JOB_RENAME);
	} else if (f->error == 0) {
		f->error = len <= DISK_PATH_MAX ? -ENOMEM : -ENAMETOOLONG;
	}
	pthread_mutex_unlock(&f->disk->lock);
}

int disk_cut(struct disk_file *f, uint64_t size)
{
	int ret = disk_error(f);
	if (ret < 0)
		return ret;
	struct job *j = calloc(1, sizeof(*j));
	if (j == NULL)
		return -ENOMEM;
	j->size = size;
	f->size = size < f->size ? size : f->size;
	pthread_mutex_lock(&f->disk->lock);
	queue_job(f, j, JOB_CUT);
	pthread_mutex_unlock(&f->disk->lock);
	return 0;
}

ssize_t disk_read(struct disk_file *f, uint64_t offset, void *bytes, size_t len)
{
	size_t done = 0;

	if (!disk_is_idle(f))
		return -EBUSY;
	while (done < len) {
		ssize_t n =
		        pread(f->fd, (uint8_t *)bytes + done, len - done, (off_t)(offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int disk_truncate(struct disk_file *f, uint64_t size)
{
	if (!disk_is_idle(f))
		return -EBUSY;
	if (ftruncate(f->fd, (off_t)size) < 0)
		return -errno;
	f->size = f->end = size;
	if (f->allocated > size)
		f->allocated = size;
	return 0;
}

uint64_t disk_size(const struct disk_file *f)
{
	return f->size;
}

uint64_t disk_written(const struct disk_file *f)
{
	pthread_mutex_lock(&f->disk->lock);
	uint64_t written = f->written;
	pthread_mutex_unlock(&f->disk->lock);
	return written;
}

bool disk_is_idle(const struct disk_file *f)
{
	pthread_mutex_lock(&f->disk->lock);
	bool idle = f->jobs == 0;
	pthread_mutex_unlock(&f->disk->lock);
	return idle;
}

bool disk_is_renamed(const struct disk_file *f)
{
	pthread_mutex_lock(&f->disk->lock);
	bool renamed = f->renamed;
	pthread_mutex_unlock(&f->disk->lock);
	return renamed;
}

int disk_error(const struct disk_file *f)
{
	pthread_mutex_lock(&f->disk->lock);
	int error = f->error;
	pthread_mutex_unlock(&f->disk->lock);
	return error;
}

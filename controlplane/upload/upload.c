#include "upload/upload.h"

#include "base/loop.h"

#include "am_clock.h"
#include "am_log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE   4096
#define FILES_MAX   4096 // of one recording
#define NS_PER_S    1000000000ull
#define FOLDER_SIZE 256
#define LINE_SIZE   8192 // of the journal
#define JOURNAL     ".upload" // its name

struct recording {
	struct recording *next;
	uint64_t id;
	char folder[FOLDER_SIZE];
	// Guarded by the lock:
	bool finished, removed;
	bool told; // done was queued
	int result; // for done
	bool due; // done is to be called
	// The thread's own:
	struct file_upload *files;
	int journal; // descriptor; -1: not open
	uint32_t file_count;
	uint64_t finished_ns; // when the thread first saw that it is finished
	bool complete;
};

struct uploads {
	struct uploads_settings settings;
	struct s3 *s3;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct recording
	        *recordings; // the list is guarded by the lock; its members are not freed by others
	uint32_t count;
	bool closing;
	struct uploads_counts counts;
	struct loop_source woken; // an eventfd
	uint8_t *buffer; // the thread's own
	uint64_t retry_s;
	uint64_t logged_ns;
};

// --- the thread ---

// Files that are still being made have another name, and the recorder's own state is of no use to
// others.
static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);
	return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

static bool is_for_upload(const char *name)
{
	return name[0] != '.' && strcmp(name, "state") != 0 && strcmp(name, "chat.txt") != 0 &&
	       !ends_with(name, ".part") && !ends_with(name, ".new");
}

static bool has_file(const struct recording *r, const char *path)
{
	for (const struct file_upload *f = r->files; f; f = f->next) {
		if (strcmp(f->path, path) == 0)
			return true;
	}
	return false;
}

// What a process before this one has sent of the file.
static void journal_read(const struct recording *r, struct file_upload *f)
{
	char line[LINE_SIZE];
	FILE *journal = r->journal < 0 ? NULL : fdopen(dup(r->journal), "r");

	if (!journal)
		return;
	rewind(journal);
	while (fgets(line, sizeof(line), journal)) {
		size_t len = strlen(line);
		if (len == 0 || line[len - 1] != '\n')
			break; // its writer was cut short
		line[len - 1] = '\0';
		file_upload_recall(f, line);
	}
	fclose(journal);
}

static void file_found(struct uploads *u, struct recording *r, const char *name)
{
	char path[PATH_SIZE], key[PATH_SIZE];

	int n = snprintf(path, sizeof(path), "%s/%s/%s", u->settings.directory, r->folder, name);
	int k = snprintf(key, sizeof(key), "%s%s/%s", u->settings.prefix, r->folder, name);
	if (n >= PATH_SIZE || k >= PATH_SIZE || r->file_count == FILES_MAX || has_file(r, path))
		return;
	struct file_upload *f = file_upload_create(path, key, name, r->journal);
	if (!f)
		return; // the next look tries again
	journal_read(r, f);
	f->next = r->files;
	r->files = f;
	r->file_count++;
}

static void folder_look(struct uploads *u, struct recording *r, const char *below)
{
	char path[PATH_SIZE], name[PATH_SIZE];
	struct dirent *e;

	snprintf(path, sizeof(path), "%s/%s/%s", u->settings.directory, r->folder, below);
	DIR *d = opendir(path);
	while (d && (e = readdir(d))) {
		if (!is_for_upload(e->d_name) ||
		    snprintf(name, sizeof(name), "%s%s%s", below, *below ? "/" : "", e->d_name) >=
		            PATH_SIZE)
			continue;
		struct stat st;
		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISREG(st.st_mode))
			file_found(u, r, name);
		else if (S_ISDIR(st.st_mode) && !*below)
			folder_look(u, r, e->d_name);
	}
	if (d)
		closedir(d);
}

// At most one line a minute: the bucket may be gone for hours.
static void failure_log(struct uploads *u, const struct file_upload *f, int error)
{
	uint64_t now = am_clock_ns();

	if (u->logged_ns && now - u->logged_ns < 60 * NS_PER_S)
		return;
	u->logged_ns = now;
	am_warning(
	        "upload: a file is not in the bucket yet, will try again; file=%s error=%s said=%s",
	        f->path, strerror(-error), am_log_value(s3_error(u->s3))
	);
}

// Whether the recording has been deleted meanwhile.
static bool is_gone(const struct uploads *u, const struct recording *r)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s", u->settings.directory, r->folder);
	return access(path, F_OK) < 0 && errno == ENOENT;
}

static void journal_open(const struct uploads *u, struct recording *r)
{
	char path[PATH_SIZE];

	if (r->journal >= 0)
		return;
	snprintf(path, sizeof(path), "%s/%s/" JOURNAL, u->settings.directory, r->folder);
	r->journal = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

// Sends what there is of one recording. 1: something was sent; 0: nothing to do; -errno: it failed.
static int recording_step(struct uploads *u, struct recording *r, bool finished)
{
	bool all = true;

	if (is_gone(u, r)) {
		pthread_mutex_lock(&u->lock);
		r->removed = true;
		pthread_mutex_unlock(&u->lock);
		return 0;
	}
	journal_open(u, r);
	folder_look(u, r, "");
	for (struct file_upload *f = r->files; f; f = f->next) {
		uint64_t sent = 0;
		int ret = file_upload_step(f, u->s3, finished, u->buffer, &sent);
		pthread_mutex_lock(&u->lock);
		u->counts.bytes += sent;
		u->counts.failing = ret < 0;
		u->counts.failures += ret < 0;
		pthread_mutex_unlock(&u->lock);
		if (ret < 0) {
			failure_log(u, f, ret);
			return ret;
		}
		if (ret > 0)
			return 1;
		all &= f->done;
	}
	r->complete = finished && all;
	return 0;
}

static void tell(struct uploads *u, struct recording *r, int result)
{
	const uint64_t one = 1;

	pthread_mutex_lock(&u->lock);
	if (!r->told) {
		r->told = r->due = true;
		r->result = result;
		(void)!write(u->woken.fd, &one, sizeof(one));
	}
	pthread_mutex_unlock(&u->lock);
}

static void recording_free(struct recording *r)
{
	struct file_upload *f;

	while ((f = r->files)) {
		r->files = f->next;
		file_upload_destroy(f);
	}
	if (r->journal >= 0)
		close(r->journal);
	free(r);
}

static void recording_abort(struct uploads *u, struct recording *r)
{
	for (struct file_upload *f = r->files; f; f = f->next) {
		if (f->id[0] && !f->done)
			(void
			)s3_abort(u->s3, f->key, f->id); // else the bucket's own rules remove it
	}
}

// Takes removed and completed recordings out of the list. The lock is held; it is released
// meanwhile.
static void sweep(struct uploads *u)
{
	struct recording **at = &u->recordings, *r;

	while ((r = *at)) {
		if (!r->removed && !(r->complete && r->told && !r->due)) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		u->count--;
		bool removed = r->removed;
		pthread_mutex_unlock(&u->lock);
		if (removed)
			recording_abort(u, r);
		recording_free(r);
		pthread_mutex_lock(&u->lock);
		at = &u->recordings; // the list may be another one now
	}
}

// A look at one recording. True if something was sent, so that the next look need not wait.
static bool recording_look(struct uploads *u, struct recording *r, bool finished)
{
	uint64_t now = am_clock_ns();

	if (finished && !r->finished_ns)
		r->finished_ns = now;
	int ret = recording_step(u, r, finished);
	if (ret < 0) {
		u->retry_s = u->retry_s ? 2 * u->retry_s : 1;
		if (u->retry_s > UPLOAD_RETRY_S_MAX)
			u->retry_s = UPLOAD_RETRY_S_MAX;
	} else {
		u->retry_s = 0;
	}
	if (r->complete)
		tell(u, r, 0);
	else if (finished && now - r->finished_ns > UPLOAD_GIVE_UP_S * NS_PER_S)
		tell(u, r, -ETIMEDOUT);
	return ret > 0;
}

static void wait_s(struct uploads *u, uint64_t seconds)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)seconds;
	if (!u->closing)
		pthread_cond_timedwait(&u->changed, &u->lock, &until);
}

static void *uploads_run(void *arg)
{
	struct uploads *u = arg;

	pthread_mutex_lock(&u->lock);
	while (!u->closing) {
		bool sent = false;
		sweep(u);
		// Only this thread takes recordings out, and new ones are put in front.
		for (struct recording *r = u->recordings; r && !u->closing; r = r->next) {
			bool finished = r->finished;
			if (r->removed || r->complete)
				continue;
			pthread_mutex_unlock(&u->lock);
			sent |= recording_look(u, r, finished);
			pthread_mutex_lock(&u->lock);
		}
		if (u->retry_s > 0)
			wait_s(u, u->retry_s);
		else if (!sent)
			wait_s(u, UPLOAD_LOOK_S);
	}
	pthread_mutex_unlock(&u->lock);
	return NULL;
}

// --- the loop's side ---

static struct recording *due_find(struct uploads *u)
{
	struct recording *r = u->recordings;

	while (r && !r->due)
		r = r->next;
	return r;
}

static void on_woken(void *owner, uint32_t)
{
	struct uploads *u = owner;
	struct recording *r;
	uint64_t count;

	(void)!read(u->woken.fd, &count, sizeof(count));
	pthread_mutex_lock(&u->lock);
	while ((r = due_find(u))) {
		uint64_t id = r->id;
		int result = r->result;
		r->due = false; // from now on the thread may free it
		pthread_mutex_unlock(&u->lock);
		u->settings.done(u->settings.owner, id, result);
		pthread_mutex_lock(&u->lock);
	}
	pthread_cond_signal(&u->changed);
	pthread_mutex_unlock(&u->lock);
}

static int locks_init(struct uploads *u)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	int ret = pthread_cond_init(&u->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	return ret ? ret : pthread_mutex_init(&u->lock, NULL);
}

struct uploads *uploads_create(const struct uploads_settings *settings)
{
	struct uploads *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->settings = *settings;
	u->woken.fd = -1;
	u->buffer = malloc(UPLOAD_PART_SIZE);
	u->s3 = s3_create(settings->s3);
	int ret = u->buffer && u->s3 ? locks_init(u) : ENOMEM;
	if (ret)
		goto free_all;
	u->woken = (struct loop_source
	){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = on_woken, .owner = u};
	if (u->woken.fd < 0 || loop_add(settings->loop, &u->woken, EPOLLIN) < 0) {
		ret = errno;
		goto free_all;
	}
	ret = pthread_create(&u->thread, NULL, uploads_run, u);
	if (ret == 0)
		return u;
	loop_remove(settings->loop, &u->woken);

free_all:
	if (u->woken.fd >= 0)
		close(u->woken.fd);
	s3_destroy(u->s3);
	free(u->buffer);
	free(u);
	errno = ret;
	return NULL;
}

void uploads_destroy(struct uploads *u)
{
	struct recording *r;

	if (!u)
		return;
	pthread_mutex_lock(&u->lock);
	u->closing = true;
	pthread_cond_signal(&u->changed);
	pthread_mutex_unlock(&u->lock);
	s3_hurry(u->s3);
	pthread_join(u->thread, NULL);
	loop_remove(u->settings.loop, &u->woken);
	close(u->woken.fd);
	while ((r = u->recordings)) {
		u->recordings = r->next;
		recording_free(r);
	}
	pthread_cond_destroy(&u->changed);
	pthread_mutex_destroy(&u->lock);
	s3_destroy(u->s3);
	free(u->buffer);
	free(u);
}

static struct recording *recording_find(struct uploads *u, uint64_t id)
{
	struct recording *r = u->recordings;

	while (r && (r->id != id || r->removed))
		r = r->next;
	return r;
}

void uploads_put(struct uploads *u, uint64_t recording_id, const char *folder, bool finished)
{
	pthread_mutex_lock(&u->lock);
	struct recording *r = recording_find(u, recording_id);
	if (!r && u->count < UPLOAD_RECORDINGS && strlen(folder) < FOLDER_SIZE &&
	    (r = calloc(1, sizeof(*r)))) {
		r->id = recording_id;
		r->journal = -1;
		strcpy(r->folder, folder);
		r->next = u->recordings;
		u->recordings = r;
		u->count++;
	}
	if (r)
		r->finished = finished;
	pthread_cond_signal(&u->changed);
	pthread_mutex_unlock(&u->lock);
	if (!r)
		am_error("upload: too many recordings wait for the bucket; folder=%s", folder);
}

void uploads_count(const struct uploads *u, struct uploads_counts *counts)
{
	struct uploads *mutable = (struct uploads *)(uintptr_t)u;

	pthread_mutex_lock(&mutable->lock);
	*counts = u->counts;
	counts->pending = u->count;
	pthread_mutex_unlock(&mutable->lock);
}

#include "recorder/state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_SIZE   4096u
#define TRACK_SIZE  8192u
#define TRACKS_SIZE (AM_RECORD_TRACK_MAX * TRACK_SIZE)
#define FILES_SIZE  (STATE_FILES_MAX * sizeof(struct state_file))
#define STATE_SIZE  (HEAD_SIZE + TRACKS_SIZE + FILES_SIZE)
#define TIME_MAX_US (INT64_MAX / 4)
#define FILES_STEP  (4096 / sizeof(struct state_file)) // places that are allocated at a time

void state_boot_id(char id[STATE_BOOT_SIZE])
{
	memset(id, 0, STATE_BOOT_SIZE);
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	if (!f)
		return;
	if (!fgets(id, STATE_BOOT_SIZE, f))
		id[0] = '\0';
	fclose(f);
	id[strcspn(id, "\n")] = '\0';
}

// --- what lies on the disk ---

static const struct state_track *track_at(const uint8_t *map, uint32_t index)
{
	return (const struct state_track *)(map + HEAD_SIZE + index * TRACK_SIZE);
}

static const struct state_file *file_at(const uint8_t *map, uint32_t index)
{
	return (const struct state_file *)(map + HEAD_SIZE + TRACKS_SIZE) + index;
}

static bool head_is_good(const struct state_head *h)
{
	return h->magic == STATE_MAGIC && h->version == STATE_VERSION && h->recording_id != 0 &&
	       memchr(h->boot_id, '\0', sizeof(h->boot_id)) && line_is_good(&h->line) &&
	       h->stop_us >= 0 && h->stop_us <= TIME_MAX_US && h->file_count <= STATE_FILES_MAX &&
	       h->programme <= h->file_count && h->chat <= h->file_count &&
	       h->names <= STATE_FILES_MAX && h->parts <= STATE_FILES_MAX &&
	       h->error < AM_RECORD_ERROR_COUNT && h->done <= 1;
}

static bool track_is_good(const struct state_head *h, const struct state_track *t)
{
	struct am_record_msg m = {.type = AM_RECORD_TRACK, .track = t->stated};

	if (t->used == 0)
		return true;
	for (size_t i = 0; i < STATE_TIMES; i++) {
		if (t->times[i].time_us < 0 || t->times[i].time_us > TIME_MAX_US)
			return false;
	}
	return t->used == 1 && t->file <= h->file_count && am_record_check(&m, sizeof(m)) == 0 &&
	       t->stated.recording_id == h->recording_id;
}

static bool file_is_good(const struct state_head *h, const struct state_file *f)
{
	struct am_record_msg m = {.type = AM_RECORD_FILE, .file = f->report};

	return am_record_check(&m, sizeof(m)) == 0 && f->report.recording_id == h->recording_id;
}

bool state_is_good(const void *bytes, size_t size)
{
	const uint8_t *map = bytes;
	const struct state_head *h = bytes;

	if (size != STATE_SIZE || !head_is_good(h))
		return false;
	for (uint32_t i = 0; i < AM_RECORD_TRACK_MAX; i++) {
		if (!track_is_good(h, track_at(map, i)))
			return false;
	}
	for (uint32_t i = 0; i < h->file_count; i++) {
		if (!file_is_good(h, file_at(map, i)))
			return false;
	}
	return true;
}

// --- opening ---

// Opens the folder below the directory, making it and those above it.
static int folder_open(const char *directory, const char *dir)
{
	char part[AM_RECORD_DIR_MAX + 1];
	int fd = open(directory, O_DIRECTORY | O_PATH | O_CLOEXEC);

	while (fd >= 0 && *dir) {
		size_t len = strcspn(dir, "/");
		memcpy(part, dir, len);
		part[len] = '\0';
		dir += len + (dir[len] == '/');
		int next = -1;
		if (mkdirat(fd, part, 0700) == 0 || errno == EEXIST)
			next = openat(fd, part, O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC);
		int error = errno;
		close(fd);
		errno = error;
		fd = next;
	}
	return fd < 0 ? -errno : fd;
}

// Reads all of it: unlike the mapping, that fails with an error instead of a signal.
static int content_check(const struct state *s, uint64_t recording_id)
{
	int ret = -EBADMSG;
	uint8_t *bytes = malloc(STATE_SIZE);
	if (!bytes)
		return -ENOMEM;
	ssize_t n = pread(s->fd, bytes, STATE_SIZE, 0);
	if (n < 0)
		ret = -errno;
	else if (state_is_good(bytes, (size_t)n))
		ret = ((struct state_head *)bytes)->recording_id == recording_id ? 0 : -EEXIST;
	free(bytes);
	return ret;
}

static int allocate(const struct state *s, size_t offset, size_t len)
{
	return -posix_fallocate(s->fd, (off_t)offset, (off_t)len);
}

static int map(struct state *s)
{
	void *p = mmap(NULL, STATE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	s->map = p;
	s->head = p;
	return 0;
}

// A file of zeros is one whose maker was killed before it had begun.
static bool is_blank(const struct state *s)
{
	struct stat st;
	uint64_t magic = 0;

	if (fstat(s->fd, &st) < 0 || (st.st_size != 0 && st.st_size != STATE_SIZE))
		return false;
	return st.st_size == 0 || (pread(s->fd, &magic, sizeof(magic), 0) == 8 && magic == 0);
}

static int begin(struct state *s, uint64_t recording_id, const char *boot_id)
{
	s->found = STATE_NEW;
	if (ftruncate(s->fd, STATE_SIZE) < 0)
		return -errno;
	int ret = allocate(s, 0, HEAD_SIZE);
	if (ret < 0)
		return ret;
	ret = map(s);
	if (ret < 0)
		return ret;
	memset(s->head, 0, sizeof(*s->head));
	s->head->version = STATE_VERSION;
	s->head->recording_id = recording_id;
	strncpy(s->head->boot_id, boot_id, STATE_BOOT_SIZE - 1);
	__atomic_store_n(&s->head->magic, STATE_MAGIC, __ATOMIC_RELEASE); // it is whole now
	return 0;
}

// What is used already has been allocated.
static void count_places(struct state *s)
{
	uint32_t steps = (s->head->file_count + FILES_STEP - 1) / FILES_STEP;

	s->files_allocated = steps * FILES_STEP;
	for (uint32_t i = 0; i < AM_RECORD_TRACK_MAX; i++) {
		if (track_at(s->map, i)->used)
			s->tracks_allocated = i + 1;
	}
}

static int resume(struct state *s, uint64_t recording_id, const char *boot_id)
{
	int ret = content_check(s, recording_id);
	if (ret < 0)
		return ret;
	ret = map(s);
	if (ret < 0)
		return ret;
	count_places(s);
	s->found = strcmp(s->head->boot_id, boot_id) == 0 ? STATE_RESUMED : STATE_REBOOTED;
	return 0;
}

int state_open(
        struct state *s, const char *directory, const char *dir, uint64_t recording_id,
        const char *boot_id
)
{
	*s = (struct state){.fd = -1};
	int folder = folder_open(directory, dir);
	if (folder < 0)
		return folder;
	s->fd = openat(folder, "state", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	int ret = s->fd < 0 ? -errno : 0;
	close(folder);
	if (ret < 0)
		return ret;
	ret = is_blank(s) ? begin(s, recording_id, boot_id) : resume(s, recording_id, boot_id);
	if (ret < 0)
		state_close(s);
	return ret;
}

void state_close(struct state *s)
{
	if (s->map)
		munmap(s->map, STATE_SIZE);
	if (s->fd >= 0)
		close(s->fd);
	*s = (struct state){.fd = -1};
}

// --- places ---

struct state_track *state_track(struct state *s, uint32_t index)
{
	for (; s->tracks_allocated <= index; s->tracks_allocated++) {
		size_t offset = HEAD_SIZE + s->tracks_allocated * TRACK_SIZE;
		if (allocate(s, offset, TRACK_SIZE) < 0)
			return NULL;
	}
	return (struct state_track *)track_at(s->map, index);
}

struct state_file *state_file(struct state *s, uint32_t index)
{
	for (; s->files_allocated <= index; s->files_allocated += FILES_STEP) {
		size_t offset =
		        HEAD_SIZE + TRACKS_SIZE + s->files_allocated * sizeof(struct state_file);
		if (allocate(s, offset, FILES_STEP * sizeof(struct state_file)) < 0)
			return NULL;
	}
	return (struct state_file *)file_at(s->map, index);
}

struct state_file *
state_file_add(struct state *s, const struct am_record_file *report, uint32_t *index)
{
	*index = s->head->file_count;
	struct state_file *f = *index < STATE_FILES_MAX ? state_file(s, *index) : NULL;
	if (!f)
		return NULL;
	*f = (struct state_file){.report = *report};
	__atomic_store_n(&s->head->file_count, *index + 1, __ATOMIC_RELEASE);
	return f;
}

struct state_time *
state_time_find(struct state_track *t, uint8_t encoding, uint8_t source, uint32_t timestamp)
{
	uint64_t count = t->time_count < STATE_TIMES ? t->time_count : STATE_TIMES;

	for (uint64_t i = 1; i <= count; i++) { // newest first
		struct state_time *f = &t->times[(t->time_count - i) % STATE_TIMES];
		if (f->timestamp == timestamp && f->encoding == encoding && f->source == source)
			return f;
	}
	return NULL;
}

struct state_time *state_time_add(struct state_track *t, const struct state_time *f)
{
	struct state_time *place = &t->times[t->time_count % STATE_TIMES];

	*place = *f;
	__atomic_store_n(&t->time_count, t->time_count + 1, __ATOMIC_RELEASE);
	return place;
}

const struct state_time *state_time_at(const struct state_track *t, int64_t time_ms)
{
	uint64_t count = t->time_count < STATE_TIMES ? t->time_count : STATE_TIMES;

	for (uint64_t i = 1; i <= count; i++) {
		const struct state_time *f = &t->times[(t->time_count - i) % STATE_TIMES];
		if (f->time_us / 1000 == time_ms)
			return f;
	}
	return NULL;
}

const struct state_time *state_time_before(const struct state_track *t, uint32_t file_ms)
{
	uint64_t count = t->time_count < STATE_TIMES ? t->time_count : STATE_TIMES;

	for (uint64_t i = 1; i <= count; i++) {
		const struct state_time *f = &t->times[(t->time_count - i) % STATE_TIMES];
		if (f->file_ms != STATE_NOT_IN && f->file_ms <= file_ms)
			return f;
	}
	return NULL;
}

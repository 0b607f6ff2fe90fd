#include "recorder/state.h"

#include "recorder/names.h"

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
#define TRACK_SIZE  12288u
#define TRACKS_SIZE (AM_RECORD_TRACK_MAX * TRACK_SIZE)
#define FILES_SIZE  (STATE_FILES_MAX * sizeof(struct state_file))
#define TIMELESS    offsetof(struct state_track, time_count) // of a track, in the copy
#define COPY_MAX    (HEAD_SIZE + FILES_SIZE + AM_RECORD_TRACK_MAX * TIMELESS)
#define TIME_MAX_US (INT64_MAX / 4)
static_assert(STATE_SIZE == HEAD_SIZE + TRACKS_SIZE + FILES_SIZE);

#define FILES_STEP (4096 / sizeof(struct state_file)) // places that are allocated at a time

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

bool state_restore(uint8_t *to, const void *bytes, size_t size)
{
	const uint8_t *from = bytes;
	const struct state_head *h = bytes;

	if (size < HEAD_SIZE || !head_is_good(h))
		return false;
	size_t files = h->file_count * sizeof(struct state_file);
	if (size < HEAD_SIZE + files || (size - HEAD_SIZE - files) % TIMELESS != 0)
		return false;
	size_t tracks = (size - HEAD_SIZE - files) / TIMELESS;
	if (tracks > AM_RECORD_TRACK_MAX)
		return false;
	memcpy(to, from, HEAD_SIZE);
	from += HEAD_SIZE;
	memcpy(to + HEAD_SIZE + TRACKS_SIZE, from, files);
	from += files;
	for (size_t i = 0; i < tracks; i++)
		memcpy(to + HEAD_SIZE + i * TRACK_SIZE, from + i * TIMELESS, TIMELESS);
	return state_is_good(to, STATE_SIZE);
}

uint8_t *state_copy(const struct state *s, bool done, size_t *len)
{
	size_t files = s->head->file_count * sizeof(struct state_file);
	uint8_t *bytes = calloc(1, HEAD_SIZE + files + s->tracks_allocated * TIMELESS);
	if (!bytes)
		return NULL;
	memcpy(bytes, s->map, HEAD_SIZE);
	((struct state_head *)bytes)->done = done;
	memcpy(bytes + HEAD_SIZE, file_at(s->map, 0), files);
	*len = HEAD_SIZE + files;
	for (uint32_t i = 0; i < s->tracks_allocated; i++) {
		if (!track_at(s->map, i)->used)
			continue;
		memcpy(bytes + *len, track_at(s->map, i), TIMELESS);
		*len += TIMELESS;
	}
	return bytes;
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

// Reads all of it: unlike the mapping, that fails with an error instead of a signal. 0 if it is a
// state of this recording; found: whether it is of this life of the machine.
static int live_check(struct state *s, uint64_t recording_id, const char *boot_id)
{
	int ret = -EBADMSG;
	struct state_head *head = malloc(STATE_SIZE);
	if (!head)
		return -ENOMEM;
	ssize_t n = pread(s->fd, head, STATE_SIZE, 0);
	if (n < 0)
		ret = -errno;
	else if (state_is_good(head, (size_t)n) && head->recording_id == recording_id)
		ret = 0;
	if (ret == 0)
		s->found = strcmp(head->boot_id, boot_id) == 0 ? STATE_RESUMED : STATE_REBOOTED;
	free(head);
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

// Whatever was there is emptied. The magic, which makes it whole, is the caller's.
static int live_begin(struct state *s)
{
	if (ftruncate(s->fd, 0) < 0 || ftruncate(s->fd, STATE_SIZE) < 0)
		return -errno;
	int ret = allocate(s, 0, HEAD_SIZE);
	return ret < 0 ? ret : map(s);
}

static int begin(struct state *s, uint64_t recording_id, const char *boot_id)
{
	int ret = live_begin(s);
	if (ret < 0)
		return ret;
	s->found = STATE_NEW;
	s->changed = true;
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

static int resume(struct state *s)
{
	int ret = map(s);
	if (ret < 0)
		return ret;
	count_places(s);
	s->changed = true; // the copy may be an older one
	return 0;
}

// from: of STATE_SIZE.
static int restore(struct state *s, const uint8_t *from, const char *boot_id)
{
	const struct state_head *head = (const struct state_head *)from;

	int ret = live_begin(s);
	if (ret < 0)
		return ret;
	for (uint32_t i = 0; i < AM_RECORD_TRACK_MAX && track_at(from, i)->used; i++) {
		struct state_track *t = state_track(s, i);
		if (!t)
			return -ENOSPC;
		memcpy(t, track_at(from, i), TIMELESS);
	}
	for (uint32_t i = 0; i < head->file_count; i++) {
		struct state_file *f = state_file(s, i);
		if (!f)
			return -ENOSPC;
		*f = *file_at(from, i);
	}
	uint8_t *to = s->map;
	memcpy(to + sizeof(head->magic), from + sizeof(head->magic),
	       HEAD_SIZE - sizeof(head->magic));
	__atomic_store_n(&s->head->magic, STATE_MAGIC, __ATOMIC_RELEASE);
	s->found = strcmp(head->boot_id, boot_id) == 0 ? STATE_RESTORED : STATE_REBOOTED;
	s->changed = true;
	return 0;
}

// Reads the copy into to, of STATE_SIZE zeros. -ENOENT: there is none; -EBADMSG.
static int copy_read(int folder, uint8_t *to, uint64_t recording_id)
{
	int fd = openat(folder, STATE_COPY, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	uint8_t *bytes = malloc(COPY_MAX + 1);
	ssize_t n = bytes ? pread(fd, bytes, COPY_MAX + 1, 0) : -1;
	int ret = !bytes ? -ENOMEM : n < 0 ? -errno : 0;
	close(fd);
	if (ret == 0 && !state_restore(to, bytes, (size_t)n))
		ret = -EBADMSG;
	else if (ret == 0 && ((struct state_head *)to)->recording_id != recording_id)
		ret = -EEXIST;
	free(bytes);
	return ret;
}

// Files that the state does not know keep their names.
static void pass_names(struct state *s, int folder)
{
	struct names taken = names_taken(folder);

	if (s->head->parts < taken.parts)
		s->head->parts = taken.parts < STATE_FILES_MAX ? taken.parts : STATE_FILES_MAX;
	if (s->head->names < taken.tracks)
		s->head->names = taken.tracks < STATE_FILES_MAX ? taken.tracks : STATE_FILES_MAX;
}

// The live one is not of this life of the machine, or is none (live < 0): looks at the disk.
static int
look(struct state *s, const struct state_place *place, const char *dir, uint64_t id, int live)
{
	int folder = folder_open(place->directory, dir);
	if (folder < 0)
		return folder;
	uint8_t *copy = calloc(1, STATE_SIZE);
	int ret = copy ? copy_read(folder, copy, id) : -ENOMEM;
	if (ret == 0)
		ret = restore(s, copy, place->boot_id);
	else if (live == 0 && (ret == -ENOENT || ret == -EBADMSG))
		ret = resume(s);
	else if (ret == -ENOENT)
		ret = begin(s, id, place->boot_id);
	free(copy);
	if (ret == 0)
		pass_names(s, folder);
	close(folder);
	return ret;
}

int state_open(
        struct state *s, const struct state_place *place, const char *dir, uint64_t recording_id
)
{
	*s = (struct state){.folder = place->live};
	snprintf(s->name, sizeof(s->name), "%016llx", (unsigned long long)recording_id);
	s->fd = openat(place->live, s->name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (s->fd < 0)
		return -errno;
	int live = live_check(s, recording_id, place->boot_id);
	int ret;
	if (live == 0 && s->found == STATE_RESUMED)
		ret = resume(s);
	else if (place->stalls)
		ret = -EAGAIN;
	else
		ret = look(s, place, dir, recording_id, live);
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

void state_remove(struct state *s)
{
	unlinkat(s->folder, s->name, 0);
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
	s->changed = true;
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

const struct state_time *
state_time_last(const struct state_track *t, uint8_t encoding, uint8_t source)
{
	uint64_t count = t->time_count < STATE_TIMES ? t->time_count : STATE_TIMES;

	for (uint64_t i = 1; i <= count; i++) {
		const struct state_time *f = &t->times[(t->time_count - i) % STATE_TIMES];
		if (f->encoding == encoding && f->source == source)
			return f;
	}
	return NULL;
}

// FNV-1a, eight bytes at a time.
static uint64_t checksum(const struct state_clocks *c)
{
	const uint8_t *bytes = (const uint8_t *)c + sizeof(c->checksum);
	uint64_t sum = 0xcbf29ce484222325u, word;

	static_assert(sizeof(*c) % sizeof(word) == 0);
	for (size_t i = 0; i < sizeof(*c) - sizeof(c->checksum); i += sizeof(word)) {
		memcpy(&word, bytes + i, sizeof(word));
		sum = (sum ^ word) * 0x100000001b3u;
	}
	return sum;
}

void state_clocks_put(struct state_track *t, const struct state_clocks *c)
{
	struct state_clocks *place = &t->clocks[t->clocks_count % 2];

	memcpy(place, c, sizeof(*place)); // with its padding
	place->checksum = checksum(place);
	__atomic_store_n(&t->clocks_count, t->clocks_count + 1, __ATOMIC_RELEASE);
}

const struct state_clocks *state_clocks_get(const struct state_track *t)
{
	uint64_t count = t->clocks_count < 2 ? t->clocks_count : 2;

	for (uint64_t i = 1; i <= count; i++) {
		const struct state_clocks *c = &t->clocks[(t->clocks_count - i) % 2];
		if (c->checksum == checksum(c))
			return c;
	}
	return NULL;
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

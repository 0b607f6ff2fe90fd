#include "upload/file_upload.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct file_upload *
file_upload_create(const char *path, const char *key, const char *name, int journal)
{
	struct file_upload *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->path = strdup(path);
	f->key = strdup(key);
	f->journal = journal;
	if (f->path && f->key) {
		f->name = f->path + strlen(path) - strlen(name);
		return f;
	}
	file_upload_destroy(f);
	errno = ENOMEM;
	return NULL;
}

void file_upload_destroy(struct file_upload *f)
{
	if (!f)
		return;
	free(f->path);
	free(f->key);
	free(f->parts);
	free(f);
}

static int part_add(struct file_upload *f, const struct s3_part *part)
{
	if (f->part_count == f->part_room) {
		uint32_t room = f->part_room ? 2 * f->part_room : 16;
		struct s3_part *more = realloc(f->parts, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		f->parts = more;
		f->part_room = room;
	}
	f->parts[f->part_count++] = *part;
	return 0;
}

// --- the journal ---
//
//     begin NAME ID                 an upload of parts
//     part NAME NUMBER ETAG         one of them is in the bucket
//     done NAME SIZE MTIME_NS       the whole file is

#define LINE_SIZE (S3_UPLOAD_ID_SIZE + 4200)

// If the line is lost, a later process sends a little more than it had to.
static void journal_line(const struct file_upload *f, const char *line, int len)
{
	if (f->journal >= 0 && len > 0 && len < LINE_SIZE)
		(void)!write(f->journal, line, (size_t)len);
}

static void journal_begin(const struct file_upload *f)
{
	char line[LINE_SIZE];
	journal_line(f, line, snprintf(line, sizeof(line), "begin %s %s\n", f->name, f->id));
}

static void journal_part(const struct file_upload *f, const struct s3_part *part)
{
	char line[LINE_SIZE];
	journal_line(
	        f, line,
	        snprintf(line, sizeof(line), "part %s %u %s\n", f->name, part->number, part->etag)
	);
}

static void journal_done(const struct file_upload *f)
{
	char line[LINE_SIZE];
	journal_line(
	        f, line,
	        snprintf(
	                line, sizeof(line), "done %s %" PRIu64 " %" PRIu64 "\n", f->name, f->size,
	                f->mtime_ns
	        )
	);
}

static void forget(struct file_upload *f)
{
	f->id[0] = '\0';
	f->part_count = 0;
	f->done = false;
}

// Whole parts in order are of use; the last one of a file is sent again.
static void recall_part(struct file_upload *f, const char *rest)
{
	struct s3_part part = {0};

	if (f->id[0] && sscanf(rest, "%" SCNu32 " %128s", &part.number, part.etag) == 2 &&
	    part.number == f->part_count + 1)
		(void)part_add(f, &part);
}

void file_upload_recall(struct file_upload *f, const char *line)
{
	const char *space = strchr(line, ' ');
	size_t len = strlen(f->name);

	if (!space || strncmp(space + 1, f->name, len) != 0 || space[1 + len] != ' ')
		return;
	const char *rest = space + 2 + len;
	if (strncmp(line, "begin ", 6) == 0) {
		forget(f);
		snprintf(f->id, sizeof(f->id), "%s", rest);
	} else if (strncmp(line, "part ", 5) == 0) {
		recall_part(f, rest);
	} else if (strncmp(line, "done ", 5) == 0) {
		f->done = sscanf(rest, "%" SCNu64 " %" SCNu64, &f->size, &f->mtime_ns) == 2;
	}
}

// --- sending ---

static int read_all(int fd, uint64_t offset, uint8_t *buffer, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, buffer + done, len - done, (off_t)(offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		done += (size_t)n;
	}
	return 0;
}

// Sends part `number`, which replaces an older one.
static int
part_send(struct file_upload *f, struct s3 *s, int fd, uint32_t number, size_t len, uint8_t *buffer)
{
	struct s3_part part = {.number = number};

	int ret = read_all(fd, (uint64_t)(number - 1) * UPLOAD_PART_SIZE, buffer, len);
	if (ret == 0 && !f->id[0]) {
		ret = s3_begin(s, f->key, f->id);
		if (ret == 0)
			journal_begin(f);
	}
	if (ret == 0)
		ret = s3_part(s, f->key, f->id, number, buffer, len, part.etag);
	if (ret < 0)
		return ret;
	if (len == UPLOAD_PART_SIZE)
		journal_part(f, &part);
	if (number <= f->part_count) {
		f->parts[number - 1] = part;
		return 0;
	}
	return part_add(f, &part);
}

static int
small_send(const struct file_upload *f, struct s3 *s, int fd, size_t len, uint8_t *buffer)
{
	int ret = read_all(fd, 0, buffer, len);
	return ret < 0 ? ret : s3_put(s, f->key, buffer, len);
}

// The file is finished, and all whole parts of it are sent: the rest, then the first part, whose
// index has grown since it was sent, then the completion.
static int finish(struct file_upload *f, struct s3 *s, int fd, uint64_t size, uint8_t *buffer)
{
	uint32_t whole = f->part_count;
	size_t rest = (size_t)(size - (uint64_t)whole * UPLOAD_PART_SIZE);
	int ret = 0;

	if (rest > 0)
		ret = part_send(f, s, fd, f->part_count + 1, rest, buffer);
	if (ret == 0)
		ret = part_send(f, s, fd, 1, UPLOAD_PART_SIZE, buffer);
	if (ret == 0)
		ret = s3_complete(s, f->key, f->id, f->parts, f->part_count);
	if (ret < 0 && f->part_count > whole)
		f->part_count = whole; // the rest is sent again
	return ret;
}

static int
step(struct file_upload *f, struct s3 *s, int fd, bool finished, uint8_t *buffer, uint64_t *sent)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	uint64_t size = (uint64_t)st.st_size;
	uint64_t mtime_ns =
	        (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec;
	if (f->done && f->size == size && f->mtime_ns == mtime_ns)
		return 0;
	if (f->done || size < (uint64_t)f->part_count * UPLOAD_PART_SIZE)
		forget(f); // it has changed after all, as a description does
	if (size > (uint64_t)S3_PART_MAX * UPLOAD_PART_SIZE)
		return -EFBIG;
	int ret = 0;
	if (size > UPLOAD_PART_SIZE &&
	    size - (uint64_t)f->part_count * UPLOAD_PART_SIZE >= UPLOAD_PART_SIZE) {
		ret = part_send(f, s, fd, f->part_count + 1, UPLOAD_PART_SIZE, buffer);
		*sent += ret == 0 ? UPLOAD_PART_SIZE : 0;
		return ret < 0 ? ret : 1;
	}
	if (!finished)
		return 0;
	ret = size > UPLOAD_PART_SIZE ? finish(f, s, fd, size, buffer)
	                              : small_send(f, s, fd, (size_t)size, buffer);
	if (ret < 0)
		return ret;
	*sent += size < UPLOAD_PART_SIZE ? size : UPLOAD_PART_SIZE;
	f->done = true;
	f->size = size;
	f->mtime_ns = mtime_ns;
	journal_done(f);
	return 1;
}

int file_upload_step(
        struct file_upload *f, struct s3 *s, bool finished, uint8_t *buffer, uint64_t *sent
)
{
	int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 && errno == ENOENT) { // it has another name now
		f->done = true;
		return 0;
	}
	if (fd < 0)
		return -errno;
	int ret = step(f, s, fd, finished, buffer, sent);
	close(fd);
	if (ret != -ENOENT)
		return ret;
	forget(f); // the bucket has dropped the upload, or is not there
	return -EAGAIN;
}

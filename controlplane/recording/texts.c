#include "recording/texts.h"

#include "base/memory.h"
#include "base/workers.h"
#include "recording/files.h"
#include "recording/people.h"
#include "recording/state.h"
#include "recording/vtt.h"

#include "am_log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHAT_SIZE_MAX (64l << 20)

struct texts {
	struct work work;
	void (*done)(struct recording *);
	struct recordings *all;
	uint64_t recording_id;
	char folder[PATH_MAX / 2];
	int64_t duration_ms;
	struct vtt_speaker *speakers; // with names of their own
	size_t speaker_count;
	// In bytes; 0: there is none.
	uint64_t chat_size, speakers_size;
};

static char *file_read(const char *path, size_t *len)
{
	struct stat st;
	char *text = NULL;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && st.st_size <= CHAT_SIZE_MAX)
		text = malloc((size_t)st.st_size + 1);
	for (*len = 0; text && *len < (size_t)st.st_size;) {
		ssize_t n = read(fd, text + *len, (size_t)st.st_size - *len);
		if (n <= 0)
			break;
		*len += (size_t)n;
	}
	close(fd);
	return text;
}

static uint64_t file_write(const char *path, const char *text, size_t len)
{
	char temporary[PATH_MAX];

	snprintf(temporary, sizeof(temporary), "%s.new", path);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool whole = fd >= 0 && write(fd, text, len) == (ssize_t)len && fdatasync(fd) == 0;
	if (fd >= 0)
		close(fd);
	if (whole && rename(temporary, path) == 0)
		return len;
	am_warning("recording: cannot write; path=%s error=%s", path, strerror(errno));
	return 0;
}

// In the thread.
static void make(struct work *w)
{
	struct texts *t = container_of(w, struct texts, work);
	char from[PATH_MAX], to[PATH_MAX];
	size_t len, made_len;

	snprintf(from, sizeof(from), "%s/" TEXTS_CHAT_FROM, t->folder);
	snprintf(to, sizeof(to), "%s/" TEXTS_CHAT, t->folder);
	char *chat = file_read(from, &len);
	char *made = chat ? vtt_chat(chat, len, t->duration_ms, &made_len) : NULL;
	if (made)
		t->chat_size = file_write(to, made, made_len);
	free(made);
	free(chat);
	snprintf(to, sizeof(to), "%s/" TEXTS_SPEAKERS, t->folder);
	made = t->speaker_count
	               ? vtt_speakers(t->speakers, t->speaker_count, t->duration_ms, &made_len)
	               : NULL;
	if (made)
		t->speakers_size = file_write(to, made, made_len);
	free(made);
}

static void made(struct work *w)
{
	struct texts *t = container_of(w, struct texts, work);
	struct recording *r;

	// The recording may have been let go of meanwhile.
	LIST_FOREACH (r, &t->all->list, next) {
		if (r->id == t->recording_id)
			break;
	}
	if (r && t->chat_size)
		files_add_text(r, TEXTS_CHAT, "chat", t->duration_ms, t->chat_size);
	if (r && t->speakers_size)
		files_add_text(r, TEXTS_SPEAKERS, "speakers", t->duration_ms, t->speakers_size);
	if (r && w->has_run)
		t->done(r);
	for (size_t i = 0; i < t->speaker_count; i++)
		free((char *)(uintptr_t)t->speakers[i].name);
	free(t->speakers);
	free(t);
}

static void speakers_copy(struct texts *t, const struct recording *r)
{
	t->speakers = memory_new(r->leading_count + 1, sizeof(*t->speakers));
	for (uint32_t i = 0; i < r->leading_count; i++) {
		const struct leading *l = &r->leadings[i];
		const struct participant *p = l->publisher ? people_find(r, l->publisher) : NULL;
		t->speakers[t->speaker_count++] = (struct vtt_speaker
		){l->time_ms, p && p->name ? memory_copy_string(p->name) : NULL};
	}
}

void texts_make(struct recording *r, struct workers *workers, void (*done)(struct recording *))
{
	struct texts *t = memory_new(1, sizeof(*t));

	t->work = (struct work){.run = make, .done = made};
	t->done = done;
	t->all = r->all;
	t->recording_id = r->id;
	t->duration_ms = (int64_t)r->status.duration_ms;
	snprintf(t->folder, sizeof(t->folder), "%s/%s", r->all->directory, r->directory);
	speakers_copy(t, r);
	workers_add(workers, &t->work);
}

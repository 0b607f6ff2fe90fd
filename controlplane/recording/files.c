#include "recording/files.h"

#include "base/memory.h"
#include "recording/people.h"
#include "recording/state.h"

#include "am_log.h"

#include <stdlib.h>
#include <string.h>

#define CHAT "chat.txt"

static const char *const kinds[AM_RECORD_KIND_COUNT] = {
        [AM_RECORD_VOICE] = "audio",         [AM_RECORD_CAMERA] = "video",
        [AM_RECORD_SCREEN] = "screen",       [AM_RECORD_SCREEN_SOUND] = "screen-audio",
        [AM_RECORD_PROGRAMME] = "programme", [AM_RECORD_CHAT] = "chat",
};

static const char *const codecs[AM_CODEC_COUNT] = {
        [AM_CODEC_OPUS] = "opus", [AM_CODEC_VP8] = "vp8", [AM_CODEC_H264] = "h264",
        [AM_CODEC_VP9] = "vp9",   [AM_CODEC_AV1] = "av1",
};

static struct recording_file *find(struct recording *r, const char *name)
{
	for (uint32_t i = 0; i < r->file_count; i++) {
		if (strcmp(r->files[i].row.name, name) == 0)
			return &r->files[i];
	}
	return NULL;
}

static struct recording_file *
add(struct recording *r, const char *name, const char *kind, uint64_t publisher)
{
	const struct participant *p = publisher ? people_find(r, publisher) : NULL;

	if (r->file_count == RECORDING_FILE_MAX) {
		am_warning("recording: too many files; room=%s", r->room_name);
		return NULL;
	}
	r->files = memory_grow(r->files, r->file_count + 1, sizeof(*r->files));
	r->file_rows = memory_grow(r->file_rows, r->file_count + 1, sizeof(*r->file_rows));
	struct recording_file *file = &r->files[r->file_count++];
	*file = (struct recording_file){
	        .row =
	                {
	                        .recording_id = r->id,
	                        .name = memory_copy_string(name),
	                        .kind = kind,
	                        .peer_id = p ? memory_copy_string(p->peer_id) : NULL,
	                        .display_name = p ? memory_copy_string(p->name) : NULL,
	                },
	        .publisher = publisher,
	};
	return file;
}

// JSON has no greater whole numbers, and no honest recorder does.
static int64_t bounded(uint64_t n)
{
	return n < UINT64_C(1) << 53 ? (int64_t)n : (int64_t)1 << 53;
}

void files_take(struct recording *r, const struct am_record_file *f)
{
	struct recording_file *file = find(r, f->name);

	if (!file)
		file = add(r, f->name, kinds[f->kind], f->publisher);
	if (!file)
		return;
	file->row.codec = f->kind == AM_RECORD_CHAT ? NULL : codecs[f->codec];
	file->row.offset_ms = bounded(f->offset_ms);
	file->row.duration_ms = bounded(f->duration_ms);
	file->row.bytes = (uint64_t)bounded(f->bytes);
	file->complete = f->complete;
	r->file_rows[file - r->files] = file->row;
	if (strcmp(f->name, CHAT) != 0)
		history_recording_file_put(r->all->history, &file->row);
	r->copy_due = true;
}

void files_add(
        struct recording *r, const char *name, const char *kind, int64_t duration_ms, uint64_t bytes
)
{
	struct recording_file *file = find(r, name);

	if (!file)
		file = add(r, name, kind, 0);
	if (!file)
		return;
	file->row.duration_ms = duration_ms;
	file->row.bytes = bytes;
	file->complete = true;
	r->file_rows[file - r->files] = file->row;
	history_recording_file_put(r->all->history, &file->row);
	r->copy_due = true;
}

bool files_have_chat(const struct recording *r)
{
	for (uint32_t i = 0; i < r->file_count; i++) {
		if (strcmp(r->files[i].row.name, CHAT) == 0)
			return true;
	}
	return false;
}

void files_end_chat(struct recording *r, int64_t bytes)
{
	struct recording_file *file = find(r, CHAT);

	if (!file)
		return;
	if (bytes >= 0) {
		free((char *)file->row.name);
		file->row.name = memory_copy_string("chat.vtt");
		file->row.bytes = (uint64_t)bytes;
		r->file_rows[file - r->files] = file->row;
	}
	history_recording_file_put(r->all->history, &file->row);
	r->copy_due = true;
}

bool files_are_complete(const struct recording *r)
{
	uint32_t complete = 0;

	for (uint32_t i = 0; i < r->file_count; i++)
		complete += r->files[i].complete;
	return complete >= r->status.files;
}

void files_free(struct recording *r)
{
	for (uint32_t i = 0; i < r->file_count; i++) {
		free((char *)r->files[i].row.name);
		free((char *)r->files[i].row.peer_id);
		free((char *)r->files[i].row.display_name);
	}
	free(r->files);
	free(r->file_rows);
}

#include "recorder/folder.h"

#include "am_log.h"
#include "recorder/disk.h"
#include "recorder/matroska.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void folder_init(struct folder *f, struct disk *disk, struct state *state, const char *dir)
{
	*f = (struct folder){.disk = disk, .state = state, .dir = dir};
}

void folder_path(const struct folder *f, const char *name, char path[FOLDER_PATH_MAX])
{
	snprintf(
	        path, FOLDER_PATH_MAX, "%.*s/%.*s", AM_RECORD_DIR_MAX, f->dir, AM_RECORD_NAME_MAX,
	        name
	);
}

static void set_untold(struct folder *f, uint32_t index)
{
	f->untold[index / 64] |= 1ull << index % 64;
}

uint32_t folder_add(struct folder *f, const struct am_record_file *file)
{
	struct am_record_file report = *file;
	uint32_t index;

	report.recording_id = f->state->head->recording_id;
	if (!state_file_add(f->state, &report, &index)) {
		f->full = true;
		return FOLDER_NONE;
	}
	return index;
}

const struct am_record_file *folder_file(const struct folder *f, uint32_t index)
{
	return &state_file(f->state, index)->report;
}

// A file that never got its first cluster is not told of.
static bool is_there(const struct folder *f, uint32_t index)
{
	const struct state_file *file = state_file(f->state, index);

	return file->on_disk || (file->report.complete && file->report.bytes > 0);
}

void folder_update(
        struct folder *f, uint32_t index, int64_t duration_ms, uint64_t bytes, bool complete
)
{
	struct am_record_file *file = &state_file(f->state, index)->report;

	file->duration_ms = duration_ms > 0 ? (uint64_t)duration_ms : 0;
	file->bytes = bytes;
	if (file->complete == complete)
		return;
	file->complete = complete;
	f->state->changed = true;
	if (is_there(f, index))
		set_untold(f, index);
}

void folder_begun(struct folder *f, uint32_t index)
{
	struct state_file *file = state_file(f->state, index);

	if (file->on_disk)
		return;
	file->on_disk = true;
	f->state->changed = true;
	set_untold(f, index);
}

void folder_report(struct folder *f, uint32_t index, const struct matroska *m)
{
	folder_update(f, index, matroska_duration_ms(m), matroska_bytes(m), false);
	if (!state_file(f->state, index)->on_disk && matroska_is_on_disk(m))
		folder_begun(f, index);
}

void folder_end(struct folder *f, uint32_t index, const struct matroska *m, int64_t duration_ms)
{
	bool lost = matroska_error(m) < 0 && !matroska_is_on_disk(m);

	folder_update(f, index, lost ? 0 : duration_ms, lost ? 0 : matroska_bytes(m), true);
}

uint32_t folder_count(const struct folder *f)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < f->state->head->file_count; i++)
		count += is_there(f, i);
	return count;
}

uint64_t folder_bytes(const struct folder *f)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < f->state->head->file_count; i++)
		bytes += folder_file(f, i)->bytes;
	return bytes;
}

uint64_t folder_reach_ms(const struct folder *f)
{
	uint64_t reach_ms = 0;

	for (uint32_t i = 0; i < f->state->head->file_count; i++) {
		const struct am_record_file *file = folder_file(f, i);
		uint64_t end_ms = file->offset_ms + file->duration_ms;
		if (file->duration_ms > 0 && end_ms > reach_ms)
			reach_ms = end_ms;
	}
	return reach_ms;
}

// What is reported as complete may end in silence.
static void complete_media(struct folder *f, uint32_t index, const char *path)
{
	const struct am_record_file *file = folder_file(f, index);
	int64_t last_ms[MATROSKA_TRACK_MAX],
	        end_ms = file->complete ? (int64_t)file->duration_ms : 0;

	struct matroska *m = matroska_resume(f->disk, path, last_ms);
	if (!m) {
		am_warning(
		        "recording: nothing is left of a file; path=%s error=%s", path,
		        strerror(errno)
		);
		folder_update(f, index, 0, 0, true);
		return;
	}
	if (matroska_duration_ms(m) > end_ms)
		end_ms = matroska_duration_ms(m);
	folder_update(f, index, end_ms, matroska_bytes(m), true);
	matroska_close(m, end_ms);
}

static void complete_chat(struct folder *f, uint32_t index, const char *path)
{
	struct disk_file *chat = disk_open_existing(f->disk, path);

	folder_update(
	        f, index, (int64_t)folder_file(f, index)->duration_ms, chat ? disk_size(chat) : 0,
	        true
	);
	if (chat)
		disk_close(chat);
}

void folder_complete(struct folder *f)
{
	char path[FOLDER_PATH_MAX];

	for (uint32_t i = 0; i < f->state->head->file_count; i++) {
		folder_path(f, folder_file(f, i)->name, path);
		if (folder_file(f, i)->kind == AM_RECORD_CHAT)
			complete_chat(f, i, path);
		else
			complete_media(f, i, path);
	}
}

uint32_t folder_untold(const struct folder *f)
{
	for (uint32_t i = 0; i < STATE_FILES_MAX / 64; i++) {
		if (f->untold[i])
			return i * 64 + (uint32_t)__builtin_ctzll(f->untold[i]);
	}
	return FOLDER_NONE;
}

void folder_told(struct folder *f, uint32_t index)
{
	f->untold[index / 64] &= ~(1ull << index % 64);
}

void folder_tell_all(struct folder *f)
{
	for (uint32_t i = 0; i < f->state->head->file_count; i++) {
		if (is_there(f, i))
			set_untold(f, i);
	}
}

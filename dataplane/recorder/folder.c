#include "recorder/folder.h"

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
	set_untold(f, index);
	return index;
}

const struct am_record_file *folder_file(const struct folder *f, uint32_t index)
{
	return &state_file(f->state, index)->report;
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
	set_untold(f, index);
}

uint64_t folder_bytes(const struct folder *f)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < f->state->head->file_count; i++)
		bytes += folder_file(f, i)->bytes;
	return bytes;
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
	for (uint32_t i = 0; i < f->state->head->file_count; i++)
		set_untold(f, i);
}

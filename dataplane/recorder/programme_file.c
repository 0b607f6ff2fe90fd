#include "recorder/programme_file.h"

#include "am_log.h"
#include "recorder/disk.h"
#include "recorder/matroska.h"
#include "recorder/mix.h"
#include "recorder/programme.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PICTURE      0 // tracks of a part
#define SOUND        1
#define MIX_FRAME_US (MIX_FRAME_MS * 1000)

static int64_t to_ms(const struct programme_part *p, int64_t time_us)
{
	return (time_us - p->offset_us) / 1000;
}

static void part_close(struct programme_file *f, struct programme_part *p, int64_t end_us)
{
	int64_t end_ms = to_ms(p, end_us);

	(void)!matroska_flush(p->file, 0, true); // what fails is in the disk's log
	end_ms = matroska_length_ms(p->file, end_ms > 0 ? end_ms : 0);
	f->was_on_disk |= matroska_is_on_disk(p->file);
	folder_end(f->folder, p->index, p->file, end_ms);
	matroska_close(p->file, end_ms);
	*p = (struct programme_part){0};
}

// --- beginning ---

static void resume(struct programme_file *f, uint32_t index)
{
	char path[FOLDER_PATH_MAX];
	int64_t last_ms[MATROSKA_TRACK_MAX] = {-1, -1};
	const struct am_record_file *report = folder_file(f->folder, index);

	if (report->complete && f->folder->state->head->stop_us == 0)
		return;
	f->part.index = index;
	f->part.offset_us = (int64_t)report->offset_ms * 1000;
	f->part.codec = (enum codec)report->codec;
	f->sound_us = f->part.offset_us;
	folder_path(f->folder, report->name, path);
	f->part.file = matroska_resume(f->folder->disk, path, last_ms);
	if (!f->part.file && errno == ENOENT)
		return; // killed before its first cluster
	if (!f->part.file) {
		am_error(
		        "recording: the programme goes on in another file; path=%s error=%s", path,
		        strerror(errno)
		);
		f->sound_us += (int64_t)report->duration_ms * 1000;
		folder_update(f->folder, index, (int64_t)report->duration_ms, report->bytes, true);
		return;
	}
	f->resumed_ms = last_ms[PICTURE];
	f->was_on_disk = true;
	if (last_ms[SOUND] >= 0)
		f->sound_us += last_ms[SOUND] * 1000 + MIX_FRAME_US;
}

int programme_file_init(struct programme_file *f, struct folder *folder)
{
	uint32_t index = folder->state->head->programme;

	*f = (struct programme_file){.folder = folder, .resumed_ms = -1, .wants_key = true};
	f->held = calloc(PROGRAMME_FILE_HELD, sizeof(*f->held));
	if (!f->held)
		return -ENOMEM;
	if (index > 0)
		resume(f, index - 1);
	return 0;
}

void programme_file_fini(struct programme_file *f)
{
	free(f->held);
	f->held = NULL;
}

int64_t programme_file_shown_ms(const struct programme_file *f)
{
	if (!f->part.file || f->resumed_ms < 0)
		return -1;
	return f->part.offset_us / 1000 + f->resumed_ms;
}

void programme_file_join(struct programme_file *f)
{
	f->joined = true;
}

static void name_part(uint32_t number, enum codec codec, char name[AM_RECORD_NAME_MAX + 1])
{
	const char *extension = codec == CODEC_H264 ? "mkv" : "webm";

	if (number == 1)
		snprintf(name, AM_RECORD_NAME_MAX + 1, "programme.%s", extension);
	else
		snprintf(name, AM_RECORD_NAME_MAX + 1, "programme-%u.%s", number, extension);
}

static int list_part(struct programme_file *f, struct programme_part *p)
{
	struct state_head *head = f->folder->state->head;
	struct am_record_file report = {
	        .offset_ms = (uint64_t)p->offset_us / 1000,
	        .kind = AM_RECORD_PROGRAMME,
	        .codec = (uint8_t)p->codec,
	};

	name_part(head->parts, p->codec, report.name);
	p->index = folder_add(f->folder, &report);
	if (p->index == FOLDER_NONE)
		return -EMFILE;
	head->programme = p->index + 1;
	return 0;
}

static int
part_create(struct programme_file *f, struct programme_part *p, const struct programme_frame *frame)
{
	struct state_head *head = f->folder->state->head;
	const struct matroska_track tracks[] = {
	        {.codec = p->codec,
	         .width = frame->width,
	         .height = frame->height,
	         .key = frame->data,
	         .key_len = frame->len},
	        {.codec = CODEC_OPUS, .channels = 2},
	};
	char name[AM_RECORD_NAME_MAX + 1], path[FOLDER_PATH_MAX];

	if (head->parts == STATE_FILES_MAX)
		return -EMFILE;
	name_part(++head->parts, p->codec, name);
	folder_path(f->folder, name, path);
	p->file = matroska_create(f->folder->disk, path, tracks, 2);
	return p->file ? 0 : -errno;
}

static int part_begin(struct programme_file *f, const struct programme_frame *frame)
{
	bool first = f->folder->state->head->programme == 0;
	struct programme_part p = {
	        // The recording's own time 0 is the first part's.
	        .offset_us = first ? 0 : frame->time_us / 1000 * 1000,
	        .codec = frame->codec,
	};

	int ret = part_create(f, &p, frame);
	if (ret < 0)
		return ret;
	ret = list_part(f, &p);
	if (ret < 0) {
		matroska_close(p.file, 0);
		return ret;
	}
	if (f->last.file)
		part_close(f, &f->last, f->last_end_us);
	if (f->part.file) {
		folder_report(f->folder, f->part.index, f->part.file);
		f->last = f->part;
		f->last_end_us = p.offset_us;
	}
	f->part = p;
	f->resumed_ms = -1;
	return 0;
}

// --- frames ---

static int write_sound(struct programme_file *f, int64_t time_us, const uint8_t *opus, size_t len)
{
	struct programme_part *p = &f->part;

	if (f->last.file && time_us < f->last_end_us)
		p = &f->last;
	else if (f->last.file)
		part_close(f, &f->last, f->last_end_us);
	if (time_us < p->offset_us)
		return 0;
	return matroska_frame(p->file, SOUND, to_ms(p, time_us), opus, len, true);
}

static int write_held(struct programme_file *f)
{
	int ret = 0;

	for (uint32_t i = 0; i < f->held_count && ret == 0; i++)
		ret = write_sound(f, f->held[i].time_us, f->held[i].opus, f->held[i].len);
	f->held_count = 0;
	return ret;
}

// Whether the picture goes into the file: not if it is there already, or lacks what it refers to.
static bool takes(struct programme_file *f, const struct programme_frame *frame)
{
	int64_t ms = to_ms(&f->part, frame->time_us);

	if (f->part.file && f->resumed_ms >= 0) {
		if (ms <= f->resumed_ms) {
			f->joined = ms == f->resumed_ms;
			return false;
		}
		// What we found goes on, until it is certain that it does not.
		if (frame->card && ms < f->resumed_ms + PROGRAMME_STALE_US / 1000)
			return false;
	}
	if (frame->key || f->joined)
		f->wants_key = false;
	f->joined = false;
	return !f->wants_key;
}

int programme_file_picture(struct programme_file *f, const struct programme_frame *frame)
{
	if (!takes(f, frame))
		return 0;
	if (!f->part.file || f->part.codec != frame->codec) {
		int ret = frame->key ? part_begin(f, frame) : -EBADMSG;
		if (ret == -EBADMSG) { // without parameters: the next key frame may have them
			f->wants_key = true;
			return 0;
		}
		if (ret == 0)
			ret = write_held(f);
		if (ret < 0)
			return ret;
	}
	int ret = matroska_frame(
	        f->part.file, PICTURE, to_ms(&f->part, frame->time_us), frame->data, frame->len,
	        frame->key
	);
	if (ret != -EINVAL)
		return ret;
	f->wants_key = true;
	return 0;
}

int programme_file_sound(struct programme_file *f, int64_t time_us, const uint8_t *opus, size_t len)
{
	if (f->part.file)
		return write_sound(f, time_us, opus, len);
	if (f->held_count == PROGRAMME_FILE_HELD || len > sizeof(f->held->opus))
		return 0;
	struct programme_sound *s = &f->held[f->held_count++];
	*s = (struct programme_sound){.time_us = time_us, .len = (uint16_t)len};
	memcpy(s->opus, opus, len);
	return 0;
}

// --- the rest ---

int programme_file_tick(struct programme_file *f, int64_t now_us)
{
	if (!f->part.file)
		return 0;
	int ret = matroska_flush(f->part.file, now_us / 1000, false);
	folder_report(f->folder, f->part.index, f->part.file);
	return ret == -EAGAIN ? 0 : ret;
}

int programme_file_cut(struct programme_file *f, int64_t end_us)
{
	struct programme_part *parts[] = {&f->last, &f->part};
	int ret = 0;

	if (f->last.file && end_us < f->last_end_us)
		f->last_end_us = end_us;
	for (size_t i = 0; i < 2 && ret == 0; i++) {
		if (!parts[i]->file)
			continue;
		ret = matroska_cut(parts[i]->file, to_ms(parts[i], end_us));
		folder_report(f->folder, parts[i]->index, parts[i]->file);
	}
	return ret;
}

void programme_file_sync(struct programme_file *f)
{
	if (f->part.file)
		matroska_sync(f->part.file);
}

void programme_file_close(struct programme_file *f, int64_t end_us)
{
	if (f->last.file)
		part_close(f, &f->last, f->last_end_us);
	if (f->part.file)
		part_close(f, &f->part, end_us);
}

void programme_file_suspend(struct programme_file *f)
{
	if (f->last.file)
		part_close(f, &f->last, f->last_end_us);
	if (!f->part.file)
		return;
	(void)!matroska_flush(f->part.file, 0, true); // or else the rings still have it
	folder_report(f->folder, f->part.index, f->part.file);
	matroska_close(f->part.file, matroska_duration_ms(f->part.file));
	f->part.file = NULL;
}

bool programme_file_is_on_disk(struct programme_file *f)
{
	if (!f->was_on_disk && f->part.file)
		f->was_on_disk = matroska_is_on_disk(f->part.file);
	return f->was_on_disk;
}

#include "recorder/track_file.h"

#include "am_log.h"
#include "media/assembly.h"
#include "recorder/disk.h"
#include "recorder/matroska.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static_assert((int)CODEC_OPUS == AM_CODEC_OPUS && (int)CODEC_VP8 == AM_CODEC_VP8);
static_assert((int)CODEC_H264 == AM_CODEC_H264 && (int)CODEC_VP9 == AM_CODEC_VP9);
static_assert((int)CODEC_AV1 == AM_CODEC_AV1);

static const char *const kinds[] = {
        [AM_RECORD_VOICE] = "voice",
        [AM_RECORD_CAMERA] = "camera",
        [AM_RECORD_SCREEN] = "screen",
        [AM_RECORD_SCREEN_SOUND] = "screen-sound",
};

static bool is_sound(const struct track_file *f)
{
	return f->track.codec == AM_CODEC_OPUS;
}

// Ends the file where it is, or later, and reports it.
static void end(struct track_file *f, int64_t end_ms)
{
	struct matroska *file = f->file;

	(void)!matroska_flush(file, 0, true); // what fails is in the disk's log
	int64_t last_ms = matroska_duration_ms(file);
	f->file = NULL;
	f->over = true;
	end_ms = end_ms > last_ms ? end_ms : last_ms;
	folder_end(f->folder, f->index, file, end_ms);
	matroska_close(file, end_ms);
}

static void give_up(struct track_file *f, int error)
{
	if (error == -EAGAIN)
		f->folder->slow = true;
	else if (error == -EMFILE || error == -ENFILE)
		f->folder->full = true;
	else if (f->folder->error == 0)
		f->folder->error = error;
	am_warning(
	        "recording: a track's file ends early; recording=%016llx file=%u error=%s",
	        (unsigned long long)f->track.recording_id, f->index, strerror(-error)
	);
	end(f, 0);
}

static void write_sound(void *owner, int64_t time_us, const uint8_t *opus, size_t len)
{
	struct track_file *f = owner;

	f->packet_us = opus_duration_us(opus, len);
	if (!f->file)
		return;
	int ret = matroska_frame(f->file, 0, time_us / 1000, opus, len, true);
	if (ret < 0)
		give_up(f, ret);
}

// --- beginning ---

// Where the sound of a file ends that was begun before, and which packets it has.
static void resume_sound(struct track_file *f)
{
	const struct state_time *last = state_time_before(f->place, (uint32_t)f->resumed_ms);

	f->after_us = last ? last->time_us : f->offset_us + f->resumed_ms * 1000;
	gapless_init(&f->gapless, write_sound, f, f->resumed_ms * 1000 + GAPLESS_STEP_US);
	f->gapless.any = true;
	f->gapless.toc = 0xf8; // 20 ms, until a packet has come
}

static void resume(struct track_file *f)
{
	char path[FOLDER_PATH_MAX];
	int64_t last_ms[MATROSKA_TRACK_MAX] = {-1, -1};
	const struct am_record_file *report = folder_file(f->folder, f->index);

	f->offset_us = (int64_t)report->offset_ms * 1000;
	// Of a recording that was stopping, it is not known whether all of the end was written.
	if (report->complete && f->folder->state->head->stop_us == 0) {
		f->over = true;
		return;
	}
	folder_path(f->folder, report->name, path);
	f->file = matroska_resume(f->folder->disk, path, last_ms);
	if (!f->file && errno == ENOENT)
		return; // killed before its first cluster: it begins anew, under its name
	if (!f->file) {
		am_error(
		        "recording: a file cannot be continued; path=%s error=%s", path,
		        strerror(errno)
		);
		f->over = true;
		return;
	}
	f->resumed_ms = last_ms[0];
	if (is_sound(f) && f->resumed_ms >= 0)
		resume_sound(f);
}

void track_file_init(
        struct track_file *f, struct folder *folder, struct state_track *place,
        const struct am_record_track *track
)
{
	*f = (struct track_file){
	        .folder = folder,
	        .place = place,
	        .track = *track,
	        .index = FOLDER_NONE,
	        .resumed_ms = -1,
	        .after_us = -1,
	        .wants_key = true,
	};
	if (place->file == 0)
		return;
	f->index = place->file - 1;
	resume(f);
}

static bool name_file(struct track_file *f, struct am_record_file *report)
{
	struct state_head *head = f->folder->state->head;
	bool h264 = f->track.codec == AM_CODEC_H264;

	if (head->names >= STATE_FILES_MAX) {
		errno = EMFILE;
		return false;
	}
	snprintf(
	        report->name, sizeof(report->name), "tracks/%u-%s.%s", ++head->names,
	        kinds[f->track.kind], h264 ? "mkv" : "webm"
	);
	return true;
}

// Takes a place in the list of files, unless it has one from before.
static bool list_file(struct track_file *f, struct am_record_file *report)
{
	if (f->index != FOLDER_NONE) {
		state_file(f->folder->state, f->index)->report.offset_ms = report->offset_ms;
		return true;
	}
	f->index = folder_add(f->folder, report);
	f->place->file = f->index + 1; // FOLDER_NONE: 0
	return f->index != FOLDER_NONE;
}

static struct matroska *create(struct track_file *f, const struct matroska_track *track)
{
	char path[FOLDER_PATH_MAX];
	struct am_record_file report = {
	        .track_id = f->track.track_id,
	        .publisher = f->track.publisher,
	        .offset_ms = (uint64_t)f->offset_us / 1000,
	        .kind = f->track.kind,
	        .codec = f->track.codec,
	};

	if (f->index != FOLDER_NONE)
		memcpy(report.name, folder_file(f->folder, f->index)->name, sizeof(report.name));
	else if (!name_file(f, &report))
		return NULL;
	folder_path(f->folder, report.name, path);
	struct matroska *m = matroska_create(f->folder->disk, path, track, 1);
	if (!m || list_file(f, &report))
		return m;
	matroska_close(m, 0); // without a frame, nothing stays behind
	errno = EMFILE;
	return NULL;
}

// A key frame without parameters is waited out; anything else ends the file.
static bool begin(struct track_file *f, int64_t time_us, const struct matroska_track *track)
{
	f->offset_us = time_us / 1000 * 1000;
	f->file = create(f, track);
	if (!f->file && errno != EBADMSG) {
		am_error(
		        "recording: cannot begin a track's file; recording=%016llx error=%s",
		        (unsigned long long)f->track.recording_id, strerror(errno)
		);
		f->over = true;
	}
	return f->file != NULL;
}

// --- frames ---

static bool begin_picture(struct track_file *f, int64_t time_us, const struct assembly_frame *p)
{
	const struct matroska_track track = {
	        .codec = (enum codec)f->track.codec,
	        .width = p->width,
	        .height = p->height,
	        .key = p->data,
	        .key_len = p->len,
	};

	return begin(f, time_us, &track);
}

const struct state_time *track_file_last(const struct track_file *f)
{
	const struct state_time *last = NULL;

	if (f->file && f->resumed_ms >= 0)
		last = state_time_before(f->place, (uint32_t)f->resumed_ms);
	return last && last->file_ms == (uint32_t)f->resumed_ms ? last : NULL;
}

void track_file_join(struct track_file *f)
{
	f->joined = true;
}

void track_file_picture(
        struct track_file *f, int64_t time_us, struct state_time *place,
        const struct assembly_frame *p
)
{
	int64_t ms = (time_us - f->offset_us) / 1000;

	if (f->over)
		return;
	if (f->resumed_ms >= 0 && ms <= f->resumed_ms) {
		f->joined = ms == f->resumed_ms;
		return;
	}
	if (p->key || f->joined)
		f->wants_key = false;
	f->joined = false;
	if (f->wants_key || (!f->file && !begin_picture(f, time_us, p)))
		return;
	int ret = matroska_frame(
	        f->file, 0, (time_us - f->offset_us) / 1000, p->data, p->len, p->key
	);
	if (ret == -EINVAL)
		f->wants_key = true;
	else if (ret < 0)
		give_up(f, ret);
	else if (place)
		place->file_ms = (uint32_t)((time_us - f->offset_us) / 1000);
}

void track_file_break(struct track_file *f)
{
	f->joined = false;
	f->wants_key = true;
}

static bool begin_sound(struct track_file *f, int64_t time_us, const uint8_t *opus)
{
	bool stereo = f->track.kind == AM_RECORD_SCREEN_SOUND || (opus[0] & 4);
	const struct matroska_track track = {
	        .codec = CODEC_OPUS,
	        .channels = stereo ? 2 : 1,
	        .pre_skip = MATROSKA_PRE_SKIP,
	};

	if (!begin(f, time_us, &track))
		return false;
	gapless_init(&f->gapless, write_sound, f, 0);
	return true;
}

void track_file_sound(
        struct track_file *f, int64_t time_us, int level, struct state_time *place,
        const uint8_t *opus, size_t len
)
{
	if (f->over || time_us <= f->after_us || opus_duration_us(opus, len) == 0)
		return;
	if (!f->file && !begin_sound(f, time_us, opus))
		return;
	int64_t at_us = gapless_packet(&f->gapless, time_us - f->offset_us, level, opus, len);
	if (at_us >= 0 && place)
		place->file_ms = (uint32_t)(at_us / 1000);
}

// --- the rest ---

void track_file_tick(struct track_file *f, int64_t now_us, int64_t silence_us)
{
	if (!f->file)
		return;
	if (is_sound(f))
		gapless_silence(&f->gapless, silence_us - f->offset_us);
	int ret = f->file ? matroska_flush(f->file, now_us / 1000, false) : 0;
	if (ret < 0 && ret != -EAGAIN)
		give_up(f, ret);
	if (f->file)
		folder_report(f->folder, f->index, f->file);
}

void track_file_cut(struct track_file *f, int64_t end_us)
{
	if (!f->file)
		return;
	int ret = matroska_cut(f->file, (end_us - f->offset_us) / 1000);
	if (ret < 0) // then it is longer, and is reported so
		am_warning(
		        "recording: a track's file is not cut; recording=%016llx file=%u error=%s",
		        (unsigned long long)f->track.recording_id, f->index, strerror(-ret)
		);
	folder_report(f->folder, f->index, f->file);
}

void track_file_close(struct track_file *f, int64_t end_us)
{
	if (f->file && is_sound(f))
		gapless_silence(&f->gapless, end_us - f->offset_us);
	if (f->file) // the silence may have ended it
		end(f, (end_us - f->offset_us) / 1000);
	f->over = true;
}

void track_file_suspend(struct track_file *f)
{
	f->over = true;
	if (!f->file)
		return;
	(void)!matroska_flush(f->file, 0, true); // or else the rings still have it
	folder_report(f->folder, f->index, f->file);
	matroska_close(f->file, matroska_duration_ms(f->file));
	f->file = NULL;
}

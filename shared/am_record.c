#include "am_record.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define TIME_MAX_US (INT64_MAX / 4) // sums of a few times do not overflow

static const char *const names[AM_RECORD_TYPE_COUNT] = {
        [AM_RECORD_NONE] = "none",
        [AM_RECORD_HELLO] = "hello",
        [AM_RECORD_SET] = "set",
        [AM_RECORD_TRACK] = "track",
        [AM_RECORD_TRACK_END] = "track_end",
        [AM_RECORD_LEADER] = "leader",
        [AM_RECORD_SYNC] = "sync",
        [AM_RECORD_FORGET] = "forget",
        [AM_RECORD_STATE] = "state",
        [AM_RECORD_FILE] = "file",
        [AM_RECORD_KEY_FRAME] = "key_frame",
};

static const char *const error_names[AM_RECORD_ERROR_COUNT] = {
        [AM_RECORD_OK] = "none",
        [AM_RECORD_DISK_FULL] = "disk-full",
        [AM_RECORD_DISK_SLOW] = "disk-slow",
        [AM_RECORD_DISK_ERROR] = "disk-error",
        [AM_RECORD_NO_TAP] = "no-tap",
        [AM_RECORD_TOO_MANY] = "too-many",
        [AM_RECORD_ALONE] = "alone",
        [AM_RECORD_LIMIT] = "limit",
};

const char *am_record_name(uint16_t type)
{
	return type < AM_RECORD_TYPE_COUNT ? names[type] : "unknown";
}

const char *am_record_error_name(uint8_t error)
{
	return error < AM_RECORD_ERROR_COUNT ? error_names[error] : "unknown";
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

// A relative path of components that are neither empty nor hidden; so none is "." or "..".
static bool path_is_good(const char *path, size_t size, bool dots, int slashes)
{
	const char *end = memchr(path, '\0', size);
	bool begins = true; // a component

	if (!end)
		return false;
	for (const char *c = path; c < end; c++) {
		if (*c == '/') {
			if (begins || slashes-- == 0)
				return false;
			begins = true;
			continue;
		}
		if (!is_word(*c) && !(dots && *c == '.' && !begins))
			return false;
		begins = false;
	}
	return !begins;
}

static bool track_id_is_good(am_id id)
{
	return am_id_epoch(id) != 0 && am_id_slot(id) < AM_TRACK_MAX;
}

static bool hello_is_good(const struct am_record_hello *h)
{
	return h->magic == AM_RECORD_MAGIC && h->version == AM_RECORD_VERSION;
}

static bool set_is_good(const struct am_record_set *s)
{
	return s->recording_id != 0 && s->since_us > 0 && s->since_us <= TIME_MAX_US &&
	       s->run < AM_RECORD_RUN_COUNT && s->track_files <= 1 &&
	       path_is_good(s->dir, sizeof(s->dir), false, AM_RECORD_DIR_MAX);
}

static bool ids_are_good(const struct am_record_track *t)
{
	return t->recording_id != 0 && track_id_is_good(t->track_id);
}

static bool track_is_good(const struct am_record_track *t)
{
	if (!ids_are_good(t) || t->publisher == 0 || t->kind > AM_RECORD_SCREEN_SOUND)
		return false;
	bool sound = t->kind == AM_RECORD_VOICE || t->kind == AM_RECORD_SCREEN_SOUND;
	return t->codec < AM_CODEC_COUNT && (t->codec == AM_CODEC_OPUS) == sound &&
	       t->clock_rate >= 8000 && t->clock_rate <= 192000 && t->encoding_count >= 1 &&
	       t->encoding_count <= AM_ENCODING_MAX && t->paused <= 1;
}

static bool status_is_good(const struct am_record_status *s)
{
	return s->recording_id != 0 && s->began_us >= 0 && s->began_us <= TIME_MAX_US &&
	       s->state < AM_RECORD_STATE_COUNT && s->error < AM_RECORD_ERROR_COUNT;
}

static bool file_is_good(const struct am_record_file *f)
{
	bool of_track = f->kind <= AM_RECORD_SCREEN_SOUND;

	return f->recording_id != 0 && f->kind < AM_RECORD_KIND_COUNT &&
	       f->codec < AM_CODEC_COUNT && f->complete <= 1 && (f->publisher != 0) == of_track &&
	       (of_track ? track_id_is_good(f->track_id) : f->track_id == 0) &&
	       path_is_good(f->name, sizeof(f->name), true, 1);
}

static bool is_good(const struct am_record_msg *m)
{
	switch (m->type) {
	case AM_RECORD_HELLO: return hello_is_good(&m->hello);
	case AM_RECORD_SET: return set_is_good(&m->set);
	case AM_RECORD_TRACK: return track_is_good(&m->track);
	case AM_RECORD_TRACK_END:
	case AM_RECORD_KEY_FRAME: return ids_are_good(&m->track);
	case AM_RECORD_LEADER: return m->leader.recording_id != 0;
	case AM_RECORD_SYNC: return true;
	case AM_RECORD_FORGET: return m->set.recording_id != 0;
	case AM_RECORD_STATE: return status_is_good(&m->state);
	case AM_RECORD_FILE: return file_is_good(&m->file);
	default: return false;
	}
}

int am_record_check(const struct am_record_msg *m, size_t len)
{
	return len == sizeof(*m) && is_good(m) ? 0 : -EINVAL;
}

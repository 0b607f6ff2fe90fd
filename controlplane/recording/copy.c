#include "recording/copy.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/memory.h"
#include "recording/files.h"
#include "recording/people.h"
#include "recording/scribe.h"
#include "recording/state.h"
#include "recording/vtt.h"
#include "store/recording_json.h"

#include "am_log.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READ_MAX    (4u << 20) // bytes
#define SECONDS_MAX 1e9

static bool path_print(char path[PATH_MAX], const struct recording *r, const char *name)
{
	int len = snprintf(path, PATH_MAX, "%s/%s%s", r->all->directory, r->directory, name);
	return len < PATH_MAX;
}

static struct json *participants_json(const struct recording *r)
{
	struct json *list = json_new_array();

	for (uint32_t i = 0; i < r->participant_count; i++) {
		const struct participant *p = &r->participants[i];
		struct json *j = json_new_object();
		json_add_string(j, "peerId", p->peer_id);
		json_add_string(j, "displayName", p->name);
		json_add_int(j, "publisher", (int64_t)p->publisher);
		json_push(list, j);
	}
	return list;
}

static struct json *leaders_json(const struct recording *r)
{
	struct json *list = json_new_array();

	for (uint32_t i = 0; i < r->leading_count; i++) {
		const struct participant *p = people_find(r, r->leadings[i].publisher);
		struct json *j = json_new_object();
		json_add_number(j, "time", (double)r->leadings[i].time_ms / 1e3);
		if (p)
			json_add_string(j, "peerId", p->peer_id);
		else
			json_add_null(j, "peerId");
		json_add_int(j, "publisher", (int64_t)r->leadings[i].publisher);
		json_push(list, j);
	}
	return list;
}

static struct json *pauses_json(const struct recording *r)
{
	struct json *list = json_new_array();
	int64_t now_us = (int64_t)(clock_monotonic_ns() / 1000);

	for (uint32_t i = 0; i < r->pause_count; i++) {
		const struct pausing *p = &r->pauses[i];
		int64_t until_us = p->until_us ? p->until_us : now_us;
		struct json *j = json_new_object();
		json_add_number(j, "time", (double)p->time_ms / 1e3);
		json_add_number(j, "seconds", (double)(until_us - p->since_us) / 1e6);
		json_push(list, j);
	}
	return list;
}

static struct json *files_json(const struct recording *r)
{
	struct json *list = json_new_array();

	for (uint32_t i = 0; i < r->file_count; i++) {
		struct json *j = recording_file_json(&r->files[i].row);
		if (r->files[i].publisher)
			json_add_int(j, "publisher", (int64_t)r->files[i].publisher);
		json_push(list, j);
	}
	return list;
}

static char *print(const struct recording *r)
{
	struct json *j = recording_json(&r->row);

	json_add(j, "files", files_json(r));
	json_add(j, "participants", participants_json(r));
	json_add(j, "leaders", leaders_json(r));
	json_add(j, "pauses", pauses_json(r));
	char *text = json_print(j);
	json_free(j);
	return text;
}

void copy_write(struct recording *r, bool now)
{
	uint64_t now_ms = loop_now_ms(r->all->loop);
	uint64_t pace_ms = r->copy_len < COPY_LARGE ? COPY_MS : COPY_MS_LARGE;
	char path[PATH_MAX];

	if (!r->copy_due || (!now && now_ms - r->copied_ms < pace_ms) ||
	    !path_print(path, r, "/recording.json"))
		return;
	char *text = print(r);
	r->copy_due = false;
	r->copied_ms = now_ms;
	r->copy_len = strlen(text);
	scribe_write(r->all->scribe, path, text, r->copy_len);
}

static void speakers_write(struct recording *r, int64_t duration_ms)
{
	struct vtt_speaker *list = memory_new(r->leading_count, sizeof(*list));
	char path[PATH_MAX];
	int64_t time_ms = 0;
	size_t len;

	for (uint32_t i = 0; i < r->leading_count; i++) {
		const struct participant *p = people_find(r, r->leadings[i].publisher);
		if (r->leadings[i].time_ms > time_ms)
			time_ms = r->leadings[i].time_ms;
		list[i] = (struct vtt_speaker){time_ms, p ? p->name : NULL};
	}
	char *text = vtt_speakers(list, r->leading_count, duration_ms, &len);
	free(list);
	if (!text || !path_print(path, r, "/speakers.vtt"))
		return free(text);
	files_add(r, "speakers.vtt", "speakers", duration_ms, len);
	scribe_write(r->all->scribe, path, text, len);
}

void copy_finish(struct recording *r)
{
	int64_t duration_ms = (int64_t)r->status.duration_ms;
	char path[PATH_MAX];

	if (r->leading_count > 0)
		speakers_write(r, duration_ms);
	r->chat_due = files_have_chat(r) && path_print(path, r, "");
	if (r->chat_due)
		scribe_chat(r->all->scribe, path, r->id, duration_ms);
}

static int64_t thousandths(const struct json *j, const char *key)
{
	double seconds;

	if (!json_number(json_member(j, key), &seconds) || !(seconds >= 0 && seconds < SECONDS_MAX))
		return 0;
	return (int64_t)(seconds * 1e3);
}

static uint64_t publisher_read(const struct json *j)
{
	int64_t n;
	return json_int(j, "publisher", 1, (int64_t)1 << 53, &n) ? (uint64_t)n : 0;
}

static void read_all(struct recording *r, const struct json *j)
{
	const struct json *e;

	for (e = json_first(json_array(j, "participants")); e; e = json_next(e)) {
		const char *id = json_string(e, "peerId", PEER_ID_SIZE - 1);
		const char *name = json_string(e, "displayName", PEER_NAME_SIZE - 1);
		uint64_t publisher = publisher_read(e);
		if (id && name && publisher)
			people_add(r, publisher, id, name);
	}
	for (e = json_first(json_array(j, "leaders")); e; e = json_next(e))
		people_lead(r, publisher_read(e), thousandths(e, "time"));
	for (e = json_first(json_array(j, "pauses")); e; e = json_next(e)) {
		people_pause(r, thousandths(e, "time"), 0);
		people_resume(r, 1000 * thousandths(e, "seconds"));
	}
	if (r->state == RECORDING_PAUSED && r->pause_count > 0) { // that one lasts
		struct pausing *last = &r->pauses[r->pause_count - 1];
		last->since_us = (int64_t)(clock_monotonic_ns() / 1000) - last->until_us;
		last->until_us = 0;
	}
}

void copy_read(struct recording *r)
{
	char path[PATH_MAX];
	FILE *f = path_print(path, r, "/recording.json") ? fopen(path, "re") : NULL;

	if (!f)
		return;
	char *text = memory_new(READ_MAX, 1);
	struct json *j = json_parse(text, fread(text, 1, READ_MAX, f));
	fclose(f);
	free(text);
	if (!j)
		am_warning("recording: cannot be read; path=%s", path);
	read_all(r, j);
	json_free(j);
}

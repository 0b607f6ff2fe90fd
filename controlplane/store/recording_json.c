#include "store/recording_json.h"

#include "base/iso8601.h"
#include "base/json.h"
#include "store/recordings.h"

#include <inttypes.h>
#include <stdio.h>

static void time_add(struct json *j, const char *key, int64_t ms)
{
	char text[ISO8601_SIZE];

	if (ms == 0) {
		json_add_null(j, key);
		return;
	}
	iso8601_print(text, ms);
	json_add_string(j, key, text);
}

static void text_add(struct json *j, const char *key, const char *text)
{
	if (text && text[0])
		json_add_string(j, key, text);
	else
		json_add_null(j, key);
}

static struct json *person_json(const char *peer_id, const char *display_name)
{
	struct json *j = json_new_object();

	json_add_string(j, "peerId", peer_id);
	json_add_string(j, "displayName", display_name ? display_name : "");
	return j;
}

struct json *recording_json(const struct recording_row *r)
{
	struct json *j = json_new_object();
	char id[17];

	snprintf(id, sizeof(id), "%016" PRIx64, r->id);
	json_add_string(j, "id", id);
	json_add_string(j, "roomId", r->room ? r->room : "");
	json_add_string(j, "state", recording_state_name(r->state));
	text_add(j, "reason", recording_reason_name(r->reason));
	time_add(j, "startedAt", r->started_ms);
	time_add(j, "stoppedAt", r->stopped_ms);
	json_add_number(j, "duration", (double)r->duration_ms / 1000);
	json_add_int(j, "bytes", (int64_t)r->bytes);
	if (r->by_id && r->by_id[0])
		json_add(j, "by", person_json(r->by_id, r->by_name));
	else
		json_add_null(j, "by");
	return j;
}

struct json *recording_file_json(const struct recording_file_row *f)
{
	struct json *j = json_new_object();

	json_add_string(j, "name", f->name ? f->name : "");
	json_add_string(j, "kind", f->kind ? f->kind : "");
	text_add(j, "codec", f->codec);
	text_add(j, "peerId", f->peer_id);
	text_add(j, "displayName", f->display_name);
	json_add_number(j, "offset", (double)f->offset_ms / 1000);
	json_add_number(j, "duration", (double)f->duration_ms / 1000);
	json_add_int(j, "bytes", (int64_t)f->bytes);
	return j;
}

#include "protoo/wire.h"

#include "base/json.h"
#include "recording/recording.h"
#include "room/peer.h"
#include "room/room.h"
#include "terms/id.h"

#include <string.h>

struct json *wire_id(const char *key, am_id id)
{
	struct json *j = json_new_object();

	json_add_id(j, key, id);
	return j;
}

struct json *wire_made(const char *key, am_id id)
{
	struct json *j = wire_id("id", id);

	json_add_id(j, key, id);
	return j;
}

struct json *wire_peer(const struct peer *p)
{
	struct json *j = json_new_object();
	struct json *device = json_parse(p->device, strlen(p->device));

	json_add_string(j, "id", p->id);
	json_add_string(j, "peerId", p->id);
	json_add_string(j, "displayName", p->display_name);
	json_add(j, "device", device ? device : json_new_object());
	json_add_bool(j, "speaker", p->rights.speaker);
	json_add_bool(j, "moderator", p->rights.moderator);
	return j;
}

struct json *wire_waiting(const struct peer *p)
{
	struct json *j = json_new_object();

	json_add_string(j, "id", p->id);
	json_add_string(j, "peerId", p->id);
	json_add_string(j, "displayName", p->display_name);
	return j;
}

struct json *wire_room(const struct room *r, bool waiting_room)
{
	struct json *j = json_new_object();

	json_add_bool(j, "waitingRoom", waiting_room);
	if (r->rules.video)
		json_add_string(j, "video", r->rules.video);
	if (r->rules.start_time_ms)
		json_add_int(j, "startTime", r->rules.start_time_ms);
	if (r->bitrate)
		json_add_int(j, "bitrate", r->bitrate);
	return j;
}

struct json *wire_recording(const struct recording_view *v)
{
	bool stopped = v->state == RECORDING_STOPPING || v->state == RECORDING_READY;
	struct json *j = json_new_object(), *by = json_new_object();

	json_add_string(j, "state", stopped ? "stopped" : recording_state_name(v->state));
	json_add_number(j, "elapsed", (double)v->elapsed_ms / 1e3);
	if (v->reason)
		json_add_string(j, "reason", recording_reason_name(v->reason));
	else
		json_add_null(j, "reason");
	if (v->by_id) {
		json_add_string(by, "peerId", v->by_id);
		json_add_string(by, "displayName", v->by_name ? v->by_name : "");
		json_add(j, "by", by);
	} else {
		json_add_null(j, "by");
		json_free(by);
	}
	json_add_string(j, "consent", v->asks_consent ? "ask" : "notice");
	return j;
}

void wire_add_rights(struct json *j, const struct rights *r)
{
	json_add_bool(j, "speaker", r->speaker);
	json_add_bool(j, "moderator", r->moderator);
	json_add_bool(j, "canRecord", r->can_record);
	json_add_bool(j, "chat", r->chat);
	json_add_bool(j, "hand", r->hand);
}

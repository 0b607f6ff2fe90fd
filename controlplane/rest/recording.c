// Recordings of rooms that exist now: starting, stopping, and what people are told.
#include "rest/handlers.h"

#include "account/account.h"
#include "base/json.h"
#include "conference/conference.h"
#include "http/http.h"
#include "recording/recording.h"
#include "rest/answer.h"
#include "store/recording_json.h"

#include <errno.h>

#define RETRY_S "1"

static struct room *room_of(const struct rest_call *call)
{
	return rooms_find(
	        conference_rooms(call->rest->conference), call->account->id, call->arguments[0]
	);
}

// The recording as GET /api/recordings/<id> shows it, without its files; null: there is none.
static struct json *room_recording_json(const struct rest_call *call, const struct room *r)
{
	const struct recording_view *v = conference_recording(call->rest->conference, r);

	if (!v)
		return json_new_raw("null");
	struct recording_row row = *v->row;
	row.duration_ms = v->elapsed_ms;
	return recording_json(&row);
}

static void
answer_recording(const struct rest_call *call, const struct room *r, struct http_response *response)
{
	struct json *body = json_new_object();

	json_add(body, "recording", room_recording_json(call, r));
	rest_answer(response, 200, body);
}

static void answer_refusal(struct http_response *r, int error)
{
	switch (error) {
	case -ENOENT: return rest_answer_error(r, 404, "nothing is being recorded in this room");
	case -ENOTCONN:
		rest_answer_error(r, 503, "the recorder or the data plane is not running");
		return http_add_header(r, "Retry-After", RETRY_S);
	case -EMFILE:
		rest_answer_error(r, 503, "this server makes as many recordings as it can");
		return http_add_header(r, "Retry-After", RETRY_S);
	case -ENOSPC: return rest_answer_error(r, 507, "the disk for recordings is nearly full");
	case -EDQUOT:
		return rest_answer_error(
		        r, 507,
		        "the account's recordings have reached max-recorded-mib: remove some"
		);
	default: return rest_answer_error(r, 500, "server error");
	}
}

typedef int record_fn(struct conference *, struct room *, const struct peer *by);

static void record(const struct rest_call *call, struct http_response *response, record_fn *fn)
{
	struct room *r = room_of(call);

	if (!r)
		return rest_answer_error(response, 404, "room not found");
	int ret = fn(call->rest->conference, r, NULL);
	if (ret < 0)
		return answer_refusal(response, ret);
	answer_recording(call, r, response);
}

void rest_recording_start(const struct rest_call *call, struct http_response *r)
{
	record(call, r, conference_record_start);
}

void rest_recording_stop(const struct rest_call *call, struct http_response *r)
{
	record(call, r, conference_record_stop);
}

void rest_recording_pause(const struct rest_call *call, struct http_response *r)
{
	record(call, r, conference_record_pause);
}

void rest_recording_resume(const struct rest_call *call, struct http_response *r)
{
	record(call, r, conference_record_resume);
}

void rest_recording_of_room(const struct rest_call *call, struct http_response *response)
{
	const struct room *r = room_of(call);

	if (!r)
		return rest_answer_error(response, 404, "room not found");
	answer_recording(call, r, response);
}

// What is told before joining: who started the recording is for those in the room.
static struct json *stranger_json(const struct recording_view *v)
{
	struct json *j = json_new_object();

	json_add_string(j, "state", recording_state_name(v->state));
	json_add_number(j, "elapsed", (double)v->elapsed_ms / 1e3);
	json_add_null(j, "reason");
	json_add_string(j, "consent", v->asks_consent ? "ask" : "notice");
	return j;
}

int rest_recording_of_page(const struct rest_call *call, struct json **out)
{
	const struct http_request *q = call->request;
	const char *name = http_query(q, "roomId");
	const struct account *a =
	        accounts_by_host(call->rest->accounts, http_header(q, "Host"), http_is_local(q));
	const struct room *r =
	        a && name ? rooms_find(conference_rooms(call->rest->conference), a->id, name)
	                  : NULL;
	const struct recording_view *v = r ? conference_recording(call->rest->conference, r) : NULL;

	*out = json_new_object();
	if (v && v->state <= RECORDING_PAUSED)
		json_add(*out, "recording", stranger_json(v));
	else
		json_add_null(*out, "recording");
	return 0;
}

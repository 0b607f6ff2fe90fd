// Recordings that the account has: lists, one of them, removing one.
#include "rest/handlers.h"

#include "account/account.h"
#include "archive/archive.h"
#include "base/iso8601.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "http/http.h"
#include "rest/answer.h"
#include "rest/recording_id.h"
#include "terms/kinds.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CURSOR_SIZE 48

void rest_archive_refuse(struct http_later *later, int error)
{
	switch (error) {
	case -ENOENT: return rest_answer_error_later(later, 404, "recording not found");
	case -ENODATA: return rest_answer_error_later(later, 404, "file not found");
	case -EBUSY:
		return rest_answer_error_later(
		        later, 409, "the recording is not finished: stop it first"
		);
	case -EAGAIN:
		return rest_answer_error_later(
		        later, 503, "too many queries at once: try again later"
		);
	case -ECANCELED: return rest_answer_error_later(later, 503, "the server is stopping");
	default: return rest_answer_error_later(later, 500, "server error");
	}
}

// Where the next page begins: the time and the id of this page's last recording.
static void cursor_print(char out[CURSOR_SIZE], const struct archive_list *l)
{
	snprintf(out, CURSOR_SIZE, "%" PRId64 "-%016" PRIx64, l->last_ms, l->last);
}

static bool cursor_read(const char *text, struct archive_query *q)
{
	const char *dash = strchr(text, '-');
	char time[24];

	if (!dash || dash - text >= (ptrdiff_t)sizeof(time) ||
	    !recording_id_read(dash + 1, &q->after))
		return false;
	snprintf(time, sizeof(time), "%.*s", (int)(dash - text), text);
	return text_number(time, 0, INT64_MAX, &q->after_ms);
}

// Returns what is wrong with the query, or NULL.
static const char *query_read(const struct http_request *request, struct archive_query *q)
{
	const char *from = http_query(request, "from"), *to = http_query(request, "to");
	const char *after = http_query(request, "after"), *limit = http_query(request, "limit");
	int64_t count = ARCHIVE_LIST_MAX;

	q->room = http_query(request, "room");
	if (q->room && !text_is_token(q->room, ROOM_NAME_MAX))
		return "room must be a room's id: 1 to 64 characters of A-Z a-z 0-9 _ -";
	if (from && !iso8601_parse(from, &q->from_ms))
		return "from must be a time in ISO 8601";
	if (to && !iso8601_parse(to, &q->to_ms))
		return "to must be a time in ISO 8601";
	if (after && !cursor_read(after, q))
		return "after must be the `next` of the page before";
	if (limit && !text_number(limit, 1, ARCHIVE_LIST_MAX, &count))
		return "limit must be a number from 1 to 100";
	q->limit = (uint32_t)count;
	return NULL;
}

// A page that is full may be the last one, and the next one is then empty.
struct listing {
	struct http_later *later;
	uint32_t limit;
};

static void listed(void *owner, int result, const struct archive_list *l)
{
	struct listing *asked = owner;
	struct http_later *later = asked->later;
	bool full = l && l->count == asked->limit;
	char next[CURSOR_SIZE];

	free(asked);
	if (result < 0)
		return rest_archive_refuse(later, result);
	struct json *body = json_new_object();
	json_add(body, "data", l->recordings);
	if (full) {
		cursor_print(next, l);
		json_add_string(body, "next", next);
	} else {
		json_add_null(body, "next");
	}
	rest_answer_later(later, 0, 200, body);
}

void rest_recordings(const struct rest_call *call, struct http_response *r)
{
	struct archive_query q = {.account_id = call->account->id};
	const char *wrong = query_read(call->request, &q);

	if (wrong)
		return rest_answer_error(r, 400, wrong);
	struct listing *asked = memory_new(1, sizeof(*asked));
	*asked = (struct listing){http_defer(call->request), q.limit};
	archive_list(call->rest->archive, &q, listed, asked);
}

// A question about one recording.
struct look {
	const struct rest *rest;
	struct http_later *later;
	uint64_t account_id;
};

static void one_found(void *owner, int result, const struct archive_list *l)
{
	const struct look k = *(struct look *)owner;

	free(owner);
	if (result == 0 && l->count == 0) {
		json_free(l->recordings);
		result = -ENOENT;
	}
	if (result < 0)
		return rest_archive_refuse(k.later, result);
	struct json *body = json_copy(json_first(l->recordings));
	json_free(l->recordings);
	json_add(body, "composition", rest_composition_json(k.rest, k.account_id, l->last));
	rest_answer_later(k.later, 0, 200, body);
}

static void removed(void *later, int result)
{
	if (result < 0)
		return rest_archive_refuse(later, result);
	struct json *body = json_new_object();
	json_add_bool(body, "removed", true);
	rest_answer_later(later, 0, 200, body);
}

void rest_recording(const struct rest_call *call, struct http_response *r)
{
	struct archive_query q = {.account_id = call->account->id, .limit = 1};

	if (!recording_id_read(call->arguments[0], &q.id))
		return rest_answer_error(r, 404, "recording not found");
	struct http_later *later = http_defer(call->request);
	if (strcmp(call->request->method, "DELETE") == 0)
		return archive_remove(call->rest->archive, q.account_id, q.id, removed, later);
	struct look *k = memory_new(1, sizeof(*k));
	*k = (struct look){call->rest, later, q.account_id};
	archive_list(call->rest->archive, &q, one_found, k);
}

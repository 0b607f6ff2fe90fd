// One video of a recording.
#include "rest/handlers.h"

#include "account/account.h"
#include "archive/archive.h"
#include "archive/composer.h"
#include "base/json.h"
#include "http/http.h"
#include "rest/answer.h"
#include "rest/recording_id.h"
#include "store/recordings.h"

#include <errno.h>

#define WORD_MAX 16 // bytes

static void refuse(struct http_later *later, int error)
{
	switch (error) {
	case -EBUSY: return rest_answer_error_later(later, 409, "the recording is not ready");
	case -EALREADY:
		return rest_answer_error_later(
		        later, 409,
		        "another video of this recording is being made: wait until it is done"
		);
	case -EDQUOT:
		return rest_answer_error_later(
		        later, 503, "too many recordings wait for their video: try again later"
		);
	case -ENOPKG:
		return rest_answer_error_later(
		        later, 501,
		        "this server has no amphi-compose: install the development packages of "
		        "FFmpeg and Pango (scripts/setup), build the target amphi-compose, and "
		        "put it beside amphi-controlplane or in a folder of PATH"
		);
	default: return rest_archive_refuse(later, error);
	}
}

static void answered(void *later, int result, const struct composition_view *v)
{
	if (result < 0)
		return refuse(later, result);
	struct json *body = json_new_object();
	json_add(body, "composition", composition_json(v));
	rest_answer_later(later, 0, v->state == COMPOSITION_DONE ? 200 : 202, body);
}

// A word of the body, or the standard one. NULL: it is not one that is known.
static const char *word_read(
        const struct json *body, const char *key, const char *standard,
        const char *(*find)(const char *)
)
{
	const char *word = json_string(body, key, WORD_MAX);

	if (!json_has(body, key))
		word = standard;
	return word ? find(word) : NULL;
}

// Returns what is wrong with the request, or NULL.
static const char *
request_read(const struct http_request *q, const char **layout, const char **format)
{
	static const char nothing[] = "{}";
	struct json *body =
	        json_parse(q->body_len ? q->body : nothing, q->body_len ? q->body_len : 2);
	const char *wrong = NULL;

	*layout = word_read(body, "layout", "share", composer_layout);
	*format = word_read(body, "format", "mp4", composer_format);
	if (!json_is_object(body))
		wrong = "the body must be a JSON object";
	else if (!*layout)
		wrong = "layout must be " COMPOSER_LAYOUTS;
	else if (!*format)
		wrong = "format must be " COMPOSER_FORMATS;
	json_free(body);
	return wrong;
}

static bool account_is_full(const struct rest_call *call)
{
	const struct account *a = call->account;

	return a->recorded_mib_max &&
	       history_recorded_bytes(call->rest->history, a->id) >> 20 >= a->recorded_mib_max;
}

void rest_recording_compose(const struct rest_call *call, struct http_response *r)
{
	const char *layout, *format, *wrong = request_read(call->request, &layout, &format);
	uint64_t id;

	if (wrong)
		return rest_answer_error(r, 400, wrong);
	if (!recording_id_read(call->arguments[0], &id))
		return rest_answer_error(r, 404, "recording not found");
	if (account_is_full(call))
		return rest_answer_error(
		        r, 507,
		        "the account's recordings have reached max-recorded-mib: remove some"
		);
	composer_ask(
	        archive_composer(call->rest->archive), call->account->id, id, layout, format,
	        answered, http_defer(call->request)
	);
}

struct json *rest_composition_json(const struct rest *r, uint64_t account_id, uint64_t id)
{
	struct composition_view v;

	return composer_find(archive_composer(r->archive), account_id, id, &v)
	               ? composition_json(&v)
	               : json_new_raw("null");
}

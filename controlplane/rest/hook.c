#include "rest/handlers.h"

#include "account/account.h"
#include "base/json.h"
#include "hook/hook.h"
#include "http/http.h"
#include "rest/answer.h"

#include <errno.h>

void rest_hook_events(const struct rest_call *call, struct http_response *)
{
	const struct http_request *q = call->request;
	const char *after = http_query(q, "after"), *limit = http_query(q, "limit");
	struct http_later *later = http_defer(q);

	if (hook_replay(
	            call->rest->hooks, call->account->id, after, limit, rest_answer_later, later
	    ) != 0)
		return;
	bool full = errno == EAGAIN;
	struct json *body = json_new_object();
	json_add_string(
	        body, "error",
	        full ? "too many queries at once: try again later"
	             : "after and limit must be numbers, limit from 1 to 1000"
	);
	rest_answer_later(later, 0, full ? 503 : 400, body);
}

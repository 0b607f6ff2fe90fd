#include "rest/rest.h"

#include "account/account.h"
#include "base/json.h"
#include "hook/hook.h"
#include "http/http.h"

#include <errno.h>

static void answered(void *owner, uint64_t, unsigned status, struct json *body)
{
	struct http_response r = {.file = -1};

	rest_answer(&r, status, body);
	if (status == 503)
		http_add_header(&r, "Retry-After", REST_RETRY_S);
	http_deliver(owner, &r);
}

void rest_hook_events(const struct rest_call *call, struct http_response *)
{
	const struct http_request *q = call->request;
	const char *after = http_query(q, "after"), *limit = http_query(q, "limit");
	struct http_later *later = http_defer(q);

	if (hook_replay(call->rest->hooks, call->account->id, after, limit, answered, later) != 0)
		return;
	bool full = errno == EAGAIN;
	struct json *body = json_new_object();
	json_add_string(
	        body, "error",
	        full ? "too many queries at once: try again later"
	             : "after and limit are numbers, limit from 1 to 1000"
	);
	answered(later, 0, full ? 503 : 400, body);
}

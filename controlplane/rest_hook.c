#include "rest.h"

#include "account.h"
#include "hook.h"
#include "http.h"
#include "json.h"

static void answered(void *owner, uint64_t, unsigned status, struct json *body)
{
	struct http_response r = {.file = -1};

	rest_answer(&r, status, body);
	http_deliver(owner, &r);
}

void rest_hook_events(const struct rest_call *call, struct http_response *)
{
	const struct http_request *q = call->request;

	hook_replay(
	        call->rest->hooks, call->account->id, http_query(q, "after"),
	        http_query(q, "limit"), answered, http_defer(q)
	);
}

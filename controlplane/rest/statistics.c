#include "rest/handlers.h"

#include "account/account.h"
#include "base/json.h"
#include "http/http.h"
#include "rest/answer.h"
#include "statistics/statistics.h"

#include <stdlib.h>
#include <string.h>

typedef uint64_t
question(struct statistics *, const struct statistics_query *, statistics_done *, void *owner);

static void ask(const struct rest_call *call, question *q)
{
	const struct http_request *request = call->request;
	const struct statistics_query query = {
	        .account_id = call->account->id,
	        .room_id = http_query(request, "room_id"),
	        .from = http_query(request, "from"),
	        .to = http_query(request, "to"),
	        .after = http_query(request, "after"),
	        .limit = http_query(request, "limit"),
	};

	q(call->rest->statistics, &query, rest_answer_later, http_defer(request));
}

void rest_statistics_summary(const struct rest_call *call, struct http_response *)
{
	ask(call, statistics_summary);
}

void rest_statistics_peers(const struct rest_call *call, struct http_response *)
{
	ask(call, statistics_peers);
}

void rest_statistics_error(struct http_response *r, unsigned status, const char *text)
{
	struct json *body = json_new_object(), *errors = json_new_array();

	json_add_null(body, "data");
	json_push(errors, json_new_string(text));
	json_add(body, "errors", errors);
	rest_answer(r, status, body);
}

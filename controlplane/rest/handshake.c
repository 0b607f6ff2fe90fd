#include "rest/handlers.h"

#include "base/json.h"
#include "http/http.h"
#include "rest/answer.h"
#include "signaling/signaling.h"

#include <stdlib.h>

// Browsers do not tell their pages why a WebSocket was refused; this does, for the same query. It
// has no Access-Control-Allow-Origin, so that no other site's page can read it.
void rest_handshake(const struct rest_call *call, struct http_response *r)
{
	struct handshake_refusal refused;
	struct json *body;

	struct application *a =
	        signaling_apply(call->rest->signaling, call->request, false, &refused);
	if (!a) {
		body = signaling_refuse(&refused, r);
		return rest_answer(r, r->status, body);
	}
	free(a);
	body = json_new_object();
	json_add_bool(body, "ok", true);
	rest_answer(r, 200, body);
}

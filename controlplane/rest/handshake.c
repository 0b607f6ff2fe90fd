#include "rest/rest.h"

#include "base/json.h"
#include "http/http.h"
#include "signaling/admission.h"
#include "signaling/signaling.h"

#include <stdio.h>
#include <stdlib.h>

static struct application *
apply(const struct rest_call *call, struct http_response *r, enum refusal *refusal,
      const char **why)
{
	uint32_t wait_s;
	char after[16];

	if (signaling_allows(call->rest->signaling, call->request, &wait_s))
		return admission_apply(call->rest->admissions, call->request, refusal, why);
	*refusal = REFUSAL_TOO_MANY_CONNECTIONS;
	*why = SIGNALING_TOO_MANY;
	snprintf(after, sizeof(after), "%u", wait_s);
	http_add_header(r, "Retry-After", after);
	return NULL;
}

// Browsers do not tell their pages why a WebSocket was refused; this does, for the same query. It
// has no Access-Control-Allow-Origin, so that no other site's page can read it.
void rest_handshake(const struct rest_call *call, struct http_response *r)
{
	enum refusal refusal;
	const char *why;

	struct application *a = apply(call, r, &refusal, &why);
	struct json *body = a ? json_new_object() : refusal_json(refusal, why);
	if (a)
		json_add_bool(body, "ok", true);
	rest_answer(r, a ? 200 : refusal_status(refusal), body);
	free(a);
}

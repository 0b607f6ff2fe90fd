#include "rest/handlers.h"

#include "base/json.h"
#include "base/memory.h"
#include "conference/conference.h"
#include "http/http.h"
#include "media/media.h"
#include "rest/answer.h"
#include "rest/exposition.h"
#include "rest/openapi.h"
#include "room/ortc.h"

#include <string.h>

int rest_server_config(const struct rest_call *call, struct json **out)
{
	*out = json_new_object();
	json_add_int(*out, "node", call->rest->settings->node);
	return 0;
}

int rest_server_healthz(const struct rest_call *, struct json **out)
{
	*out = json_new_object();
	json_add_bool(*out, "ok", true);
	return 0;
}

// What a page needs before it has joined. The version in `admitted` on the WebSocket says whether
// this is still valid.
int rest_server_capabilities(const struct rest_call *, struct json **out)
{
	*out = json_new_object();
	json_add_string(*out, "version", ortc_router_version());
	json_add(*out, "routerRtpCapabilities", ortc_router_capabilities());
	return 0;
}

// 200 while browsers can be let in; else 503 and the reason.
void rest_server_readyz(const struct rest_call *call, struct http_response *r)
{
	bool ready = media_is_up(conference_media(call->rest->conference));
	struct json *body = json_new_object();

	json_add_bool(body, "ready", ready);
	if (!ready)
		json_add_string(body, "error", "the data plane is not attached");
	rest_answer(r, ready ? 200 : 503, body);
}

void rest_server_metrics(const struct rest_call *call, struct http_response *r)
{
	r->status = 200;
	r->type = "text/plain; version=0.0.4; charset=utf-8";
	r->body = exposition_print(call->rest);
	r->body_len = strlen(r->body);
	http_add_header(r, "Cache-Control", "no-store");
}

void rest_server_openapi(const struct rest_call *, struct http_response *r)
{
	r->status = 200;
	r->type = "application/json";
	r->body = memory_copy_string(openapi_text());
	r->body_len = strlen(r->body);
	http_add_header(r, "Cache-Control", "no-cache");
	http_add_header(r, "Access-Control-Allow-Origin", "*");
}

#include "rest/answer.h"

#include "base/json.h"
#include "http/http.h"

#include <string.h>

#define RETRY_S "1" // Retry-After if something is full at the moment

void rest_answer(struct http_response *r, unsigned status, struct json *body)
{
	r->status = status;
	r->type = "application/json";
	r->body = json_print(body);
	r->body_len = strlen(r->body);
	http_add_header(r, "Cache-Control", "no-store");
	json_free(body);
}

void rest_answer_later(void *later, uint64_t, unsigned status, struct json *body)
{
	struct http_response r = {.file = -1};

	rest_answer(&r, status, body);
	if (status == 503)
		http_add_header(&r, "Retry-After", RETRY_S);
	http_deliver(later, &r);
}

static struct json *error_json(const char *text)
{
	struct json *body = json_new_object();

	json_add_string(body, "error", text);
	return body;
}

void rest_answer_error(struct http_response *r, unsigned status, const char *text)
{
	rest_answer(r, status, error_json(text));
}

void rest_answer_error_later(struct http_later *later, unsigned status, const char *text)
{
	rest_answer_later(later, 0, status, error_json(text));
}

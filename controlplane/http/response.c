#include "http/response.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void http_add_header(struct http_response *r, const char *name, const char *value)
{
	assert(r->header_count < HTTP_HEADERS_MAX);
	r->headers[r->header_count].name = name;
	r->headers[r->header_count++].value = memory_copy_string(value);
}

void http_clear_headers(struct http_response *r)
{
	while (r->header_count > 0)
		free(r->headers[--r->header_count].value);
}

void http_set_json(struct http_response *r, unsigned status, const char *body)
{
	r->status = status;
	r->type = "application/json";
	r->body = memory_copy_string(body);
	r->body_len = strlen(body);
}

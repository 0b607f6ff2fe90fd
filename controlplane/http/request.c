#include "http/request.h"

#include <microhttpd.h>
#include <string.h>
#include <strings.h>

#define FORM_BUFFER 1024

bool http_is_local(const struct http_request *q)
{
	return q->address_is_sure && address_is_loopback(&q->address);
}

bool http_is_secure(const struct http_request *q)
{
	const char *protocol = http_header(q, "X-Forwarded-Proto");

	return q->secure || (protocol && strcasecmp(protocol, "https") == 0);
}

const char *http_header(const struct http_request *r, const char *name)
{
	return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

const char *http_query(const struct http_request *r, const char *name)
{
	return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
}

struct form_search {
	const char *name;
	char *value;
	size_t size, len;
	bool found, too_long;
};

// Receives a value piece by piece.
static enum MHD_Result form_field(
        void *owner, enum MHD_ValueKind, const char *name, const char *, const char *, const char *,
        const char *data, uint64_t at, size_t len
)
{
	struct form_search *s = owner;

	if (!name || strcmp(name, s->name) != 0)
		return MHD_YES;
	if (at == 0)
		s->len = 0; // of fields with the same name, the last one counts
	s->found = true;
	s->too_long = s->len + len >= s->size || (len > 0 && memchr(data, '\0', len));
	if (s->too_long)
		return MHD_NO;
	memcpy(s->value + s->len, data, len);
	s->len += len;
	return MHD_YES;
}

bool http_form(const struct http_request *q, const char *name, char *value, size_t size)
{
	struct form_search s = {.name = name, .value = value, .size = size};
	struct MHD_PostProcessor *form =
	        MHD_create_post_processor(q->connection, FORM_BUFFER, form_field, &s);

	if (!form)
		return false;
	MHD_post_process(form, q->body, q->body_len);
	MHD_destroy_post_processor(form); // which passes on the rest
	value[s.too_long ? 0 : s.len] = '\0';
	return s.found && !s.too_long;
}

bool http_unescape(char *s)
{
	size_t len = MHD_http_unescape(s);
	return memchr(s, '\0', len) == NULL;
}

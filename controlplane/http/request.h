// A request, and what handlers ask of it.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"

#define HTTP_BODY_MAX 65536 // bytes

struct http_later;
struct MHD_Connection;

struct http_request {
	const char *method;
	const char *path; // unescaped, without the query
	const char *raw_path; // as it was sent, so that "%2F" can be told from a slash
	const char *body; // NUL-terminated
	size_t body_len;
	struct address address; // of the client, even behind proxies that the configuration names
	bool address_is_sure; // false: may be a proxy's that does not name its client
	bool secure; // came over our TLS
	char client[ADDRESS_TEXT_SIZE]; // the client as limits count it (address_write_client)
	struct MHD_Connection *connection;
	struct http_later *later; // for http_defer
};

// True if the client is on this machine, unless it may be a proxy for somebody else.
bool http_is_local(const struct http_request *);

// True if the client speaks https, to us or, as its request says, to a proxy before us.
bool http_is_secure(const struct http_request *);

// A header (of any case) or an unescaped query value, or NULL. Valid as long as the request.
const char *http_header(const struct http_request *, const char *name);
const char *http_query(const struct http_request *, const char *name);

// A field of a form in the body (application/x-www-form-urlencoded or multipart/form-data). False
// if the body is not a form or lacks the field, or if the value does not fit.
[[nodiscard]] bool
http_form(const struct http_request *, const char *name, char *value, size_t size);

// Unescapes "%41" to "A" and so on (RFC 3986 2.1), in place. False if the result contains a NUL.
[[nodiscard]] bool http_unescape(char *);

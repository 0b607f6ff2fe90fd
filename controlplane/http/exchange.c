#include "http/exchange.h"

#include "base/loop.h"
#include "base/memory.h"
#include "http/arrival.h"
#include "http/forwarded.h"
#include "terms/metrics.h"

#include "am_log.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define CONNECTION_S     15 // of silence within a request and its answer
#define DOWNLOAD_S       60 // of silence within a download: players read ahead, and pause
#define PROXY_WARN_MS    600000 // between two warnings about an unknown proxy
#define STOPPING         "{\"error\":\"the server is stopping\"}"
#define TEXT_OF(macro)   TEXT_OF_VALUE(macro)
#define TEXT_OF_VALUE(x) #x

// One request as it comes in.
struct exchange {
	char *body;
	size_t body_len, body_size;
	bool too_large, no_memory;
	bool closes; // the connection ends with the answer
	bool upgraded;
	void *upgrade; // held until `upgraded` takes it
	struct http_later *later; // through which a deferred answer comes; reused
};

struct http_later {
	struct http_exchanges *exchanges;
	struct MHD_Connection *connection;
	bool delivered;
	struct http_response response;
	LIST_ENTRY(http_later) next; // until delivered
};

static struct http_arrival *arrival_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
	        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return info ? info->socket_context : NULL;
}

const struct sockaddr *http_exchange_peer(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
	        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	return info ? info->client_addr : NULL;
}

static void on_upgraded(
        void *owner, struct MHD_Connection *, void *context, const char *extra, size_t extra_len,
        MHD_socket fd, struct MHD_UpgradeResponseHandle *handle
)
{
	struct http_exchanges *x = owner;
	struct exchange *e = context;
	void *upgrade = e->upgrade;

	e->upgrade = NULL;
	e->upgraded = true;
	x->upgraded(x->owner, upgrade, fd, handle, extra, extra_len);
}

static void response_drop(struct http_response *r)
{
	free(r->body);
	if (r->file >= 0)
		close(r->file);
	if (r->ended)
		r->ended(r->owner);
	http_clear_headers(r);
}

static struct MHD_Response *response_make(
        struct http_exchanges *x, const struct exchange *e, struct MHD_Connection *connection,
        struct http_response *r
)
{
	struct MHD_Response *m;

	if (e->upgrade)
		m = MHD_create_response_for_upgrade(on_upgraded, x);
	else if (r->file >= 0 && r->in_pieces)
		m = http_download_create(&x->downloads, connection, r);
	else if (r->file >= 0)
		m = MHD_create_response_from_fd_at_offset64(r->file_size, r->file, r->file_from);
	else
		m = MHD_create_response_from_buffer(r->body_len, r->body, MHD_RESPMEM_MUST_FREE);
	if (!m) {
		response_drop(r);
		return NULL;
	}
	if (r->type)
		MHD_add_response_header(m, "Content-Type", r->type);
	MHD_add_response_header(m, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(m, "Referrer-Policy", "strict-origin-when-cross-origin");
	if (x->secure)
		MHD_add_response_header(m, "Strict-Transport-Security", "max-age=31536000");
	if (e->closes)
		MHD_add_response_header(m, "Connection", "close");
	else if (!e->upgrade)
		MHD_add_response_header(m, "Keep-Alive", "timeout=" TEXT_OF(IDLE_S));
	for (int i = 0; i < r->header_count; i++)
		MHD_add_response_header(m, r->headers[i].name, r->headers[i].value);
	http_clear_headers(r);
	return m;
}

// The library keeps connections with the daemon's timeout in a list by age, and looks only at its
// end in each turn; it walks through all other connections. So the daemon's timeout is IDLE_S: idle
// connections are many, those with a request under way are few.
static void timeout_set(struct MHD_Connection *connection, unsigned seconds)
{
	MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, seconds);
}

static enum MHD_Result
queue(struct http_exchanges *x, struct exchange *e, struct MHD_Connection *connection,
      struct http_response *r)
{
	struct MHD_Response *m = response_make(x, e, connection, r);

	if (!m)
		return MHD_NO;
	if (r->file >= 0 && r->in_pieces)
		timeout_set(connection, DOWNLOAD_S);
	metric_count_response(r->status);
	enum MHD_Result ret = MHD_queue_response(connection, r->status, m);
	MHD_destroy_response(m);
	return ret;
}

struct http_later *http_defer(const struct http_request *q)
{
	struct http_later *l = q->later;

	LIST_INSERT_HEAD(&l->exchanges->later, l, next);
	MHD_suspend_connection(l->connection);
	return l;
}

void http_deliver(struct http_later *l, const struct http_response *r)
{
	l->response = *r;
	l->delivered = true;
	LIST_REMOVE(l, next);
	l->exchanges->turn_due = true;
	MHD_resume_connection(l->connection);
}

// How the headers say where the request ends, and whom it is for.
struct framing {
	int lengths, encodings, hosts;
	bool unclear, body, closes;
};

static enum MHD_Result
framing_read(void *owner, enum MHD_ValueKind, const char *name, const char *value)
{
	struct framing *f = owner;
	bool encoding = strcasecmp(name, "Transfer-Encoding") == 0;

	f->lengths += strcasecmp(name, "Content-Length") == 0;
	f->encodings += encoding;
	f->hosts += strcasecmp(name, "Host") == 0;
	f->body |= encoding || (strcasecmp(name, "Content-Length") == 0 && strcmp(value, "0") != 0);
	f->closes |= strcasecmp(name, "Connection") == 0 && strcasecmp(value, "close") == 0;
	// Some parsers read "Content-Length : 5" as Content-Length; this library does not.
	f->unclear |= name[strcspn(name, " \t")] != '\0' ||
	              (encoding && strcasecmp(value, "chunked") != 0);
	return MHD_YES;
}

// RFC 9112 3.2, 5.1, 6.1, 6.3: whether a proxy may read this as two requests, or as a request to
// another host.
static bool is_ambiguous(const struct framing *f)
{
	return f->unclear || f->lengths + f->encodings > 1 || f->hosts > 1;
}

// Refuses a request before its body is read, and closes the connection, so that nothing after the
// headers is taken for a request.
static enum MHD_Result
refuse(struct http_exchanges *x, struct exchange *e, struct MHD_Connection *connection,
       const char *body)
{
	struct http_response r = {.file = -1};

	http_set_json(&r, 400, body);
	e->closes = true;
	return queue(x, e, connection, &r);
}

static enum MHD_Result
answer(struct http_exchanges *x, struct exchange *e, const struct http_request *q)
{
	struct http_response r = {.status = 500, .file = -1};
	const char *upgrade = http_header(q, "Upgrade");

	if (x->ending) {
		http_set_json(&r, 503, STOPPING);
	} else if (e->too_large) {
		http_set_json(&r, 413, "{\"error\":\"body too large\"}");
	} else if (e->no_memory) {
		http_set_json(&r, 503, "{\"error\":\"the server has no memory left\"}");
		http_add_header(&r, "Retry-After", "1");
	} else if (upgrade && strcasecmp(upgrade, "websocket") == 0) {
		e->upgrade = x->handler->upgrade(x->handler->owner, q, &r);
		if (e->upgrade)
			r.status = MHD_HTTP_SWITCHING_PROTOCOLS;
	} else {
		x->handler->respond(x->handler->owner, q, &r);
	}
	if (MHD_get_connection_info(q->connection, MHD_CONNECTION_INFO_CONNECTION_SUSPENDED)
	            ->suspended == MHD_YES)
		return MHD_YES;
	return queue(x, e, q->connection, &r);
}

// Tells whoever sets up a proxy that its headers are ignored.
static void proxy_warn(struct http_exchanges *x, const struct address *peer)
{
	char text[ADDRESS_TEXT_SIZE];
	uint64_t now_ms = loop_now_ms(x->loop);

	if (x->proxy_warned_ms && now_ms - x->proxy_warned_ms < PROXY_WARN_MS)
		return;
	x->proxy_warned_ms = now_ms;
	address_write(text, peer);
	am_warning(
	        "http: ignoring X-Forwarded-For from an unknown proxy; if it is yours, add it to "
	        "controlplane.proxies; address=%s",
	        text
	);
}

static enum MHD_Result
forwarded_read(void *owner, enum MHD_ValueKind, const char *name, const char *value)
{
	forwarded_header(owner, name, value);
	return MHD_YES;
}

static void client_find(struct http_exchanges *x, struct http_request *q)
{
	const struct sockaddr *from = http_exchange_peer(q->connection);
	struct address peer = {0};
	struct forwarded f;

	if (from && !address_of_socket(&peer, from))
		peer = (struct address){0};
	forwarded_begin(&f, &peer, &x->settings->proxies);
	MHD_get_connection_values(q->connection, MHD_HEADER_KIND, forwarded_read, &f);
	if (f.marked && !f.trusted)
		proxy_warn(x, &peer);
	q->address_is_sure = forwarded_end(&f, &q->address);
	address_write_client(q->client, &q->address);
}

static enum MHD_Result
exchange_answer(struct http_exchanges *x, struct exchange *e, struct http_request *q)
{
	q->body = e->body ? e->body : "";
	q->body_len = e->body_len;
	if (e->later && e->later->delivered) {
		e->later->delivered = false;
		return queue(x, e, q->connection, &e->later->response);
	}
	if (!e->later)
		e->later = memory_new(1, sizeof(*e->later));
	*e->later = (struct http_later){.exchanges = x, .connection = q->connection};
	q->later = e->later;
	client_find(x, q);
	return answer(x, e, q);
}

// The headers have arrived. The body is read only if the handler says that this client may send
// one.
static enum MHD_Result
exchange_begin(struct http_exchanges *x, struct exchange *e, struct http_request *q)
{
	const struct http_arrival *arrival = arrival_of(q->connection);
	struct framing f = {0};

	timeout_set(q->connection, CONNECTION_S);
	MHD_get_connection_values(q->connection, MHD_HEADER_KIND, framing_read, &f);
	if (is_ambiguous(&f) || (f.body && http_header(q, "Upgrade")))
		return refuse(x, e, q->connection, "{\"error\":\"ambiguous headers\"}");
	// A C string ends at the NUL, so half a value would pass for a whole one.
	if (arrival && arrival->has_nul)
		return refuse(x, e, q->connection, "{\"error\":\"a NUL (%00) in the query\"}");
	e->closes = f.closes;
	e->no_memory = memory_is_short();
	if (!f.body)
		return MHD_YES;
	client_find(x, q);
	if (!x->ending && !e->no_memory && x->handler->takes_body(x->handler->owner, q))
		return MHD_YES;
	e->closes = true;
	http_arrival_end(arrival_of(q->connection));
	return exchange_answer(x, e, q);
}

// Pieces may be as short as one byte, so the buffer doubles.
static void body_add(struct exchange *e, const char *data, size_t len)
{
	if (e->no_memory)
		return;
	if (e->body_len + len > HTTP_BODY_MAX) {
		e->too_large = true;
		return;
	}
	if (e->body_len + len >= e->body_size) {
		size_t size = 2 * (e->body_len + len) + 1;
		char *body = memory_try_grow(e->body, size, 1);
		e->no_memory |= !body;
		if (!body)
			return;
		e->body_size = size;
		e->body = body;
	}
	memcpy(e->body + e->body_len, data, len);
	e->body_len += len;
	e->body[e->body_len] = '\0';
}

// Called first, with the target as it was sent; the library unescapes it later. The path is not
// kept in the request's own context, because the library drops that when it refuses the headers.
void *http_exchange_target(void *, const char *target, struct MHD_Connection *connection)
{
	struct http_arrival *a = arrival_of(connection);
	size_t len = strcspn(target, "?");

	if (!a)
		return NULL;
	free(a->raw_path);
	a->has_nul = strstr(target + len, "%00") != NULL;
	a->raw_path = memory_new(len + 1, 1);
	memcpy(a->raw_path, target, len);
	return NULL;
}

// Called for the headers, then for each piece of the body, then once more; and again when a
// deferred answer is there.
enum MHD_Result http_exchange_request(
        void *owner, struct MHD_Connection *connection, const char *path, const char *method,
        const char *, const char *data, size_t *data_len, void **context
)
{
	const struct http_arrival *a = arrival_of(connection);
	struct exchange *e = *context;
	struct http_request q = {
	        .method = method,
	        .path = path,
	        .raw_path = a && a->raw_path ? a->raw_path : path,
	        .body = "",
	        .secure = ((const struct http_exchanges *)owner)->secure,
	        .connection = connection,
	};

	if (!e) {
		*context = e = memory_new(1, sizeof(*e));
		return exchange_begin(owner, e, &q);
	}
	if (*data_len == 0) {
		http_arrival_end(arrival_of(connection));
		return exchange_answer(owner, e, &q);
	}
	body_add(e, data, *data_len);
	*data_len = 0;
	return MHD_YES;
}

void http_exchange_completed(
        void *, struct MHD_Connection *connection, void **context, enum MHD_RequestTerminationCode
)
{
	struct exchange *e = *context;
	struct http_arrival *a = arrival_of(connection);

	if (a)
		http_arrival_again(a);
	if (!e)
		return;
	if (!e->upgraded) // an upgraded connection no longer belongs to the library
		timeout_set(connection, IDLE_S);
	if (e->later && e->later->delivered) // the client was gone before the answer
		response_drop(&e->later->response);
	free(e->upgrade);
	free(e->later);
	free(e->body);
	free(e);
	*context = NULL;
}

void http_exchanges_end(struct http_exchanges *x)
{
	x->ending = true;
	http_downloads_end(&x->downloads);
	while (!LIST_EMPTY(&x->later)) {
		struct http_response r = {.file = -1};
		http_set_json(&r, 503, STOPPING);
		http_deliver(LIST_FIRST(&x->later), &r);
	}
}

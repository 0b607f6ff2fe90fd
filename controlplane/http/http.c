#include "http/http.h"

#include "base/loop.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "http/arrival.h"
#include "http/forwarded.h"
#include "http/listener.h"
#include "http/tls.h"

#include "am_log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX   65536 // WebSockets and half-open ones included
#define CONNECTION_S      15 // without a byte, within a request and its answer
#define CONNECTION_MEMORY 32768 // bytes for a request's headers
#define PEM_MAX           65536
#define PROXY_WARN_MS     600000 // between two warnings about an unknown proxy
#define REFUSED_WARN_MS   10000 // and about an address that is refused
#define STOPPING          "{\"error\":\"the server is stopping\"}"
#define TEXT_OF(macro)    TEXT_OF_VALUE(macro)
#define TEXT_OF_VALUE(x)  #x

struct http {
	struct loop *loop;
	const struct http_handler *handler;
	struct MHD_Daemon *daemon;
	struct loop_source source; // libmicrohttpd's epoll descriptor
	struct loop_timer timer;
	struct loop_hook hook;
	struct tls *tls; // NULL: plain HTTP
	struct tls_handler tls_handler;
	struct http_arrival *arriving; // the library is being given its connection
	LIST_HEAD(, http_socket) sockets;
	uint32_t socket_count;
	LIST_HEAD(, http_later) later;
	struct http_arrivals arrivals;
	const struct http_settings *settings;
	uint64_t proxy_warned_ms, refused_warned_ms;
	bool ending; // handlers are not asked any more
	bool turn_due; // a socket or an answer was given back: the library sees it in its next turn
};

// One request on its way in.
struct exchange {
	char *body;
	size_t body_len, body_size;
	bool too_large, no_memory;
	bool closes; // the connection ends with the answer
	bool upgraded;
	void *upgrade; // waiting for `upgraded`
	struct http_later *later; // the answer comes, or has come, through this
};

struct http_later {
	struct http *http;
	struct MHD_Connection *connection;
	bool delivered;
	struct http_response response;
	LIST_ENTRY(http_later) next; // until delivered
};

struct http_socket {
	struct http *http;
	LIST_ENTRY(http_socket) next;
	int fd;
	struct MHD_UpgradeResponseHandle *handle;
	void (*cut_off)(void *owner); // NULL: it is nobody's yet
	void *owner;
};

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

int http_socket_fd(const struct http_socket *s)
{
	return s->fd;
}

void http_socket_own(struct http_socket *s, void (*cut_off)(void *owner), void *owner)
{
	s->cut_off = cut_off;
	s->owner = owner;
}

void http_socket_close(struct http_socket *s)
{
	MHD_upgrade_action(s->handle, MHD_UPGRADE_ACTION_CLOSE);
	LIST_REMOVE(s, next);
	s->http->socket_count--;
	s->http->turn_due = true;
	free(s);
}

uint32_t http_socket_count(const struct http *h)
{
	return h->socket_count;
}

static struct http_arrival *arrival_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
	        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return info ? info->socket_context : NULL;
}

static const struct sockaddr *peer_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
	        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	return info ? info->client_addr : NULL;
}

// Whoever has an office behind one address must hear what to set.
static void
refused_warn(struct http *h, const struct sockaddr *from, const char *what, const char *setting)
{
	uint64_t now_ms = loop_now_ms(h->loop);
	char text[ADDRESS_TEXT_SIZE];
	struct address a;

	if ((h->refused_warned_ms && now_ms - h->refused_warned_ms < REFUSED_WARN_MS) ||
	    !address_of_socket(&a, from))
		return;
	h->refused_warned_ms = now_ms;
	address_write_client(text, &a);
	am_warning(
	        "http: an address %s; if it is a proxy add it to controlplane.proxies, else see "
	        "controlplane.%s; address=%s",
	        what, setting, text
	);
}

// Too many connections of one address: the others' place is not his.
static enum MHD_Result on_accept(void *owner, const struct sockaddr *from, socklen_t)
{
	struct http *h = owner;

	if (h->arriving || http_arrivals_take(&h->arrivals, from))
		return MHD_YES;
	metric_count(METRIC_connections_refused);
	refused_warn(h, from, "has too many connections", "address_connections");
	return MHD_NO;
}

static void on_connection(
        void *owner, struct MHD_Connection *connection, void **context,
        enum MHD_ConnectionNotificationCode code
)
{
	struct http *h = owner;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
		                 ->connect_fd;
		if (h->arriving)
			http_arrival_get(h->arriving);
		else
			h->arriving = http_arrival_create(&h->arrivals, fd, peer_of(connection));
		h->arriving->fd = fd;
		*context = h->arriving;
		h->arriving = NULL;
		return;
	}
	if (*context) {
		http_arrival_end(*context);
		http_arrival_put(*context);
	}
	*context = NULL;
}

// The time for the first request and the address's share count from here.
static void *tls_accepted(void *owner, int fd, const struct sockaddr *from)
{
	struct http *h = owner;

	if (on_accept(h, from, 0) != MHD_YES)
		return NULL;
	if (!http_arrivals_take_handshake(&h->arrivals, from)) {
		metric_count(METRIC_handshakes_refused);
		refused_warn(h, from, "begins too many TLS handshakes", "address_handshakes");
		return NULL;
	}
	return http_arrival_create(&h->arrivals, fd, from);
}

static void
tls_secured(void *owner, void *arrival, int fd, const struct sockaddr *from, socklen_t len)
{
	struct http *h = owner;

	h->arriving = arrival;
	MHD_add_connection(h->daemon, fd, from, len); // on failure it closes fd
	h->arriving = NULL;
	h->turn_due = true;
}

static void tls_ended(void *, void *arrival)
{
	http_arrival_put(arrival);
}

static void on_upgraded(
        void *owner, struct MHD_Connection *, void *context, const char *extra, size_t extra_len,
        MHD_socket fd, struct MHD_UpgradeResponseHandle *handle
)
{
	struct http *h = owner;
	struct exchange *e = context;
	struct http_socket *s = memory_new(1, sizeof(*s));

	*s = (struct http_socket){.http = h, .fd = fd, .handle = handle};
	LIST_INSERT_HEAD(&h->sockets, s, next);
	h->socket_count++;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	// Its messages are small and soon followed by others: none waits for an ACK (RFC 896). With
	// TLS this is no TCP socket, and tls.c has done it.
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	void *upgrade = e->upgrade;
	e->upgrade = NULL;
	e->upgraded = true;
	h->handler->upgraded(h->handler->owner, upgrade, s, extra, extra_len);
}

static void response_drop(struct http_response *r)
{
	free(r->body);
	if (r->file >= 0)
		close(r->file);
	http_clear_headers(r);
}

static struct MHD_Response *
response_make(struct http *h, const struct exchange *e, struct http_response *r)
{
	struct MHD_Response *m;

	if (e->upgrade)
		m = MHD_create_response_for_upgrade(on_upgraded, h);
	else if (r->file >= 0)
		m = MHD_create_response_from_fd64(r->file_size, r->file);
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
	if (h->tls)
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

static void json_error(struct http_response *r, unsigned status, const char *body)
{
	r->status = status;
	r->type = "application/json";
	r->body = memory_copy_string(body);
	r->body_len = strlen(body);
}

static enum MHD_Result
queue(struct http *h, struct exchange *e, struct MHD_Connection *connection,
      struct http_response *r)
{
	struct MHD_Response *m = response_make(h, e, r);

	if (!m)
		return MHD_NO;
	metric_count_response(r->status);
	enum MHD_Result ret = MHD_queue_response(connection, r->status, m);
	MHD_destroy_response(m);
	return ret;
}

struct http_later *http_defer(const struct http_request *q)
{
	struct http_later *l = q->later;

	LIST_INSERT_HEAD(&l->http->later, l, next);
	MHD_suspend_connection(l->connection);
	return l;
}

void http_deliver(struct http_later *l, const struct http_response *r)
{
	l->response = *r;
	l->delivered = true;
	LIST_REMOVE(l, next);
	l->http->turn_due = true;
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
	// "Content-Length : 5" is another header to us than to others.
	f->unclear |= name[strcspn(name, " \t")] != '\0' ||
	              (encoding && strcasecmp(value, "chunked") != 0);
	return MHD_YES;
}

// RFC 9112 3.2, 5.1, 6.1, 6.3: what another reader may take for two requests, or another host's.
static bool is_ambiguous(const struct framing *f)
{
	return f->unclear || f->lengths + f->encodings > 1 || f->hosts > 1;
}

// Before its body is read, so nothing behind it is taken for a request.
static enum MHD_Result
refuse(struct http *h, struct exchange *e, struct MHD_Connection *connection, const char *body)
{
	struct http_response r = {.file = -1};

	json_error(&r, 400, body);
	e->closes = true;
	return queue(h, e, connection, &r);
}

static enum MHD_Result answer(struct http *h, struct exchange *e, const struct http_request *q)
{
	struct http_response r = {.status = 500, .file = -1};
	const char *upgrade = http_header(q, "Upgrade");

	if (h->ending) {
		json_error(&r, 503, STOPPING);
	} else if (e->too_large) {
		json_error(&r, 413, "{\"error\":\"body too large\"}");
	} else if (e->no_memory) {
		json_error(&r, 503, "{\"error\":\"the server has no memory left\"}");
		http_add_header(&r, "Retry-After", "1");
	} else if (upgrade && strcasecmp(upgrade, "websocket") == 0) {
		e->upgrade = h->handler->upgrade(h->handler->owner, q, &r);
		if (e->upgrade)
			r.status = MHD_HTTP_SWITCHING_PROTOCOLS;
	} else {
		h->handler->respond(h->handler->owner, q, &r);
	}
	if (MHD_get_connection_info(q->connection, MHD_CONNECTION_INFO_CONNECTION_SUSPENDED)
	            ->suspended == MHD_YES)
		return MHD_YES;
	return queue(h, e, q->connection, &r);
}

// Whoever sets a proxy up must hear that it does not count.
static void proxy_warn(struct http *h, const struct address *peer)
{
	char text[ADDRESS_TEXT_SIZE];
	uint64_t now_ms = loop_now_ms(h->loop);

	if (h->proxy_warned_ms && now_ms - h->proxy_warned_ms < PROXY_WARN_MS)
		return;
	h->proxy_warned_ms = now_ms;
	address_write(text, peer);
	am_warning(
	        "http: X-Forwarded-For is ignored, like all that proxies write; if this is one of "
	        "yours, add it to controlplane.proxies; address=%s",
	        text
	);
}

static enum MHD_Result
forwarded_read(void *owner, enum MHD_ValueKind, const char *name, const char *value)
{
	forwarded_header(owner, name, value);
	return MHD_YES;
}

static void client_find(struct http *h, struct http_request *q)
{
	const struct sockaddr *from = peer_of(q->connection);
	struct address peer = {0};
	struct forwarded f;

	if (from && !address_of_socket(&peer, from))
		peer = (struct address){0};
	forwarded_begin(&f, &peer, &h->settings->proxies);
	MHD_get_connection_values(q->connection, MHD_HEADER_KIND, forwarded_read, &f);
	if (f.marked && !f.trusted)
		proxy_warn(h, &peer);
	q->address_is_sure = forwarded_end(&f, &q->address);
	address_write_client(q->client, &q->address);
}

static enum MHD_Result exchange_answer(struct http *h, struct exchange *e, struct http_request *q)
{
	q->body = e->body ? e->body : "";
	q->body_len = e->body_len;
	if (e->later && e->later->delivered) {
		e->later->delivered = false;
		return queue(h, e, q->connection, &e->later->response);
	}
	if (!e->later)
		e->later = memory_new(1, sizeof(*e->later));
	*e->later = (struct http_later){.http = h, .connection = q->connection};
	q->later = e->later;
	client_find(h, q);
	return answer(h, e, q);
}

// Connections with the daemon's timeout stand in a list by age, of which a turn looks at the end;
// all others it walks one by one. So IDLE_S is the daemon's: the idle are many, those asked for
// few.
static void timeout_set(struct MHD_Connection *connection, unsigned seconds)
{
	MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, seconds);
}

// The headers have come. Nobody's body is read before it is known that he may send one.
static enum MHD_Result exchange_begin(struct http *h, struct exchange *e, struct http_request *q)
{
	const struct http_arrival *arrival = arrival_of(q->connection);
	struct framing f = {0};

	timeout_set(q->connection, CONNECTION_S);
	MHD_get_connection_values(q->connection, MHD_HEADER_KIND, framing_read, &f);
	if (is_ambiguous(&f) || (f.body && http_header(q, "Upgrade")))
		return refuse(h, e, q->connection, "{\"error\":\"ambiguous headers\"}");
	// Strings end there: half a value would pass for a whole one.
	if (arrival && arrival->has_nul)
		return refuse(h, e, q->connection, "{\"error\":\"a NUL (%00) in the query\"}");
	e->closes = f.closes;
	e->no_memory = memory_is_short();
	if (!f.body)
		return MHD_YES;
	client_find(h, q);
	if (!h->ending && !e->no_memory && h->handler->takes_body(h->handler->owner, q))
		return MHD_YES;
	e->closes = true;
	http_arrival_end(arrival_of(q->connection));
	return exchange_answer(h, e, q);
}

// Pieces may be of one byte each, so the space doubles.
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

// Called before all else, with the target as it was sent: the library unescapes it later. Not kept
// in the request's own context, which the library forgets where it refuses the headers.
static void *on_target(void *, const char *target, struct MHD_Connection *connection)
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

// Called for the headers, then for each piece of the body, then once more; and again when the
// answer has come that was deferred.
static enum MHD_Result on_request(
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

static void on_completed(
        void *, struct MHD_Connection *connection, void **context, enum MHD_RequestTerminationCode
)
{
	struct exchange *e = *context;
	struct http_arrival *a = arrival_of(connection);

	if (a)
		http_arrival_again(a);
	if (!e)
		return;
	if (!e->upgraded) // that one is not the library's any more
		timeout_set(connection, IDLE_S);
	if (e->later && e->later->delivered) // nobody was there to take it
		response_drop(&e->later->response);
	free(e->upgrade);
	free(e->later);
	free(e->body);
	free(e);
	*context = NULL;
}

static void on_log(void *, const char *format, va_list args)
{
	char line[256];
	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = '\0';
	am_debug("http: the library says; text=%s", am_log_value(line));
}

static void run(struct http *h)
{
	h->turn_due = false;
	MHD_run(h->daemon);
}

static void source_ready(void *owner, uint32_t)
{
	run(owner);
}

static void timer_expired(void *owner)
{
	run(owner);
}

static void before_wait(void *owner)
{
	struct http *h = owner;
	MHD_UNSIGNED_LONG_LONG timeout_ms;

	if (h->turn_due) // MHD_get_timeout does not count these
		loop_timer_set(h->loop, &h->timer, 0);
	else if (MHD_get_timeout(h->daemon, &timeout_ms) == MHD_YES)
		loop_timer_set(h->loop, &h->timer, timeout_ms);
	else
		loop_timer_cancel(h->loop, &h->timer);
}

// A PEM file's text, or NULL after a line in the log.
static char *pem_read(const char *setting, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = memory_new(1, PEM_MAX);
	ssize_t n = fd < 0 ? -1 : read(fd, text, PEM_MAX - 1);
	int error = errno;

	if (fd >= 0)
		close(fd);
	if (n > 0)
		return text;
	am_error(
	        "http: cannot read controlplane.%s, name a PEM file there; path=%s error=%s",
	        setting, path, n < 0 ? strerror(error) : "empty file"
	);
	free(text);
	return NULL;
}

// listener: its connections are the library's; -1: they come from tls.c.
static struct MHD_Daemon *daemon_start(struct http *h, int listener)
{
	unsigned flags =
	        MHD_USE_EPOLL | MHD_ALLOW_UPGRADE | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	struct MHD_OptionItem listens[] = {
	        {MHD_OPTION_LISTEN_SOCKET, listener, NULL},
	        {MHD_OPTION_END, 0, NULL},
	};
	if (listener < 0) {
		flags |= MHD_USE_NO_LISTEN_SOCKET;
		listens[0].option = MHD_OPTION_END;
	}
	return MHD_start_daemon(
	        flags, 0, on_accept, h, on_request, h, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
	        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
	        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	        (size_t)CONNECTION_MEMORY, MHD_OPTION_URI_LOG_CALLBACK, on_target, NULL,
	        MHD_OPTION_NOTIFY_COMPLETED, on_completed, h, MHD_OPTION_NOTIFY_CONNECTION,
	        on_connection, h, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, listens,
	        MHD_OPTION_END
	);
}

static struct tls *tls_start(struct http *h, const struct http_settings *c, int listener)
{
	char *certificate = pem_read("certificate", c->certificate);
	char *private_key = certificate ? pem_read("private_key", c->private_key) : NULL;
	struct tls *tls = NULL;

	h->tls_handler = (struct tls_handler){
	        .owner = h,
	        .accepted = tls_accepted,
	        .secured = tls_secured,
	        .ended = tls_ended,
	};
	if (private_key) {
		tls = tls_create(
		        h->loop, listener, certificate, private_key, CONNECTIONS_MAX,
		        &h->tls_handler
		);
		if (!tls)
			am_error(
			        "http: cannot start, check that the private key belongs to the "
			        "certificate; certificate=%s private_key=%s",
			        c->certificate, c->private_key
			);
		explicit_bzero(private_key, strlen(private_key));
	}
	free(certificate);
	free(private_key);
	return tls;
}

// 0, or -errno after a line in the log.
static int server_start(struct http *h, const struct http_settings *c)
{
	int fd = http_listener_open(c);

	if (fd < 0)
		return -EADDRNOTAVAIL;

	if (c->certificate[0]) {
		h->tls = tls_start(h, c, fd);
		if (!h->tls)
			goto close;
	}
	h->daemon = daemon_start(h, h->tls ? -1 : fd);
	if (h->daemon)
		return 0;
	am_error("http: cannot start the HTTP server");
	if (h->tls) {
		tls_destroy(h->tls); // and fd
		return -EINVAL;
	}
close:
	close(fd);
	return -EINVAL;
}

struct http *
http_create(struct loop *loop, const struct http_settings *c, const struct http_handler *handler)
{
	struct http *h = memory_new(1, sizeof(*h));

	h->loop = loop;
	h->handler = handler;
	h->timer = (struct loop_timer){.expired = timer_expired, .owner = h};
	h->settings = c;
	http_arrivals_init(
	        &h->arrivals, loop, &c->proxies, (uint32_t)c->address_connections,
	        (uint32_t)c->address_handshakes
	);
	h->hook = (struct loop_hook){.before_wait = before_wait, .owner = h};
	if (server_start(h, c) < 0)
		goto free;
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	h->source = (struct loop_source){.fd = info->epoll_fd, .ready = source_ready, .owner = h};
	if (loop_add(loop, &h->source, EPOLLIN) < 0)
		goto stop;
	loop_hook_add(loop, &h->hook);
	am_info("http: listening; address=%s port=%lld tls=%s", c->listen, (long long)c->port,
	        h->tls ? "yes" : "no");
	return h;

stop:
	MHD_stop_daemon(h->daemon);
	if (h->tls)
		tls_destroy(h->tls);
free:
	http_arrivals_fini(&h->arrivals);
	free(h);
	return NULL;
}

// Answers that will not come: whoever would give them is gone.
static void later_end(struct http *h)
{
	while (!LIST_EMPTY(&h->later)) {
		struct http_response r = {.file = -1};
		json_error(&r, 503, STOPPING);
		http_deliver(LIST_FIRST(&h->later), &r);
	}
}

static void sockets_end(struct http *h)
{
	struct http_socket *s;

	while ((s = LIST_FIRST(&h->sockets))) {
		if (s->cut_off)
			s->cut_off(s->owner);
		else
			http_socket_close(s);
	}
}

void http_destroy(struct http *h)
{
	h->ending = true;
	later_end(h);
	sockets_end(h);
	MHD_run(h->daemon); // takes back the sockets that were closed
	loop_remove(h->loop, &h->source);
	loop_timer_cancel(h->loop, &h->timer);
	loop_hook_remove(h->loop, &h->hook);
	MHD_stop_daemon(h->daemon);
	if (h->tls)
		tls_destroy(h->tls); // hands on what was written last
	http_arrivals_fini(&h->arrivals);
	free(h);
}

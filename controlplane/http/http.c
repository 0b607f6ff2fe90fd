#include "http/http.h"

#include "base/loop.h"
#include "base/memory.h"
#include "http/arrival.h"
#include "http/exchange.h"
#include "http/listener.h"
#include "http/tls.h"
#include "terms/metrics.h"

#include "am_log.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX   65536 // WebSockets and half-open ones included
#define CONNECTION_MEMORY 32768 // bytes for a request's headers
#define PEM_MAX           65536
#define REFUSED_WARN_MS   10000 // between two warnings about refused addresses

struct http {
	struct loop *loop;
	const struct http_handler *handler;
	struct MHD_Daemon *daemon;
	struct loop_source source; // libmicrohttpd's epoll descriptor
	struct loop_timer timer;
	struct loop_hook hook;
	struct tls *tls; // NULL: plain HTTP
	struct tls_handler tls_handler;
	struct http_arrival *arriving; // whose connection the library is just being given
	LIST_HEAD(, http_socket) sockets;
	uint32_t socket_count;
	struct http_arrivals arrivals;
	uint64_t refused_warned_ms;
	struct http_exchanges exchanges;
};

struct http_socket {
	struct http *http;
	LIST_ENTRY(http_socket) next;
	int fd;
	struct MHD_UpgradeResponseHandle *handle;
	void (*cut_off)(void *owner); // NULL: the socket has no owner yet
	void *owner;
};

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
	s->http->exchanges.turn_due = true;
	free(s);
}

uint32_t http_socket_count(const struct http *h)
{
	return h->socket_count;
}

// Tells an operator with many clients behind one address which setting to change.
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
	        "http: an address %s; if it is a proxy, add it to controlplane.proxies, else see "
	        "controlplane.%s; address=%s",
	        what, setting, text
	);
}

// Refuses an address that has too many connections, so that others find a place.
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
			h->arriving = http_arrival_create(
			        &h->arrivals, fd, http_exchange_peer(connection)
			);
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

// From here on, the time for the first request runs and the connection counts for its address.
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
	h->exchanges.turn_due = true;
}

static void tls_ended(void *, void *arrival)
{
	http_arrival_put(arrival);
}

static void socket_open(
        void *owner, void *upgrade, MHD_socket fd, struct MHD_UpgradeResponseHandle *handle,
        const char *extra, size_t extra_len
)
{
	struct http *h = owner;
	struct http_socket *s = memory_new(1, sizeof(*s));

	*s = (struct http_socket){.http = h, .fd = fd, .handle = handle};
	LIST_INSERT_HEAD(&h->sockets, s, next);
	h->socket_count++;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	// Messages are small and soon followed by others: none should wait for an ACK (RFC 896).
	// With TLS, this is not the TCP socket, whose option tls.c has set.
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	h->handler->upgraded(h->handler->owner, upgrade, s, extra, extra_len);
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
	h->exchanges.turn_due = false;
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

	if (h->exchanges.turn_due) // MHD_get_timeout does not count these
		loop_timer_set(h->loop, &h->timer, 0);
	else if (MHD_get_timeout(h->daemon, &timeout_ms) == MHD_YES)
		loop_timer_set(h->loop, &h->timer, timeout_ms);
	else
		loop_timer_cancel(h->loop, &h->timer);
}

// Reads a PEM file. NULL after a line in the log.
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

// listener: the socket whose connections the library accepts; -1 if they come from tls.c.
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
	        flags, 0, on_accept, h, http_exchange_request, &h->exchanges,
	        MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_CONNECTION_LIMIT,
	        (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
	        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
	        MHD_OPTION_URI_LOG_CALLBACK, http_exchange_target, NULL,
	        MHD_OPTION_NOTIFY_COMPLETED, http_exchange_completed, NULL,
	        MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_STRICT_FOR_CLIENT, 1,
	        MHD_OPTION_ARRAY, listens, MHD_OPTION_END
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
		tls_destroy(h->tls); // also closes fd
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
	h->exchanges = (struct http_exchanges){
	        .loop = loop,
	        .settings = c,
	        .handler = handler,
	        .upgraded = socket_open,
	        .owner = h,
	        .secure = c->certificate[0] != '\0',
	};
	http_downloads_init(&h->exchanges.downloads, loop, &h->exchanges.turn_due);
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
	http_exchanges_end(&h->exchanges);
	sockets_end(h);
	MHD_run(h->daemon); // takes back the sockets that were closed
	loop_remove(h->loop, &h->source);
	loop_timer_cancel(h->loop, &h->timer);
	loop_hook_remove(h->loop, &h->hook);
	MHD_stop_daemon(h->daemon);
	http_downloads_fini(&h->exchanges.downloads);
	if (h->tls)
		tls_destroy(h->tls); // passes on what was written last
	http_arrivals_fini(&h->arrivals);
	free(h);
}

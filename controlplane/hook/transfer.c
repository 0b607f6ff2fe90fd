#include "hook/transfer.h"

#include "account/attribute.h"
#include "base/loop.h"
#include "base/memory.h"
#include "hook/guard.h"

#include "am_config.h"
#include "am_log.h"

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>

#define CONNECTIONS_KEPT 256 // idle ones
#define HEADER_SIZE      (64 + ATTRIBUTE_HEADER_MAX)

struct transfers {
	struct loop *loop;
	CURLM *multi;
	X509_STORE *authorities; // read once, not for each connection
	const struct am_config_strings *allowed;
	struct loop_timer timer;
};

struct transfer {
	struct transfers *transfers;
	CURL *easy;
	struct curl_slist *headers;
	transfer_done *done;
	void *owner;
	bool anywhere; // the configuration allows this host
	bool forbidden; // an address was refused
	bool cut; // the answer was longer than TRANSFER_BODY_MAX
	size_t received;
	size_t body_len;
	char body[TRANSFER_BODY_KEPT + 1];
	char error[CURL_ERROR_SIZE];
};

// A socket of curl in the loop.
struct watched {
	struct loop_source source;
	struct transfers *transfers;
};

static void transfer_free(struct transfer *t)
{
	curl_multi_remove_handle(t->transfers->multi, t->easy);
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->headers);
	free(t);
}

static void transfer_end(struct transfer *t, CURLcode result)
{
	struct transfer_answer answer = {.type = "", .body = t->body, .body_len = t->body_len};
	char *type = NULL;
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type);
	if (result == CURLE_OK || t->cut)
		answer.result = TRANSFER_ANSWERED;
	else
		answer.result = t->forbidden ? TRANSFER_FORBIDDEN : TRANSFER_UNANSWERED;
	answer.status = (unsigned)status;
	answer.type = type ? type : "";
	answer.error = t->forbidden  ? "address is not public"
	               : t->error[0] ? t->error
	                             : curl_easy_strerror(result);
	t->done(t->owner, &answer);
	transfer_free(t);
}

static void ended_deliver(struct transfers *ts)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(ts->multi, &left))) {
		struct transfer *t;
		CURLcode result = m->data.result;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
		transfer_end(t, result);
	}
}

static void socket_ready(void *owner, uint32_t events)
{
	struct watched *w = owner;
	struct transfers *ts = w->transfers;
	int running, action = 0;

	if (events & (EPOLLIN | EPOLLHUP))
		action |= CURL_CSELECT_IN;
	if (events & EPOLLOUT)
		action |= CURL_CSELECT_OUT;
	if (events & EPOLLERR)
		action |= CURL_CSELECT_ERR;
	curl_multi_socket_action(ts->multi, w->source.fd, action, &running); // may free w
	ended_deliver(ts);
}

static void timer_expired(void *owner)
{
	struct transfers *ts = owner;
	int running;

	curl_multi_socket_action(ts->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	ended_deliver(ts);
}

static int timer_wanted(CURLM *, long timeout_ms, void *owner)
{
	struct transfers *ts = owner;

	if (timeout_ms < 0)
		loop_timer_cancel(ts->loop, &ts->timer);
	else
		loop_timer_set(ts->loop, &ts->timer, (uint64_t)timeout_ms);
	return 0;
}

static uint32_t events_of(int what)
{
	switch (what) {
	case CURL_POLL_IN: return EPOLLIN;
	case CURL_POLL_OUT: return EPOLLOUT;
	case CURL_POLL_INOUT: return EPOLLIN | EPOLLOUT;
	default: return 0;
	}
}

static int socket_wanted(CURL *, curl_socket_t fd, int what, void *owner, void *socket)
{
	struct transfers *ts = owner;
	struct watched *w = socket;

	if (what == CURL_POLL_REMOVE) {
		if (w)
			loop_remove(ts->loop, &w->source);
		free(w);
		return 0;
	}
	if (w) {
		loop_change(ts->loop, &w->source, events_of(what));
		return 0;
	}
	w = memory_new(1, sizeof(*w));
	*w = (struct watched
	){.source = {.fd = fd, .ready = socket_ready, .owner = w}, .transfers = ts};
	if (loop_add(ts->loop, &w->source, events_of(what)) < 0) {
		free(w);
		return -1;
	}
	curl_multi_assign(ts->multi, fd, w);
	return 0;
}

// Called before each connection to an address that the host's name has resolved to.
static curl_socket_t socket_open(void *owner, curlsocktype, struct curl_sockaddr *a)
{
	struct transfer *t = owner;

	if (!t->anywhere && !guard_address_is_public(&a->addr)) {
		t->forbidden = true;
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static size_t body_take(char *bytes, size_t, size_t len, void *owner)
{
	struct transfer *t = owner;
	size_t room = TRANSFER_BODY_KEPT - t->body_len, n = len < room ? len : room;

	memcpy(t->body + t->body_len, bytes, n);
	t->body_len += n;
	t->received += len;
	t->cut = t->received > TRANSFER_BODY_MAX;
	return t->cut ? 0 : len;
}

static CURLcode trust(CURL *, void *context, void *owner)
{
	const struct transfers *ts = owner;

	SSL_CTX_set1_cert_store(context, ts->authorities);
	return CURLE_OK;
}

static X509_STORE *authorities_read(const char *file)
{
	X509_STORE *store = X509_STORE_new();

	if (!store || X509_STORE_set_default_paths(store) != 1)
		am_warning("hook: the system's certificate authorities cannot be read");
	if (!file[0] || (store && X509_STORE_load_file(store, file) == 1))
		return store;
	am_error("hook: controlplane.hook_authorities cannot be read; path=%s", file);
	X509_STORE_free(store);
	return NULL;
}

struct transfers *
transfers_create(struct loop *l, const struct am_config_strings *allowed, const char *authorities)
{
	struct transfers *ts = memory_new(1, sizeof(*ts));

	ts->loop = l;
	ts->allowed = allowed;
	ts->timer = (struct loop_timer){.expired = timer_expired, .owner = ts};
	ts->authorities = authorities_read(authorities);
	if (!ts->authorities)
		goto free;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(ts->multi = curl_multi_init())) {
		am_error("hook: libcurl cannot be used");
		goto free_authorities;
	}
	curl_multi_setopt(ts->multi, CURLMOPT_SOCKETFUNCTION, socket_wanted);
	curl_multi_setopt(ts->multi, CURLMOPT_SOCKETDATA, ts);
	curl_multi_setopt(ts->multi, CURLMOPT_TIMERFUNCTION, timer_wanted);
	curl_multi_setopt(ts->multi, CURLMOPT_TIMERDATA, ts);
	curl_multi_setopt(ts->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
	return ts;

free_authorities:
	X509_STORE_free(ts->authorities);
free:
	free(ts);
	return NULL;
}

void transfers_destroy(struct transfers *ts)
{
	curl_multi_cleanup(ts->multi);
	loop_timer_cancel(ts->loop, &ts->timer);
	curl_global_cleanup();
	X509_STORE_free(ts->authorities);
	free(ts);
}

// Returns NULL, or what is wrong with the URL. *anywhere: the configuration allows the host,
// whatever its addresses.
static const char *url_check(const struct transfers *ts, const char *url, bool *anywhere)
{
	CURLU *u = curl_url();
	char *scheme = NULL, *host = NULL, *port = NULL, *user = NULL, *password = NULL;
	const char *error = NULL;

	if (!u || curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK)
		error = "not a URL";
	else if (strcmp(scheme, "https") != 0)
		error = "not an https URL";
	else if (curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_OK || curl_url_get(u, CURLUPART_PASSWORD, &password, 0) == CURLUE_OK)
		error = "credentials in a URL: use the Authorization header";
	else
		*anywhere = guard_host_is_allowed(ts->allowed, host, port);
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_free(user);
	curl_free(password);
	curl_url_cleanup(u);
	return error;
}

static bool headers_add(struct transfer *t, const struct transfer_request *r)
{
	char line[HEADER_SIZE];

	for (int i = 0; i < TRANSFER_HEADERS_MAX && r->headers[i].name; i++) {
		const struct transfer_header *h = &r->headers[i];
		if (!h->value || !h->value[0])
			continue;
		if (!attribute_header_is_good(h->value) ||
		    snprintf(line, sizeof(line), "%s: %s", h->name, h->value) >= (int)sizeof(line))
			return false;
		t->headers = curl_slist_append(t->headers, line);
	}
	return true;
}

static void options_set(struct transfer *t, const struct transfer_request *r)
{
	CURL *e = t->easy;

	curl_easy_setopt(e, CURLOPT_PRIVATE, t);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error);
	curl_easy_setopt(e, CURLOPT_URL, r->url);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, t->headers);
	if (r->body)
		curl_easy_setopt(e, CURLOPT_COPYPOSTFIELDS, r->body);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "Amphi");
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, r->timeout_ms);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, body_take);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
	// Restrict where requests may go.
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(e, CURLOPT_PROXY, "");
	curl_easy_setopt(e, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, socket_open);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t);
	// Restrict which servers they trust.
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(e, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(e, CURLOPT_SSL_CTX_FUNCTION, trust);
	curl_easy_setopt(e, CURLOPT_SSL_CTX_DATA, t->transfers);
	// Prefer one connection with many streams (HTTP/2) to many connections.
	curl_easy_setopt(e, CURLOPT_PIPEWAIT, 1L);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	// Do not wait for the resolver's thread after a timeout.
	curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
}

struct transfer *transfer_start(
        struct transfers *ts, const struct transfer_request *r, transfer_done *done, void *owner,
        const char **error
)
{
	bool anywhere = false;

	*error = url_check(ts, r->url, &anywhere);
	if (*error)
		return NULL;
	struct transfer *t = memory_new(1, sizeof(*t));
	t->transfers = ts;
	t->done = done;
	t->owner = owner;
	t->anywhere = anywhere;
	*error = "a header's value has control characters";
	if (!headers_add(t, r))
		goto free;
	*error = "out of memory";
	t->easy = curl_easy_init();
	if (!t->easy)
		goto free;
	options_set(t, r);
	if (curl_multi_add_handle(ts->multi, t->easy) == CURLM_OK)
		return t;
	curl_easy_cleanup(t->easy);

free:
	curl_slist_free_all(t->headers);
	free(t);
	return NULL;
}

void transfer_cancel(struct transfer *t)
{
	transfer_free(t);
}

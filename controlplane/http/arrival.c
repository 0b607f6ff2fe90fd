#include "http/arrival.h"

#include "base/limit.h"
#include "base/memory.h"
#include "base/tally.h"
#include "http/forwarded.h"

#include <stdlib.h>
#include <sys/socket.h>

#define CHECK_MS 1000

static void cut_off(const struct http_arrival_list *list, uint64_t now_ms, uint64_t after_ms)
{
	struct http_arrival *a;

	TAILQ_FOREACH (a, list, of_list) {
		if (now_ms - a->since_ms < after_ms)
			break;
		shutdown(a->fd, SHUT_RDWR); // the library sees the end and reports it
	}
}

static void check(void *owner)
{
	struct http_arrivals *s = owner;
	uint64_t now_ms = loop_now_ms(s->loop);

	cut_off(&s->first, now_ms, ARRIVAL_MS);
	cut_off(&s->next, now_ms, IDLE_MS);
	loop_timer_set(s->loop, &s->timer, CHECK_MS);
}

void http_arrivals_init(
        struct http_arrivals *s, struct loop *loop, const struct am_config_strings *proxies,
        uint32_t most, uint32_t handshakes
)
{
	*s = (struct http_arrivals){.loop = loop, .proxies = proxies, .most = most};
	TAILQ_INIT(&s->first);
	TAILQ_INIT(&s->next);
	s->counts = tally_create();
	s->handshakes = limit_create(handshakes, handshakes * HANDSHAKE_BURST_S);
	s->timer = (struct loop_timer){.expired = check, .owner = s};
	loop_timer_set(loop, &s->timer, CHECK_MS);
}

void http_arrivals_fini(struct http_arrivals *s)
{
	loop_timer_cancel(s->loop, &s->timer);
	limit_destroy(s->handshakes);
	tally_destroy(s->counts);
}

// Finds the name under which connections of this address are counted. False if they are not
// counted.
static bool
client_of(const struct http_arrivals *s, const struct sockaddr *from, char out[ADDRESS_TEXT_SIZE])
{
	struct address a;

	out[0] = '\0';
	if (!from || !address_of_socket(&a, from) || forwarded_is_proxy(s->proxies, &a))
		return false;
	address_write_client(out, &a);
	return true;
}

bool http_arrivals_take(const struct http_arrivals *s, const struct sockaddr *from)
{
	char client[ADDRESS_TEXT_SIZE];
	return !client_of(s, from, client) || tally_count(s->counts, client) < s->most;
}

bool http_arrivals_take_handshake(struct http_arrivals *s, const struct sockaddr *from)
{
	char client[ADDRESS_TEXT_SIZE];
	uint32_t wait_s;

	return !client_of(s, from, client) ||
	       limit_take(s->handshakes, client, loop_now_ms(s->loop), &wait_s);
}

static void wait_for(struct http_arrival *a, struct http_arrival_list *list)
{
	http_arrival_end(a);
	a->list = list;
	a->since_ms = loop_now_ms(a->owner->loop);
	TAILQ_INSERT_TAIL(list, a, of_list);
}

struct http_arrival *
http_arrival_create(struct http_arrivals *s, int fd, const struct sockaddr *from)
{
	struct http_arrival *a = memory_new(1, sizeof(*a));

	a->owner = s;
	a->holders = 1;
	a->fd = fd;
	a->counted = client_of(s, from, a->client) && tally_enter(s->counts, a->client, s->most);
	wait_for(a, &s->first);
	return a;
}

void http_arrival_get(struct http_arrival *a)
{
	a->holders++;
}

void http_arrival_put(struct http_arrival *a)
{
	if (--a->holders > 0)
		return;
	http_arrival_end(a);
	if (a->counted)
		tally_leave(a->owner->counts, a->client);
	free(a->raw_path);
	free(a);
}

void http_arrival_end(struct http_arrival *a)
{
	if (!a->list)
		return;
	TAILQ_REMOVE(a->list, a, of_list);
	a->list = NULL;
}

void http_arrival_again(struct http_arrival *a)
{
	wait_for(a, &a->owner->next);
}

// Sends newConsumer one by one or, to clients that take lists, all offers of a turn in one
// newConsumers.
#include "signaling/offers.h"

#include "base/json.h"
#include "base/memory.h"
#include "signaling/handlers.h"
#include "signaling/offer_text.h"
#include "terms/id.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_MAX  128 // bytes around the data
#define OFFERS_MIN 16 // initial room for the offers of a connection

static const char list_head[] =
        "{\"request\":true,\"method\":\"newConsumers\",\"data\":{\"consumers\":[";

// A newConsumer, or one element of a newConsumers, that has no answer yet.
struct offered {
	uint32_t request_id; // grows
	bool in_list; // part of a newConsumers
	am_id subscription;
};

struct offers {
	size_t count, size;
	struct offered *at;
};

void offers_drop(struct connection *c)
{
	if (c->offers)
		free(c->offers->at);
	free(c->offers);
	c->offers = NULL;
}

// Drops offers whose subscription is gone before it grows the list, so that a page that never
// answers has at most twice as many offers as subscriptions.
static void make_room(const struct connection *c, struct offers *o)
{
	size_t kept = 0;

	for (size_t i = 0; i < o->count; i++) {
		if (conference_subscription(conference_of(c), o->at[i].subscription))
			o->at[kept++] = o->at[i];
	}
	o->count = kept;
	if (o->size > 0 && kept <= o->size / 2)
		return;
	o->size = o->size > 0 ? 2 * o->size : OFFERS_MIN;
	o->at = memory_grow(o->at, o->size, sizeof(*o->at));
}

static void remember(struct connection *c, uint32_t id, const struct subscription *s, bool in_list)
{
	if (!c->offers)
		c->offers = memory_new(1, sizeof(*c->offers));
	struct offers *o = c->offers;
	if (o->count == o->size)
		make_room(c, o);
	o->at[o->count++] = (struct offered){id, in_list, s->id};
}

// Takes out the offers of one request, in the order of sending; freed with free(). NULL if there
// are none.
static struct offered *take(struct offers *o, int64_t id, size_t *count)
{
	size_t from = 0, to;

	while (from < o->count && o->at[from].request_id != id)
		from++;
	for (to = from; to < o->count && o->at[to].request_id == id;)
		to++;
	*count = to - from;
	if (*count == 0)
		return NULL;
	struct offered *taken = memory_new(*count, sizeof(*taken));
	memcpy(taken, o->at + from, *count * sizeof(*taken));
	memmove(o->at + from, o->at + to, (o->count - to) * sizeof(*taken));
	o->count -= *count;
	return taken;
}

static void send_alone(struct connection *c, const struct subscription *s)
{
	static const char head[] = "{\"request\":true,\"method\":\"newConsumer\",\"data\":";
	size_t len = offer_text_len_max(s), at = sizeof(head) - 1;
	char *text = memory_new(1, FRAME_MAX + len);
	uint32_t id = connection_request_id(c);

	remember(c, id, s, false);
	memcpy(text, head, at);
	at += offer_text_print(s, text + at);
	at += (size_t)snprintf(text + at, FRAME_MAX - sizeof(head), ",\"id\":%u}", id);
	connection_send(c, text, at);
	free(text);
}

static void list_add(struct connection *c, const struct subscription *s)
{
	uint32_t id;
	char *at = connection_list_room(c, list_head, offer_text_len_max(s), &id);

	connection_list_added(c, offer_text_print(s, at));
	remember(c, id, s, true);
}

void offer_send(struct connection *c, const struct subscription *s)
{
	if (c->peer->takes_lists)
		list_add(c, s);
	else
		send_alone(c, s);
}

// Whether the answer to a list says that the page refuses this one.
static bool is_refused(const struct json *refused, am_id id)
{
	for (const struct json *e = json_first(refused); e; e = json_next(e)) {
		if (id_read(json_text(e, 64)) == id)
			return true;
	}
	return false;
}

// An error does not say which element was bad, so the elements of a list are offered again one by
// one.
static void settle(struct connection *c, const struct offered *o, const struct json *answer)
{
	const struct json *refused = json_array(json_object(answer, "data"), "refused");
	struct subscription *s = conference_subscription(conference_of(c), o->subscription);
	bool ok = json_is_true(answer, "ok");

	if (!s)
		return;
	if (ok && !is_refused(refused, s->id))
		conference_subscription_confirm(conference_of(c), s);
	else if (!ok && o->in_list)
		send_alone(c, s);
	else
		conference_subscription_remove(conference_of(c), s);
}

bool offer_answer(struct connection *c, int64_t id, const struct json *answer)
{
	size_t count = 0;
	struct offered *of = c->offers ? take(c->offers, id, &count) : NULL;
	bool found = of != NULL;

	while (count-- > 0)
		settle(c, &of[count], answer);
	free(of);
	return found;
}

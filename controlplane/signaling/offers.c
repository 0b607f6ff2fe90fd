// newConsumer, one by one or, to clients that take lists, all of a turn in one newConsumers.
#include "signaling/connection.h"

#include "base/json.h"
#include "base/memory.h"
#include "room/offer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_BYTES 131072 // of one newConsumers; a longer list goes on in another one
#define FRAME_MAX  128 // bytes around the data

static const char list_head[] =
        "{\"request\":true,\"method\":\"newConsumers\",\"data\":{\"consumers\":[";

static void offer_send(struct connection *c, struct subscription *s)
{
	static const char head[] = "{\"request\":true,\"method\":\"newConsumer\",\"data\":";
	size_t len = offer_len_max(s), at = sizeof(head) - 1;
	char *text = memory_new(1, FRAME_MAX + len);

	s->request_id = ++c->request_id;
	s->in_list = false;
	memcpy(text, head, at);
	at += offer_print(s, text + at);
	at += (size_t)snprintf(text + at, FRAME_MAX - sizeof(head), ",\"id\":%u}", s->request_id);
	connection_send(c, text, at);
	free(text);
}

void connection_offers_flush(struct connection *c)
{
	char *text = c->offers;

	if (!text)
		return;
	c->offers = NULL; // first: it is sent behind what waits, which this would be
	loop_task_cancel(c->signaling->loop, &c->offers_due);
	size_t len = c->offers_len;
	len += (size_t)snprintf(text + len, FRAME_MAX, "]},\"id\":%u}", c->offers_id);
	connection_send(c, text, len);
	free(text);
}

static void offers_due(void *owner)
{
	connection_offers_flush(owner);
}

static void list_begin(struct connection *c)
{
	c->offers_size = LIST_BYTES / 16;
	c->offers = memory_new(1, c->offers_size);
	c->offers_len = sizeof(list_head) - 1;
	memcpy(c->offers, list_head, c->offers_len);
	c->offers_id = ++c->request_id;
	c->offers_due = (struct loop_task){.run = offers_due, .owner = c};
	loop_task_set(c->signaling->loop, &c->offers_due);
}

static void list_add(struct connection *c, struct subscription *s)
{
	size_t needed = offer_len_max(s) + FRAME_MAX;

	if (c->offers && c->offers_len + needed > LIST_BYTES)
		connection_offers_flush(c);
	if (!c->offers)
		list_begin(c);
	else
		c->offers[c->offers_len++] = ',';
	while (c->offers_len + needed > c->offers_size) {
		c->offers_size *= 2;
		c->offers = memory_grow(c->offers, c->offers_size, 1);
	}
	c->offers_len += offer_print(s, c->offers + c->offers_len);
	s->request_id = c->offers_id;
	s->in_list = true;
}

void signaling_send_consumer(struct connection *c, struct subscription *s)
{
	if (c->peer->takes_lists)
		list_add(c, s);
	else
		offer_send(c, s);
}

// Whether the answer to a list says that the page will not have this one.
static bool is_refused(const struct json *refused, am_id id)
{
	for (const struct json *e = json_first(refused); e; e = json_next(e)) {
		if (id_read(json_text(e, 64)) == id)
			return true;
	}
	return false;
}

// An error says nothing of which one was bad, so those of a list are offered once more, each alone.
bool connection_offers_answer(struct connection *c, int64_t id, const struct json *answer)
{
	const struct json *refused = json_array(json_object(answer, "data"), "refused");
	struct subscription *s = LIST_FIRST(&c->peer->subscriptions), *next;
	bool ok = json_is_true(answer, "ok"), found = false;

	for (; s; s = next) {
		next = LIST_NEXT(s, of_viewer);
		if (s->request_id != id)
			continue;
		found = true;
		s->request_id = 0;
		if (ok && !is_refused(refused, s->id))
			conference_subscription_confirm(c->signaling->conference, s);
		else if (!ok && s->in_list)
			offer_send(c, s);
		else
			conference_subscription_remove(c->signaling->conference, s, false);
	}
	return found;
}

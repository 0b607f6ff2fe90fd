// newConsumer, one by one or, to clients that take lists, all of a turn in one newConsumers.
#include "signaling/offers.h"

#include "base/ids.h"
#include "base/json.h"
#include "base/memory.h"
#include "room/offer.h"
#include "signaling/handlers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_MAX 128 // bytes around the data

static const char list_head[] =
        "{\"request\":true,\"method\":\"newConsumers\",\"data\":{\"consumers\":[";

static void send_alone(struct connection *c, struct subscription *s)
{
	static const char head[] = "{\"request\":true,\"method\":\"newConsumer\",\"data\":";
	size_t len = offer_len_max(s), at = sizeof(head) - 1;
	char *text = memory_new(1, FRAME_MAX + len);

	s->request_id = connection_request_id(c);
	s->in_list = false;
	memcpy(text, head, at);
	at += offer_print(s, text + at);
	at += (size_t)snprintf(text + at, FRAME_MAX - sizeof(head), ",\"id\":%u}", s->request_id);
	connection_send(c, text, at);
	free(text);
}

static void list_add(struct connection *c, struct subscription *s)
{
	char *at = connection_list_room(c, list_head, offer_len_max(s), &s->request_id);

	connection_list_added(c, offer_print(s, at));
	s->in_list = true;
}

void offer_send(struct connection *c, struct subscription *s)
{
	if (c->peer->takes_lists)
		list_add(c, s);
	else
		send_alone(c, s);
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
bool offer_answer(struct connection *c, int64_t id, const struct json *answer)
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
			conference_subscription_confirm(conference_of(c), s);
		else if (!ok && s->in_list)
			send_alone(c, s);
		else
			conference_subscription_remove(conference_of(c), s);
	}
	return found;
}

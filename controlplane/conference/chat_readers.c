#include "conference/chat_readers.h"

#include "conference/state.h"

#define CONSUMER_STREAM 0 // the only stream of a receiving transport

static bool hears_apart(const struct peer *p)
{
	return p->joined && p->takes_data && p->rights.chat && !p->reads_envelope;
}

static struct chat_sender *sender_of(struct peer *p, am_id sender)
{
	for (int i = 0; i < AM_DATA_SOURCES; i++) {
		if (p->chat_senders[i].sender == sender)
			return &p->chat_senders[i];
	}
	return NULL;
}

static uint8_t stream_of(const struct peer *p, const struct chat_sender *s)
{
	return (uint8_t)(s - p->chat_senders);
}

static void tell(struct conference *c, struct peer *p, struct chat_sender *s)
{
	const struct transport *sender = conference_transport(c, s->sender);

	if (!s->sender || s->told || !sender || !p->connection)
		return;
	s->told = true;
	c->events->chat_sender_new(c->events->owner, p, stream_of(p, s), sender->peer);
}

void conference_chat_senders_offer(struct conference *c, struct transport *t)
{
	for (int i = 0; i < AM_DATA_SOURCES; i++) {
		struct chat_sender *s = &t->peer->chat_senders[i];
		if (!s->confirmed) // the client may not have heard of it
			s->told = false;
		tell(c, t->peer, s);
	}
}

static void data_consumer_added(void *owner, const struct media_call *call, int result)
{
	struct conference *c = owner;
	struct transport *t = conference_transport(c, call->id);

	if (!t || !transport_data_added(t, result))
		return;
	if (!t->peer->reads_envelope)
		conference_chat_senders_offer(c, t);
	else if (t->peer->connection)
		c->events->data_consumer_new(c->events->owner, t);
}

static void consumer_add(struct conference *c, struct transport *t, bool apart)
{
	const struct am_cmd_data_add add = {
	        .transport_id = t->id,
	        .stream = CONSUMER_STREAM,
	        .apart = apart,
	};
	const struct media_call call = {.id = t->id};

	if (t->data_stream == AM_DATA_NONE &&
	    media_data_consumer_add(c->media, &add, data_consumer_added, c, &call) == 0)
		t->data_stream = CONSUMER_STREAM;
}

// Gives a sender a stream. If all streams are in use, the peer does not receive this sender.
static void sender_add(struct conference *c, struct peer *p, const struct transport *sender)
{
	struct transport *hears = peer_transport_consuming(p);
	struct chat_sender *s = sender_of(p, 0);

	if (!hears || !s || sender->peer == p || sender_of(p, sender->id))
		return;
	*s = (struct chat_sender){.sender = sender->id};
	if (hears->data_ready)
		tell(c, p, s);
	else
		consumer_add(c, hears, true);
}

static void senders_add(struct conference *c, struct peer *p, const struct peer_list *senders)
{
	const struct peer *q;

	TAILQ_FOREACH (q, senders, in_room) {
		if (!sender_of(p, 0))
			return;
		for (int i = 0; i < PEER_TRANSPORT_MAX; i++) {
			const struct transport *t = &q->transports[i];
			if (t->id && t->data_ready)
				sender_add(c, p, t);
		}
	}
}

static void senders_settle(struct conference *c, struct peer *p)
{
	if (!hears_apart(p))
		return;
	senders_add(c, p, &p->room->speakers);
	senders_add(c, p, &p->room->viewers);
}

void conference_chat_consume(struct conference *c, struct peer *p)
{
	struct transport *t = peer_transport_consuming(p);

	if (!p->reads_envelope)
		senders_settle(c, p);
	else if (p->joined && p->rights.chat && p->takes_data && t)
		consumer_add(c, t, false);
}

void conference_chat_confirm(struct conference *c, struct transport *t)
{
	t->data_confirmed = true;
	media_data_consumer_start(c->media, t->id);
}

static void come(struct conference *c, const struct peer_list *readers, const struct transport *t)
{
	struct peer *p;

	TAILQ_FOREACH (p, readers, in_room) {
		if (hears_apart(p))
			sender_add(c, p, t);
	}
}

void conference_chat_sender_come(struct conference *c, const struct transport *sender)
{
	come(c, &sender->peer->room->speakers, sender);
	come(c, &sender->peer->room->viewers, sender);
}

static void stream_set(struct conference *c, struct peer *p, uint8_t stream, am_id sender)
{
	const struct transport *hears = peer_transport_consuming(p);

	if (!hears)
		return;
	const struct am_cmd_data_source source = {
	        .transport_id = hears->id,
	        .source_id = sender,
	        .stream = stream,
	};
	media_data_consumer_source(c->media, &source);
}

void conference_chat_sender_confirm(struct conference *c, struct peer *p, uint8_t stream)
{
	p->chat_senders[stream].confirmed = true;
	stream_set(c, p, stream, p->chat_senders[stream].sender);
}

// Frees the stream of a sender that is gone, which may go to a sender that had none.
static void gone(struct conference *c, struct peer_list *readers, am_id sender)
{
	struct peer *p;

	TAILQ_FOREACH (p, readers, in_room) {
		struct chat_sender *s = p->reads_envelope ? NULL : sender_of(p, sender);
		if (!s)
			continue;
		if (s->told && p->connection)
			c->events->chat_sender_gone(c->events->owner, p, stream_of(p, s));
		stream_set(c, p, stream_of(p, s), 0);
		*s = (struct chat_sender){0};
		senders_settle(c, p);
	}
}

void conference_chat_sender_gone(struct conference *c, const struct transport *sender)
{
	struct room *r = sender->peer->room;

	gone(c, &r->speakers, sender->id);
	gone(c, &r->viewers, sender->id);
}

// produceData, newDataConsumer and related messages. A room has one data channel, "chat", so the id
// of a data producer or consumer is that of its transport.
#include "signaling/chat.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "conference/events.h"
#include "protoo/wire.h"
#include "signaling/handlers.h"
#include "signaling/named.h"
#include "signaling/stats.h"
#include "terms/id.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BOT       "bot"
#define CHANNEL   "chat" // label, and the one dataProducerId that consumers see
#define SCTP_PORT 5000
#define SEND_MAX  16384 // bytes that may wait for one client

struct json *data_sctp_json(void)
{
	struct json *j = json_new_object();

	json_add_int(j, "port", SCTP_PORT);
	json_add_int(j, "OS", AM_DATA_STREAMS_OUT);
	json_add_int(j, "MIS", AM_DATA_STREAMS_IN);
	json_add_int(j, "maxMessageSize", AM_DATA_MESSAGE_MAX);
	json_add_int(j, "maxSendMessageSize", SEND_MAX);
	json_add_int(j, "maxReceiveMessageSize", AM_DATA_MESSAGE_MAX);
	json_add_int(j, "sendBufferSize", SEND_MAX);
	json_add_bool(j, "isDataChannel", true);
	return j;
}

// The transport of the connection's peer whose data producer or consumer the request names.
static struct transport *
end_named(const struct connection *c, const struct json *data, bool consuming)
{
	const char *text = json_string(data, consuming ? "dataConsumerId" : "dataProducerId", 64);
	char transport[ID_TEXT_SIZE];

	// For one of several senders, the id has its stream after the transport's id.
	snprintf(transport, sizeof(transport), "%s", text ? text : "");
	struct transport *t = conference_transport(conference_of(c), id_read(transport));
	return t && t->peer == c->peer && t->consuming == consuming && t->data_ready ? t : NULL;
}

static void on_data_producer_made(void *owner, const struct asker *by, const struct transport *t)
{
	struct connection *c = signaling_connection(owner, by->connection);
	if (c)
		connection_accept(c, by->request_id, wire_made("dataProducerId", t->id));
}

static bool channel_is_named(const struct json *data, const char *channel)
{
	const char *name = json_string(data, "label", 64);

	if (!name || strcmp(name, channel) != 0)
		name = json_string(json_object(data, "appData"), "channel", 64);
	return name && strcmp(name, channel) == 0;
}

// mediasoup-demo's clients open a channel to a bot at each join. Here, the bot accepts the channel
// and says nothing.
static void bot_accept(struct connection *c, int64_t id, const struct transport *t)
{
	char transport[ID_TEXT_SIZE], text[sizeof(BOT) + 1 + ID_TEXT_SIZE];
	struct json *data = json_new_object();

	id_print(t->id, transport);
	snprintf(text, sizeof(text), BOT "-%s", transport);
	json_add_string(data, "id", text);
	json_add_string(data, "dataProducerId", text);
	connection_accept(c, id, data);
}

static bool names_bot(const struct json *data)
{
	const char *id = json_string(data, "dataProducerId", 64);
	return id && strncmp(id, BOT "-", strlen(BOT "-")) == 0;
}

void handle_produce_data(struct connection *c, int64_t id, const struct json *data)
{
	struct transport *t = named_transport(c, data);
	const struct asker by = {c->number, id};
	int64_t stream;

	if (t && !t->consuming && channel_is_named(data, BOT))
		return bot_accept(c, id, t);
	if (!c->peer->rights.chat)
		return connection_reject_errno(c, id, -EPERM);
	if (!t || t->consuming)
		return connection_reject_errno(c, id, -ENOENT);
	if (!channel_is_named(data, CHANNEL))
		return connection_reject(c, id, 404, "not-found: the only channel is " CHANNEL);
	if (!json_int(
	            json_object(data, "sctpStreamParameters"), "streamId", 0,
	            AM_DATA_STREAMS_IN - 1, &stream
	    ))
		return connection_reject(c, id, 400, "bad-request: streamId is 0 to 1023");
	int ret = conference_chat_produce(conference_of(c), t, (uint16_t)stream, &by);
	if (ret < 0)
		return connection_reject_errno(c, id, ret);
	connection_pay(c); // readers without the envelope are told of a new sender
}

void handle_close_data_producer(struct connection *c, int64_t id, const struct json *data)
{
	struct transport *t = end_named(c, data, false);

	if (names_bot(data))
		return connection_accept(c, id, NULL);
	if (!t)
		return connection_reject_errno(c, id, -ENOENT);
	conference_chat_close(conference_of(c), t);
	connection_accept(c, id, NULL);
}

static struct json *stream_json(uint8_t stream)
{
	struct json *j = json_new_object();

	json_add_int(j, "streamId", stream);
	json_add_bool(j, "ordered", true);
	return j;
}

// The ids of newDataConsumer requests under way; 0: none.
struct chat_requests {
	uint32_t everybody;
	uint32_t sender[AM_DATA_SOURCES]; // by stream, if senders have streams of their own
};

static struct chat_requests *requests_of(struct connection *c)
{
	if (!c->chat)
		c->chat = memory_new(1, sizeof(*c->chat));
	return c->chat;
}

void data_forget(struct connection *c)
{
	free(c->chat);
	c->chat = NULL;
}

void data_offer(struct connection *c, const struct transport *t)
{
	struct json *data = json_new_object(), *app_data = json_new_object();

	json_add_string(app_data, "channel", CHANNEL);
	json_add_null(data, "peerId"); // from all senders
	json_add_id(data, "transportId", t->id);
	json_add_string(data, "dataProducerId", CHANNEL);
	json_add_id(data, "id", t->id);
	json_add_id(data, "dataConsumerId", t->id);
	json_add(data, "sctpStreamParameters", stream_json(t->data_stream));
	json_add_string(data, "label", CHANNEL);
	json_add_string(data, "protocol", "");
	json_add(data, "appData", app_data);
	requests_of(c)->everybody = connection_request(c, "newDataConsumer", data);
}

// Prints the transport's id and the stream.
static void source_id_print(const struct transport *t, uint8_t stream, char out[ID_TEXT_SIZE + 4])
{
	char transport[ID_TEXT_SIZE];

	id_print(t->id, transport);
	snprintf(out, ID_TEXT_SIZE + 4, "%s-%u", transport, stream);
}

// Offers the messages of one sender, in the form that mediasoup-demo's clients know.
void data_source_offer(struct connection *c, uint8_t stream, const struct peer *sender)
{
	const struct chat_sender *s = &c->peer->chat_senders[stream];
	const struct transport *t = peer_transport_consuming(c->peer);
	struct json *data = json_new_object(), *app_data = json_new_object();
	char id[ID_TEXT_SIZE + 4];

	source_id_print(t, stream, id);
	json_add_string(app_data, "peerId", sender->id);
	json_add_string(app_data, "channel", CHANNEL);
	json_add_string(data, "peerId", sender->id);
	json_add_id(data, "transportId", t->id);
	json_add_id(data, "dataProducerId", s->sender);
	json_add_string(data, "id", id);
	json_add_string(data, "dataConsumerId", id);
	json_add(data, "sctpStreamParameters", stream_json(stream));
	json_add_string(data, "label", CHANNEL);
	json_add_string(data, "protocol", "");
	json_add(data, "appData", app_data);
	requests_of(c)->sender[stream] = connection_request(c, "newDataConsumer", data);
}

void data_source_closed(struct connection *c, uint8_t stream)
{
	const struct transport *t = peer_transport_consuming(c->peer);
	struct json *data = json_new_object();
	char id[ID_TEXT_SIZE + 4] = "";

	if (t)
		source_id_print(t, stream, id);
	json_add_string(data, "dataConsumerId", id);
	connection_notify(c, "dataConsumerClosed", data);
}

static void data_refused(struct connection *c, struct transport *t)
{
	c->peer->takes_data = false;
	conference_chat_close(conference_of(c), t);
}

static void source_answer(struct connection *c, struct transport *t, int64_t id, bool ok)
{
	for (uint8_t stream = 0; stream < AM_DATA_SOURCES; stream++) {
		if (!c->peer->chat_senders[stream].told || requests_of(c)->sender[stream] != id)
			continue;
		requests_of(c)->sender[stream] = 0;
		if (ok)
			conference_chat_sender_confirm(conference_of(c), c->peer, stream);
		else
			data_refused(c, t);
		return;
	}
}

void data_answer(struct connection *c, int64_t id, bool ok)
{
	struct transport *t = peer_transport_consuming(c->peer);

	if (t && !c->peer->reads_envelope)
		return source_answer(c, t, id, ok);
	if (!t || !t->data_ready || requests_of(c)->everybody != id)
		return;
	requests_of(c)->everybody = 0;
	if (ok)
		conference_chat_confirm(conference_of(c), t);
	else
		data_refused(c, t);
}

static void stats(struct connection *c, int64_t id, const struct json *data, bool consuming)
{
	struct transport *t = end_named(c, data, consuming);
	struct am_transport_state state;

	if (!consuming && names_bot(data))
		return stats_send(c, id, json_new_array());

	if (!t || !conference_transport_state(conference_of(c), t, &state))
		return connection_reject_errno(c, id, -ENOENT);
	struct json *list = json_new_array(), *j = json_new_object();
	json_add_string(j, "type", consuming ? "data-consumer" : "data-producer");
	json_add_int(j, "timestamp", clock_real_ms());
	json_add_string(j, "label", CHANNEL);
	json_add_string(j, "protocol", "");
	json_add_int(
	        j, consuming ? "messagesSent" : "messagesReceived",
	        (int64_t)(consuming ? state.data_messages_out : state.data_messages_in)
	);
	json_add_int(
	        j, consuming ? "bytesSent" : "bytesReceived",
	        (int64_t)(consuming ? state.data_bytes_out : state.data_bytes_in)
	);
	json_push(list, j);
	stats_send(c, id, list);
}

void handle_data_producer_stats(struct connection *c, int64_t id, const struct json *data)
{
	stats(c, id, data, false);
}

void handle_data_consumer_stats(struct connection *c, int64_t id, const struct json *data)
{
	stats(c, id, data, true);
}

void data_events_init(struct conference_events *e)
{
	e->data_producer_made = on_data_producer_made;
}

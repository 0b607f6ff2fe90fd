// produceData, newDataConsumer and what goes with them. A room has one data channel, "chat", so a
// data producer or consumer has its transport's id.
#include "signaling_connection.h"

#include "clock.h"
#include "json.h"

#include <errno.h>
#include <string.h>

#define CHANNEL   "chat" // label, and what all data producers are to a consumer
#define SCTP_PORT 5000
#define SEND_MAX  16384 // bytes that wait for one client

static struct conference *conference_of(const struct connection *c)
{
	return c->signaling->conference;
}

struct json *signaling_sctp_json(void)
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

// The transport of the connection's peer whose data producer, or consumer, data names.
static struct transport *
end_named(const struct connection *c, const struct json *data, bool consuming)
{
	const char *key = consuming ? "dataConsumerId" : "dataProducerId";
	struct transport *t =
	        conference_transport(conference_of(c), id_read(json_string(data, key, 64)));
	return t && t->peer == c->peer && t->consuming == consuming && t->data_ready ? t : NULL;
}

static void data_produced(void *owner, const struct media_call *call, int result)
{
	struct signaling *s = owner;
	struct transport *t = conference_data_produced(s->conference, call->id, result);
	struct connection *c = signaling_connection(s, call->connection);

	if (c && t) {
		struct json *data = json_new_object();
		json_add_id(data, "id", t->id);
		json_add_id(data, "dataProducerId", t->id);
		connection_accept(c, call->request_id, data);
	} else if (c) {
		connection_reject_errno(c, call->request_id, result < 0 ? result : -ENOENT);
	}
}

static bool channel_is_named(const struct json *data)
{
	const char *name = json_string(data, "label", 64);

	if (!name || strcmp(name, CHANNEL) != 0)
		name = json_string(json_object(data, "appData"), "channel", 64);
	return name && strcmp(name, CHANNEL) == 0;
}

void handle_produce_data(struct connection *c, int64_t id, const struct json *data)
{
	struct transport *t = connection_transport(c, data);
	struct media_call call = {.connection = c->number, .request_id = id};
	int64_t stream;

	if (!c->peer->rights.chat)
		return connection_reject_errno(c, id, -EPERM);
	if (!t || t->consuming)
		return connection_reject_errno(c, id, -ENOENT);
	if (!channel_is_named(data))
		return connection_reject(c, id, 404, "not-found: the only channel is " CHANNEL);
	if (!json_int(
	            json_object(data, "sctpStreamParameters"), "streamId", 0,
	            AM_DATA_STREAMS_IN - 1, &stream
	    ))
		return connection_reject(c, id, 400, "bad-request: streamId is 0 to 1023");
	int ret = conference_data_produce(
	        conference_of(c), t, (uint16_t)stream, data_produced, c->signaling, &call
	);
	if (ret < 0)
		connection_reject_errno(c, id, ret);
}

void handle_close_data_producer(struct connection *c, int64_t id, const struct json *data)
{
	struct transport *t = end_named(c, data, false);

	if (!t)
		return connection_reject_errno(c, id, -ENOENT);
	conference_data_close(conference_of(c), t);
	connection_accept(c, id, NULL);
}

void signaling_send_data_consumer(struct connection *c, struct transport *t)
{
	struct json *data = json_new_object(), *stream = json_new_object();
	struct json *app_data = json_new_object();

	json_add_int(stream, "streamId", t->data_stream);
	json_add_bool(stream, "ordered", true);
	json_add_string(app_data, "channel", CHANNEL);
	json_add_null(data, "peerId"); // everybody's
	json_add_id(data, "transportId", t->id);
	json_add_string(data, "dataProducerId", CHANNEL);
	json_add_id(data, "id", t->id);
	json_add_id(data, "dataConsumerId", t->id);
	json_add(data, "sctpStreamParameters", stream);
	json_add_string(data, "label", CHANNEL);
	json_add_string(data, "protocol", "");
	json_add(data, "appData", app_data);
	t->data_request_id = ++c->request_id;
	connection_request(c, t->data_request_id, "newDataConsumer", data);
}

void connection_data_answer(struct connection *c, int64_t id, bool ok)
{
	struct transport *t = peer_transport_consuming(c->peer);

	if (!t || t->data_request_id != id)
		return;
	t->data_request_id = 0;
	if (ok) {
		conference_data_confirm(conference_of(c), t);
	} else {
		c->peer->takes_data = false;
		conference_data_close(conference_of(c), t);
	}
}

static void stats(struct connection *c, int64_t id, const struct json *data, bool consuming)
{
	struct transport *t = end_named(c, data, consuming);
	struct am_transport_state state;

	if (!t || !media_read_transport(conference_of(c)->media, am_id_slot(t->id), &state) ||
	    state.id != t->id)
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
	connection_send_stats(c, id, list);
}

void handle_data_producer_stats(struct connection *c, int64_t id, const struct json *data)
{
	stats(c, id, data, false);
}

void handle_data_consumer_stats(struct connection *c, int64_t id, const struct json *data)
{
	stats(c, id, data, true);
}

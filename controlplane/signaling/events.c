#include "signaling/events.h"

#include "base/json.h"
#include "conference/events.h"
#include "protoo/wire.h"
#include "signaling/activity.h"
#include "signaling/chat.h"
#include "signaling/handlers.h"
#include "signaling/offer_text.h"
#include "signaling/offers.h"
#include "signaling/place.h"
#include "signaling/recording.h"
#include "terms/id.h"

static struct connection *connection_of(void *owner, const struct peer *p)
{
	return signaling_connection(owner, p->connection);
}

static void on_joined(void *owner, struct peer *to, const struct peer *who)
{
	struct connection *c = connection_of(owner, to);
	if (!c)
		return;
	struct json *data = wire_peer(who);
	if (c->is_renamed)
		json_add(data, "peer", wire_peer(who));
	connection_notify(c, "newPeer", data);
}

static void on_left(void *owner, struct peer *to, const char *peer_id)
{
	struct connection *c = connection_of(owner, to);
	if (!c)
		return;
	struct json *data = json_new_object();
	json_add_string(data, "peerId", peer_id);
	connection_notify(c, "peerClosed", data);
}

static void on_renamed(void *owner, struct peer *to, const struct peer *who, const char *old)
{
	struct connection *c = connection_of(owner, to);
	if (!c)
		return;
	struct json *data = json_new_object();
	json_add_string(data, "peerId", who->id);
	json_add_string(data, "displayName", who->display_name);
	json_add_string(data, "oldDisplayName", old);
	connection_notify(c, "peerDisplayNameChanged", data);
}

static void on_consumer_new(void *owner, const struct subscription *s)
{
	struct connection *c = connection_of(owner, s->viewer);
	if (c)
		offer_send(c, s);
}

static void consumer_notify(void *owner, const struct peer *to, const char *method, am_id id)
{
	struct connection *c = connection_of(owner, to);
	if (c)
		connection_notify(c, method, wire_id("consumerId", id));
}

static void on_consumer_closed(void *owner, struct peer *to, am_id id)
{
	consumer_notify(owner, to, "consumerClosed", id);
}

static void on_consumer_paused(void *owner, struct subscription *s, bool paused)
{
	consumer_notify(owner, s->viewer, paused ? "consumerPaused" : "consumerResumed", s->id);
}

static void layer_add(struct json *j, const char *key, uint8_t layer)
{
	if (layer == AM_LAYER_NONE)
		json_add_null(j, key);
	else
		json_add_int(j, key, layer);
}

static void on_layers_changed(void *owner, struct subscription *s)
{
	struct connection *c = connection_of(owner, s->viewer);
	if (!c)
		return;
	struct json *data = wire_id("consumerId", s->id);
	layer_add(data, "spatialLayer", s->spatial_layer_now);
	layer_add(data, "temporalLayer", s->temporal_layer_now);
	if (s->withheld)
		json_add_string(data, "reason", am_limit_name(s->withheld));
	if (c->is_renamed && s->spatial_layer_now != AM_LAYER_NONE) {
		struct json *layers = json_new_object();
		json_add_int(layers, "spatialLayer", s->spatial_layer_now);
		json_add_int(layers, "temporalLayer", s->temporal_layer_now);
		json_add(data, "layers", layers);
	}
	connection_notify(c, "consumerLayersChanged", data);
}

static void on_data_consumer_new(void *owner, const struct transport *t)
{
	struct connection *c = connection_of(owner, t->peer);
	if (c)
		data_offer(c, t);
}

static void on_data_consumer_closed(void *owner, struct peer *to, am_id id)
{
	struct connection *c = connection_of(owner, to);
	if (c)
		connection_notify(c, "dataConsumerClosed", wire_id("dataConsumerId", id));
}

static void on_producer_too_long(void *owner, const struct track *t, uint32_t payload_len)
{
	struct connection *c = connection_of(owner, t->owner);
	if (!c)
		return;
	struct json *data = wire_id("producerId", t->id);
	json_add_int(data, "payloadBytes", payload_len);
	json_add_string(
	        data, "message",
	        "RTP payloads of this length do not fit on some viewers' paths and are dropped: "
	        "1200 bytes fit everywhere."
	);
	connection_notify(c, "producerTooLong", data);
}

static void on_encodings_wanted(void *owner, const struct track *t)
{
	struct connection *c = connection_of(owner, t->owner);
	if (!c)
		return;
	struct json *data = json_new_object(), *active = json_new_array();
	for (uint8_t i = 0; i < t->encoding_count; i++)
		json_push(active, json_new_bool(t->wanted >> i & 1));
	json_add_id(data, "producerId", t->id);
	json_add(data, "active", active);
	connection_notify(c, "encodingsWanted", data);
}

static void on_producer_unfit(void *owner, const struct track *t)
{
	struct connection *c = connection_of(owner, t->owner);
	if (c)
		connection_notify(c, "producerUnfit", wire_id("producerId", t->id));
}

static void on_track_gone(void *, struct track *t)
{
	offer_texts_forget(t);
}

static void on_transport_closed(void *owner, struct peer *to, am_id id, enum transport_end why)
{
	static const char *const reasons[] = {
	        [TRANSPORT_DTLS_FAILED] = "dtls-failed",
	        [TRANSPORT_DTLS_CLOSED] = "dtls-closed",
	        [TRANSPORT_REPLACED] = "replaced",
	};
	struct connection *c = connection_of(owner, to);
	if (!c)
		return;
	struct json *data = wire_id("transportId", id);
	json_add_string(data, "reason", reasons[why]);
	connection_notify(c, "transportClosed", data);
}

static void on_transport_path(void *owner, const struct transport *t, bool lost)
{
	struct connection *c = connection_of(owner, t->peer);
	if (!c)
		return;
	struct json *data = wire_id("transportId", t->id);
	json_add_string(data, "iceState", lost ? "disconnected" : "connected");
	if (lost) {
		json_add_string(data, "reason", "consent-expired");
		json_add_string(
		        data, "message",
		        "No STUN binding request for 30 s (RFC 7675): until the next one nothing "
		        "is sent to the client, and nothing is taken from it."
		);
	}
	connection_notify(c, "transportIceStateChanged", data);
}

static void
on_chat_sender_new(void *owner, struct peer *to, uint8_t stream, const struct peer *sender)
{
	struct connection *c = connection_of(owner, to);
	if (c)
		data_source_offer(c, stream, sender);
}

static void on_chat_sender_gone(void *owner, struct peer *to, uint8_t stream)
{
	struct connection *c = connection_of(owner, to);
	if (c)
		data_source_closed(c, stream);
}

static void on_media_down(void *owner, struct peer *to)
{
	struct connection *c = connection_of(owner, to);
	if (c)
		connection_notify(c, "mediaDown", NULL);
}

static void on_changed(void *owner, struct peer *to, const struct peer *who)
{
	struct connection *c = connection_of(owner, to);
	if (c)
		connection_notify(c, "peerChanged", wire_peer(who));
}

static void on_waiting(void *owner, struct peer *to, const struct peer *who, bool waits)
{
	struct connection *c = connection_of(owner, to);
	if (c)
		connection_notify(c, waits ? "waitingPeer" : "waitingPeerGone", wire_waiting(who));
}

static void on_admitted(void *owner, struct peer *to)
{
	struct connection *c = connection_of(owner, to);
	if (c)
		place_send(c);
}

static void on_room_changed(void *owner, struct peer *to)
{
	struct connection *c = connection_of(owner, to);
	if (c)
		connection_notify(c, "roomChanged", place_room(conference_of(c), to->room));
}

static void on_lacking(void *owner, struct peer *to)
{
	struct connection *c = connection_of(owner, to);
	if (!c)
		return;
	struct json *data = json_new_object();
	json_add_bool(data, "missing", to->news.lacks);
	connection_notify(c, "consumersMissing", data);
}

static void on_muted(void *owner, struct peer *to, enum track_kind kind)
{
	struct connection *c = connection_of(owner, to);
	if (c)
		place_send_muted(c, kind);
}

static void on_producer_closed(void *owner, struct peer *to, am_id id)
{
	struct connection *c = connection_of(owner, to);
	if (c)
		connection_notify(c, "producerClosed", wire_id("producerId", id));
}

static void on_rights_changed(void *owner, struct peer *to)
{
	struct connection *c = connection_of(owner, to);
	if (!c)
		return;
	struct json *data = json_new_object();
	wire_add_rights(data, &to->rights);
	connection_notify(c, "rightsChanged", data);
}

static void on_removed(void *owner, struct peer *p, enum refusal refusal)
{
	struct connection *c = connection_of(owner, p);
	if (!c)
		return;
	c->peer = NULL;
	connection_kick(c, &(struct refused){.refusal = refusal, .detail = ""});
}

static void on_done(void *owner, const struct asker *by)
{
	struct connection *c = signaling_connection(owner, by->connection);
	if (c)
		connection_accept(c, by->request_id, NULL);
}

static void on_failed(void *owner, const struct asker *by, int error)
{
	struct connection *c = signaling_connection(owner, by->connection);
	if (c)
		connection_reject_errno(c, by->request_id, error);
}

void events_init(struct conference_events *e, struct signaling *s)
{
	*e = (struct conference_events){
	        .owner = s,
	        .transport_connected = on_done,
	        .failed = on_failed,
	        .peer_joined = on_joined,
	        .peer_left = on_left,
	        .peer_renamed = on_renamed,
	        .peer_changed = on_changed,
	        .waiting = on_waiting,
	        .admitted = on_admitted,
	        .room_changed = on_room_changed,
	        .muted = on_muted,
	        .lacking = on_lacking,
	        .producer_closed = on_producer_closed,
	        .producer_too_long = on_producer_too_long,
	        .encodings_wanted = on_encodings_wanted,
	        .producer_unfit = on_producer_unfit,
	        .track_gone = on_track_gone,
	        .rights_changed = on_rights_changed,
	        .consumer_new = on_consumer_new,
	        .consumer_closed = on_consumer_closed,
	        .consumer_paused = on_consumer_paused,
	        .layers_changed = on_layers_changed,
	        .data_consumer_new = on_data_consumer_new,
	        .data_consumer_closed = on_data_consumer_closed,
	        .transport_closed = on_transport_closed,
	        .transport_path = on_transport_path,
	        .chat_sender_new = on_chat_sender_new,
	        .chat_sender_gone = on_chat_sender_gone,
	        .media_down = on_media_down,
	        .removed = on_removed,
	};
	join_events_init(e);
	transport_events_init(e);
	track_events_init(e);
	data_events_init(e);
	activity_events_init(e);
	recording_events_init(e);
}

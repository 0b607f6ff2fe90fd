#include "signaling/handlers.h"

#include "base/json.h"
#include "conference/events.h"
#include "protoo/wire.h"
#include "signaling/named.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APP_DATA_MAX   4096 // bytes as JSON
#define PARAMETERS_MAX 32768 // bytes of rtpParameters as JSON

static bool fits(const struct json *j, size_t max)
{
	if (!j)
		return true;
	char *text = json_print(j);
	bool yes = text && strlen(text) <= max;
	free(text);
	return yes;
}

static void on_track_made(void *owner, const struct asker *by, const struct track *t)
{
	struct connection *c = signaling_connection(owner, by->connection);
	if (c)
		connection_accept(c, by->request_id, wire_made("producerId", t->id));
}

void handle_screen_codec(struct connection *c, int64_t id, const struct json *)
{
	if (!c->peer->rights.speaker)
		return connection_reject_errno(c, id, -EPERM);
	enum am_codec codec = conference_screen_codec(conference_of(c), c->peer->room);
	struct json *data = json_new_object();
	json_add_string(data, "mimeType", ortc_codecs[codec].mime);
	connection_accept(c, id, data);
}

void handle_produce(struct connection *c, int64_t id, const struct json *data)
{
	struct transport *t = named_transport(c, data);
	const struct json *parameters = json_object(data, "rtpParameters");
	const struct json *app_data = json_object(data, "appData");
	int kind = ortc_kind_read(json_string(data, "kind", 8));
	const struct asker by = {c->number, id};
	const char *why = "";
	char reason[128];

	if (!c->peer->rights.speaker)
		return connection_reject_errno(c, id, -EPERM);
	connection_pay(c); // the others are told once the data plane has the track
	if (!t || t->consuming)
		return connection_reject_errno(c, id, -ENOENT);
	if (kind < 0 || !parameters || (json_has(data, "appData") && !app_data) ||
	    !fits(parameters, PARAMETERS_MAX) || !fits(app_data, APP_DATA_MAX))
		return connection_reject_errno(c, id, -EINVAL);
	int ret = conference_track_add(
	        conference_of(c), t, (enum ortc_kind)kind, parameters, app_data, &by, &why
	);
	if (ret == -EINVAL && why) {
		snprintf(reason, sizeof(reason), "bad-request: %s", why);
		connection_reject(c, id, 400, reason);
	} else if (ret < 0) {
		connection_reject_errno(c, id, ret);
	}
}

void handle_close_producer(struct connection *c, int64_t id, const struct json *data)
{
	struct track *t = named_track(c, data);

	if (!t)
		return connection_reject_errno(c, id, -ENOENT);
	conference_track_close(conference_of(c), t);
	connection_accept(c, id, NULL);
}

static void producer_pause(struct connection *c, int64_t id, const struct json *data, bool paused)
{
	struct track *t = named_track(c, data);

	if (!t)
		return connection_reject_errno(c, id, -ENOENT);
	conference_track_pause(conference_of(c), t, paused);
	connection_accept(c, id, NULL);
}

void handle_pause_producer(struct connection *c, int64_t id, const struct json *data)
{
	producer_pause(c, id, data, true);
}

void handle_resume_producer(struct connection *c, int64_t id, const struct json *data)
{
	producer_pause(c, id, data, false);
}

static void consumer_pause(struct connection *c, int64_t id, const struct json *data, bool paused)
{
	struct subscription *s = named_subscription(c, data);

	if (!s)
		return connection_reject_errno(c, id, -ENOENT);
	conference_subscription_pause(conference_of(c), s, paused);
	connection_accept(c, id, NULL);
}

void handle_pause_consumer(struct connection *c, int64_t id, const struct json *data)
{
	consumer_pause(c, id, data, true);
}

void handle_resume_consumer(struct connection *c, int64_t id, const struct json *data)
{
	consumer_pause(c, id, data, false);
}

void handle_preferred_layers(struct connection *c, int64_t id, const struct json *data)
{
	struct subscription *s = named_subscription(c, data);
	int64_t spatial, temporal;

	if (!s)
		return connection_reject_errno(c, id, -ENOENT);
	temporal = s->temporal_layer;
	if (!json_int(data, "spatialLayer", 0, AM_LAYER_NONE, &spatial) ||
	    (json_has(data, "temporalLayer") &&
	     !json_int(data, "temporalLayer", 0, AM_LAYER_NONE, &temporal)))
		return connection_reject_errno(c, id, -EINVAL);
	if (spatial >= s->track->media.spatial_layers)
		spatial = s->track->media.spatial_layers - 1;
	if (temporal > TRACK_LAYER_MAX)
		temporal = TRACK_LAYER_MAX;
	conference_subscription_layers(
	        conference_of(c), s, (uint8_t)spatial, (uint8_t)temporal, s->priority
	);
	connection_accept(c, id, NULL);
}

void handle_priority(struct connection *c, int64_t id, const struct json *data)
{
	struct subscription *s = named_subscription(c, data);
	int64_t priority;

	if (!s)
		return connection_reject_errno(c, id, -ENOENT);
	if (!json_int(data, "priority", 1, 255, &priority))
		return connection_reject_errno(c, id, -EINVAL);
	conference_subscription_layers(
	        conference_of(c), s, s->spatial_layer, s->temporal_layer, (uint8_t)priority
	);
	connection_accept(c, id, NULL);
}

void handle_key_frame(struct connection *c, int64_t id, const struct json *data)
{
	struct subscription *s = named_subscription(c, data);

	if (!s)
		return connection_reject_errno(c, id, -ENOENT);
	conference_subscription_key_frame(conference_of(c), s);
	connection_accept(c, id, NULL);
}

void track_events_init(struct conference_events *e)
{
	e->track_made = on_track_made;
}

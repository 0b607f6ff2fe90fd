#include "service/publish.h"

#include <string.h>

#include "service/records.h"

static void data_publish(const struct data_figures *d, struct am_transport_state *e)
{
	static const struct data_figures none = {
	        .producer = AM_DATA_NONE, .consumer = AM_DATA_NONE};

	if (!d)
		d = &none;
	e->data_producer = d->producer;
	e->data_consumer = d->consumer;
	e->data_messages_in = d->messages_in;
	e->data_bytes_in = d->bytes_in;
	e->data_messages_out = d->messages_out;
	e->data_bytes_out = d->bytes_out;
}

void publish_session(struct am_region *r, const struct session *s)
{
	struct am_transport_state *e = &r->map->transports[am_id_slot(s->id)];

	am_table_begin(&e->version);
	e->ice = s->ice.state;
	e->dtls = s->dtls_state;
	e->worker = s->worker;
	e->id = s->id;
	e->room_id = s->room_id;
	e->checked_ns = s->ice.checked_ns;
	data_publish(s->data_figures, e);
	am_table_end(&e->version);
}

void publish_source(struct am_region *r, const struct source *s)
{
	struct am_track_state *e = &r->map->tracks[am_id_slot(s->params.track_id)];

	am_table_begin(&e->version);
	e->codec = s->params.codec;
	e->paused = s->paused;
	e->encoding_count = s->params.encoding_count;
	e->wanted = source_wanted(s);
	e->id = s->params.track_id;
	e->transport_id = s->params.transport_id;
	e->room_id = s->session->room_id;
	e->tapped = s->tapped;
	am_table_end(&e->version);
}

void publish_sink(struct am_region *r, const struct sink *s)
{
	struct am_subscription_state *e = &r->map->subscriptions[am_id_slot(s->id)];

	am_table_begin(&e->version);
	e->paused = s->paused;
	e->spatial_layer = s->spatial;
	e->temporal_layer = s->temporal;
	e->spatial_layer_now = s->spatial_now;
	e->temporal_layer_now = s->temporal_now;
	e->withheld = s->withheld;
	e->priority = s->priority;
	e->id = s->id;
	e->track_id = s->source->params.track_id;
	e->transport_id = s->session->id;
	e->ssrc = s->ssrc;
	e->rtx_ssrc = s->rtx_ssrc;
	memcpy(e->mid, s->mid, sizeof(e->mid));
	am_table_end(&e->version);
}

void publish_no_session(struct am_region *r, uint32_t slot)
{
	struct am_transport_state *e = &r->map->transports[slot];

	am_table_begin(&e->version);
	e->id = 0;
	am_table_end(&e->version);
}

void publish_no_source(struct am_region *r, uint32_t slot)
{
	struct am_track_state *e = &r->map->tracks[slot];

	am_table_begin(&e->version);
	e->id = 0;
	am_table_end(&e->version);
}

void publish_no_sink(struct am_region *r, uint32_t slot)
{
	struct am_subscription_state *e = &r->map->subscriptions[slot];

	am_table_begin(&e->version);
	e->id = 0;
	am_table_end(&e->version);
}

void publish_event(struct am_region *r, const struct am_msg *msg)
{
	if (am_ring_push(&r->map->events, msg) < 0)
		atomic_fetch_add_explicit(&r->map->header.events_lost, 1, memory_order_release);
}

void publish_session_state(struct am_region *r, const struct session *s)
{
	const struct am_msg event = {
	        .type = AM_EVENT_TRANSPORT_STATE,
	        .transport_state = {s->id, s->ice.state, s->dtls_state},
	};

	publish_session(r, s);
	publish_event(r, &event);
}

#include "conference/media_events.h"

#include "conference/state.h"
#include "conference/tell.h"
#include "conference/transport.h"
#include "terms/metrics.h"

#include "am_log.h"

// RFC 7675 5.1. A browser's checks end when it loses its network, so it knows; another kind of
// client may not know that it has to send checks.
static void tell_path(struct conference *c, const struct transport *t, bool lost)
{
	const struct peer *p = t->peer;

	am_info("transport: %s; room=%s peer=%s id=%llx",
	        lost ? "consent expired" : "consent is back", p->room->name, am_log_value(p->id),
	        (unsigned long long)t->id);
	if (lost)
		metric_count(METRIC_transports_expired);
	if (p->connection)
		c->events->transport_path(c->events->owner, t, lost);
}

static void transport_changed(void *owner, am_id id, uint8_t ice, uint8_t dtls)
{
	struct conference *c = owner;
	struct transport *t = conference_transport(c, id);

	if (!t)
		return;
	struct peer *p = t->peer;
	uint8_t ice_before = t->ice;
	t->ice = ice;
	t->dtls = dtls;
	am_debug("transport: state; id=%llx ice=%u dtls=%u", (unsigned long long)id, ice, dtls);
	bool gone = ice == AM_ICE_EXPIRED;
	if (dtls == AM_DTLS_FAILED || dtls == AM_DTLS_CLOSED) {
		conference_transport_end(
		        c, t, dtls == AM_DTLS_FAILED ? TRANSPORT_DTLS_FAILED : TRANSPORT_DTLS_CLOSED
		);
		gone = dtls == AM_DTLS_CLOSED && !peer_has_transport(p);
	} else if (ice != ice_before && (gone || ice_before == AM_ICE_EXPIRED)) {
		tell_path(c, t, gone);
	}
	if (gone && !p->connection && !peer_is_connected(p))
		conference_remove(c, p, REFUSAL_NONE);
}

static void layers_changed(void *owner, const struct am_event_subscription_layers *now)
{
	struct conference *c = owner;
	struct subscription *s = conference_subscription(c, now->subscription_id);

	if (!s || s->track->media.kind == ORTC_AUDIO) // audio has no layers
		return;
	s->spatial_layer_now = now->spatial_layer;
	s->temporal_layer_now = now->temporal_layer;
	s->withheld = now->withheld;
	if (s->withheld == AM_LIMIT_BANDWIDTH &&
	    subscription_is_due(s)) // this may be over before the next look
		s->viewer->down.weak_ms = loop_now_ms(c->loop);
	if (s->ready && s->viewer->connection)
		c->events->layers_changed(c->events->owner, s);
}

static void too_long(void *owner, am_id id, uint32_t payload_len)
{
	struct conference *c = owner;
	struct track *t = conference_track(c, id);

	if (t && t->owner->connection)
		c->events->producer_too_long(c->events->owner, t, payload_len);
}

static void wanted_changed(void *owner, am_id id, uint8_t encodings)
{
	struct conference *c = owner;
	struct track *t = conference_track(c, id);

	if (!t)
		return;
	t->wanted = encodings;
	conference_tell_wanted(c, t);
}

void conference_media_events_init(struct conference *c)
{
	struct media_events *e = &c->media_events;

	e->transport_state = transport_changed;
	e->layers = layers_changed;
	e->too_long = too_long;
	e->wanted = wanted_changed;
}

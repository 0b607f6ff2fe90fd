#include "conference/verify.h"

#include "conference/chat.h"
#include "conference/state.h"
#include "conference/subscriptions.h"
#include "conference/tracks.h"
#include "conference/transport.h"
#include "media/region.h"

static void transports_verify(struct conference *c)
{
	const struct media_events *e = &c->media_events;
	struct am_transport_state state;

	for (uint32_t i = 0; i < AM_TRANSPORT_MAX; i++) {
		bool there = media_read_transport(c->media, i, &state);
		struct transport *t = c->transports[i];
		if (t && t->ready && (!there || state.id != t->id))
			conference_transport_forget(c, t);
		else if (t && there && state.id == t->id && (state.ice != t->ice || state.dtls != t->dtls))
			e->transport_state(e->owner, state.id, state.ice, state.dtls);
		else if (!t && there)
			media_transport_remove(c->media, state.id);
		t = c->transports[i]; // an earlier change may have ended it
		if (t && there && state.id == t->id)
			conference_chat_verify(c, t, &state);
	}
}

static void tracks_verify(struct conference *c)
{
	const struct media_events *e = &c->media_events;
	struct am_track_state state;

	for (uint32_t i = 0; i < AM_TRACK_MAX; i++) {
		bool there = media_read_track(c->media, i, &state);
		struct track *t = c->tracks[i];
		if (t && t->ready && (!there || state.id != t->id))
			conference_track_forget(c, t);
		else if (t && there && state.id == t->id && state.wanted != t->wanted)
			e->wanted(e->owner, t->id, state.wanted);
		else if (!t && there)
			media_track_remove(c->media, state.id);
	}
}

static void subscriptions_verify(struct conference *c)
{
	const struct media_events *e = &c->media_events;
	struct am_subscription_state state;

	for (uint32_t i = 0; i < AM_SUBSCRIPTION_MAX; i++) {
		bool there = media_read_subscription(c->media, i, &state);
		struct subscription *s = c->subscriptions[i];
		if (s && s->ready && (!there || state.id != s->id)) {
			if (s->viewer->connection)
				c->events->consumer_closed(c->events->owner, s->viewer, s->id);
			conference_subscription_forget(c, s);
		} else if (s && there && state.id == s->id) {
			const struct am_event_subscription_layers now = {
			        s->id, state.spatial_layer_now, state.temporal_layer_now,
			        state.withheld};
			if (s->spatial_layer_now != now.spatial_layer ||
			    s->temporal_layer_now != now.temporal_layer ||
			    s->withheld != now.withheld)
				e->layers(e->owner, &now);
		} else if (!s && there) {
			media_subscription_remove(c->media, state.id);
		}
	}
}

void conference_verify(struct conference *c)
{
	transports_verify(c);
	tracks_verify(c);
	subscriptions_verify(c);
}

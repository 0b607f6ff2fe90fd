// Transports, tracks and subscriptions by id.
#include "conference/conference.h"

#include "conference/state.h"

struct transport *conference_transport(const struct conference *c, am_id id)
{
	uint32_t slot = am_id_slot(id);
	struct transport *t = slot < AM_TRANSPORT_MAX ? c->transports[slot] : NULL;
	return t && t->id == id ? t : NULL;
}

struct track *conference_track(const struct conference *c, am_id id)
{
	uint32_t slot = am_id_slot(id);
	struct track *t = slot < AM_TRACK_MAX ? c->tracks[slot] : NULL;
	return t && t->id == id ? t : NULL;
}

struct subscription *conference_subscription(const struct conference *c, am_id id)
{
	uint32_t slot = am_id_slot(id);
	struct subscription *s = slot < AM_SUBSCRIPTION_MAX ? c->subscriptions[slot] : NULL;
	return s && s->id == id ? s : NULL;
}

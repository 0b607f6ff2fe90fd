#include "signaling/place.h"

#include "base/json.h"
#include "protoo/wire.h"
#include "signaling/handlers.h"
#include "signaling/recording.h"

struct json *place_room(const struct conference *c, const struct room *r)
{
	return wire_room(r, conference_has_waiting_room(c, r));
}

void place_send_muted(struct connection *c, enum track_kind kind)
{
	const struct peer *p = c->peer;
	struct json *data = json_new_object();

	json_add_string(data, "kind", track_kind_name(kind));
	json_add_string(data, "peerId", p->muted_by_id);
	json_add_string(data, "displayName", p->muted_by_name);
	connection_notify(c, "mutedByModerator", data);
}

void place_send(struct connection *c)
{
	const struct peer *p = c->peer;
	struct json *data = json_new_object();

	json_add_string(data, "peerId", p->id);
	if (p->waiting)
		return connection_notify(c, "waiting", data);
	if (p->display_name[0])
		json_add_string(data, "displayName", p->display_name);
	json_add_bool(data, "nameIsFixed", p->name_is_fixed);
	wire_add_rights(data, &p->rights);
	json_add(data, "room", place_room(conference_of(c), p->room));
	json_add_string(data, "capabilities", ortc_router_version());
	json_add(data, "recording", recording_of_room(conference_of(c), p->room));
	connection_notify(c, "admitted", data);
	// Sent before the page's first request; otherwise, the page would turn muted tracks back
	// on.
	for (int kind = 0; kind < TRACK_KIND_COUNT; kind++) {
		if (p->muted & 1u << kind)
			place_send_muted(c, (enum track_kind)kind);
	}
}

void place_send_waiting(struct connection *c)
{
	const struct peer *p;

	if (!c->peer->rights.moderator)
		return;
	struct json *data = json_new_object(), *list = json_new_array();
	TAILQ_FOREACH (p, &c->peer->room->waiting, in_room)
		json_push(list, wire_waiting(p));
	json_add(data, "peers", list);
	connection_notify(c, "waitingPeers", data);
}

#include "signaling/named.h"

#include "base/json.h"
#include "signaling/handlers.h"
#include "terms/id.h"

struct transport *named_transport(const struct connection *c, const struct json *data)
{
	am_id id = id_read(json_string(data, "transportId", 64));
	struct transport *t = conference_transport(conference_of(c), id);
	return t && t->peer == c->peer && t->ready ? t : NULL;
}

struct track *named_track(const struct connection *c, const struct json *data)
{
	am_id id = id_read(json_string(data, "producerId", 64));
	struct track *t = conference_track(conference_of(c), id);
	return t && t->owner == c->peer && t->ready ? t : NULL;
}

struct subscription *named_subscription(const struct connection *c, const struct json *data)
{
	am_id id = id_read(json_string(data, "consumerId", 64));
	struct subscription *s = conference_subscription(conference_of(c), id);
	return s && s->viewer == c->peer && s->ready ? s : NULL;
}

#include "signaling/handlers.h"

#include "account/attribute.h"
#include "base/json.h"

#include <errno.h>
#include <string.h>

static bool kind_read(const struct json *data, enum track_kind *kind)
{
	const char *name = json_string(data, "kind", 8);

	for (int i = 0; name && i < TRACK_KIND_COUNT; i++) {
		*kind = (enum track_kind)i;
		if (strcmp(name, track_kind_name(*kind)) == 0)
			return true;
	}
	return false;
}

// The peer of the moderator's own room that the request names.
static struct peer *peer_named(const struct connection *c, const struct json *data)
{
	char id[PEER_ID_SIZE];

	if (!json_id(data, "peerId", id, sizeof(id)) &&
	    !json_id(data, "userPeerId", id, sizeof(id))) // the name in the Client API
		return NULL;
	return room_find_peer(c->peer->room, id);
}

static struct peer *member_named(const struct connection *c, const struct json *data)
{
	struct peer *p = peer_named(c, data);
	return p && p->joined ? p : NULL;
}

static struct peer *waiting_named(const struct connection *c, const struct json *data)
{
	struct peer *p = peer_named(c, data);
	return p && p->waiting ? p : NULL;
}

void handle_admit(struct connection *c, int64_t id, const struct json *data)
{
	struct peer *p = waiting_named(c, data);

	if (!p)
		return connection_reject_errno(c, id, -ESRCH);
	conference_admit(conference_of(c), p);
	connection_accept(c, id, NULL);
}

void handle_admit_all(struct connection *c, int64_t id, const struct json *)
{
	conference_admit_all(conference_of(c), c->peer->room);
	connection_accept(c, id, NULL);
}

void handle_decline(struct connection *c, int64_t id, const struct json *data)
{
	struct peer *p = waiting_named(c, data);

	if (!p)
		return connection_reject_errno(c, id, -ESRCH);
	conference_remove(conference_of(c), p, REFUSAL_DECLINED);
	connection_accept(c, id, NULL);
}

void handle_decline_all(struct connection *c, int64_t id, const struct json *)
{
	conference_decline_all(conference_of(c), c->peer->room);
	connection_accept(c, id, NULL);
}

void handle_mute(struct connection *c, int64_t id, const struct json *data)
{
	struct peer *p = member_named(c, data);
	enum track_kind kind;

	if (!kind_read(data, &kind))
		return connection_reject_errno(c, id, -EINVAL);
	if (!p)
		return connection_reject_errno(c, id, -ESRCH);
	conference_mute(conference_of(c), p, kind, c->peer);
	connection_accept(c, id, NULL);
}

void handle_mute_all(struct connection *c, int64_t id, const struct json *data)
{
	enum track_kind kind;

	if (!kind_read(data, &kind))
		return connection_reject_errno(c, id, -EINVAL);
	conference_mute_all(conference_of(c), c->peer, kind);
	connection_accept(c, id, NULL);
}

// The answer is sent first, since the moderator may be the peer that is removed.
void handle_remove(struct connection *c, int64_t id, const struct json *data)
{
	struct conference *conference = conference_of(c);
	struct peer *p = member_named(c, data);

	if (!p)
		return connection_reject_errno(c, id, -ESRCH);
	connection_accept(c, id, NULL);
	conference_remove(conference, p, REFUSAL_REMOVED);
}

void handle_close_room(struct connection *c, int64_t id, const struct json *)
{
	struct conference *conference = conference_of(c);
	struct room *r = c->peer->room;

	connection_accept(c, id, NULL);
	conference_close_room(conference, r);
}

static void set_speaker(struct connection *c, int64_t id, const struct json *data, bool speaker)
{
	struct peer *p = member_named(c, data);

	if (!p)
		return connection_reject_errno(c, id, -ESRCH);
	enum refusal refusal = conference_set_speaker(conference_of(c), p, speaker);
	if (refusal != REFUSAL_NONE)
		return connection_reject_refusal(c, id, refusal);
	connection_accept(c, id, NULL);
}

void handle_promote(struct connection *c, int64_t id, const struct json *data)
{
	set_speaker(c, id, data, true);
}

void handle_demote(struct connection *c, int64_t id, const struct json *data)
{
	set_speaker(c, id, data, false);
}

void handle_lower_hand(struct connection *c, int64_t id, const struct json *data)
{
	struct peer *p = member_named(c, data);

	if (!p)
		return connection_reject_errno(c, id, -ESRCH);
	conference_set_hand(conference_of(c), p, false);
	connection_accept(c, id, NULL);
}

// Every page shows it in a frame, so the rule for the attribute applies.
void handle_room_video(struct connection *c, int64_t id, const struct json *data)
{
	const char *url = json_string(data, "url", ATTRIBUTE_URL_MAX);

	if (json_has(data, "url") && (!url || !attribute_url_is_good(url)))
		return connection_reject(c, id, 400, "bad-request: an https URL, or null");
	conference_set_video(conference_of(c), c->peer->room, url);
	connection_accept(c, id, NULL);
}

void handle_room_bitrate(struct connection *c, int64_t id, const struct json *data)
{
	int64_t bitrate = 0;

	if (json_has(data, "bitrate") &&
	    !json_int(data, "bitrate", ROOM_BITRATE_MIN, ROOM_BITRATE_MAX, &bitrate))
		return connection_reject_errno(c, id, -EINVAL);
	conference_set_bitrate(conference_of(c), c->peer->room, (uint32_t)bitrate);
	connection_accept(c, id, NULL);
}

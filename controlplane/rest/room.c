#include "rest/handlers.h"

#include "account/account.h"
#include "base/clock.h"
#include "base/json.h"
#include "conference/conference.h"
#include "http/http.h"

#include <errno.h>
#include <string.h>

static struct room *room_of(const struct rest_call *call)
{
	return rooms_find(
	        conference_rooms(call->rest->conference), call->account->id, call->arguments[0]
	);
}

// A member of the room, or NULL: a peer that has not joined does not count.
static struct peer *member_of(const struct room *r, const char *peer_id)
{
	struct peer *p = room_find_peer(r, peer_id);
	return p && p->joined ? p : NULL;
}

// Reads the peer's id from the body, which is JSON or a form, or else from the query. The method
// does not matter: client libraries differ in how they send parameters.
static bool peer_id_of(const struct http_request *q, char id[PEER_ID_SIZE])
{
	struct json *body = json_parse(q->body, q->body_len);
	bool found = json_id(body, "peerId", id, PEER_ID_SIZE);

	json_free(body);
	if (found)
		return true;
	if (q->body_len > 0 && http_form(q, "peerId", id, PEER_ID_SIZE))
		return true;
	const char *query = http_query(q, "peerId");
	if (!query || strlen(query) >= PEER_ID_SIZE)
		return false;
	strcpy(id, query);
	return true;
}

int rest_room_close_peer(const struct rest_call *call, struct json **out)
{
	struct room *r = room_of(call);
	char id[PEER_ID_SIZE];

	if (!r)
		return -ENOENT;
	if (!peer_id_of(call->request, id))
		return -EINVAL;
	struct peer *p = member_of(r, id);
	if (!p)
		return -ESRCH;
	conference_remove(call->rest->conference, p, REFUSAL_REMOVED);
	*out = json_new_object();
	json_add_bool(*out, "closed", true);
	return 0;
}

int rest_room_duration(const struct rest_call *call, struct json **out)
{
	const struct room *r = room_of(call);

	if (!r)
		return -ENOENT;
	int64_t seconds = clock_real_ms() / 1000 - r->created_ms / 1000;
	*out = json_new_object();
	json_add_int(*out, "duration", seconds > 0 ? seconds : 0);
	return 0;
}

int rest_room_close(const struct rest_call *call, struct json **out)
{
	struct room *r = room_of(call);

	if (!r)
		return -ENOENT;
	conference_close_room(call->rest->conference, r);
	*out = json_new_object();
	json_add_bool(*out, "closed", true);
	return 0;
}

int rest_room_number_peers(const struct rest_call *call, struct json **out)
{
	const struct room *r = room_of(call);

	if (!r)
		return -ENOENT;
	*out = json_new_object();
	json_add_int(*out, "numberPeers", (int64_t)r->speaker_count + r->viewer_count);
	json_add_int(*out, "speakers", r->speaker_count);
	json_add_int(*out, "viewers", r->viewer_count);
	return 0;
}

static int existing_peer(const struct rest_call *call, const char *id, struct json **out)
{
	const struct room *r = room_of(call);

	if (!r)
		return -ENOENT;
	if (!id)
		return -EINVAL;
	*out = json_new_object();
	json_add_bool(*out, "exists", member_of(r, id) != NULL);
	return 0;
}

int rest_room_existing_peer(const struct rest_call *call, struct json **out)
{
	char id[PEER_ID_SIZE];

	return existing_peer(call, peer_id_of(call->request, id) ? id : NULL, out);
}

int rest_room_existing_peer_in_path(const struct rest_call *call, struct json **out)
{
	return existing_peer(call, call->arguments[1], out);
}

int rest_room_exists(const struct rest_call *call, struct json **out)
{
	*out = json_new_object();
	json_add_bool(*out, "exists", room_of(call) != NULL);
	return 0;
}

int rest_room_capabilities(const struct rest_call *call, struct json **out)
{
	if (!room_of(call))
		return -ENOENT;
	*out = ortc_router_capabilities();
	json_add(*out, "routerRtpCapabilities", ortc_router_capabilities());
	return 0;
}

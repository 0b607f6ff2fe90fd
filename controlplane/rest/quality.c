#include "rest/handlers.h"

#include "account/account.h"
#include "base/json.h"
#include "conference/conference.h"
#include "http/http.h"
#include "rest/answer.h"
#include "statistics/statistics.h"

static void add_link(struct json *j, const char *key, const struct link_quality *l)
{
	struct json *link;

	if (l->quality == QUALITY_UNKNOWN)
		return;
	link = json_new_object();
	json_add_number(link, "lossPercent", l->lost * 1000 / 256 / 10.0);
	json_add_int(link, "jitter", l->jitter_ms);
	if (l->rtt_ms)
		json_add_int(link, "roundTripTime", l->rtt_ms);
	json_add_int(link, "bitrate", l->bps);
	if (l->estimate_kbps)
		json_add_int(link, "estimate", (int64_t)l->estimate_kbps * 1000);
	json_add(j, key, link);
}

// The quality of the peer's connection now, since when, and why.
static struct json *participant_json(const struct peer *p)
{
	const struct stretch *now = &p->stretches.now;
	struct json *j = now->quality ? statistics_stretch_json(now) : json_new_object();

	json_add_string(j, "peerId", p->id);
	json_add_bool(j, "speaker", p->rights.speaker);
	add_link(j, "uplink", &p->up);
	add_link(j, "downlink", &p->down);
	return j;
}

static void add_participants(struct json *list, const struct peer_list *peers)
{
	const struct peer *p;

	TAILQ_FOREACH (p, peers, in_room) {
		if (p->joined)
			json_push(list, participant_json(p));
	}
}

// NULL if there is no such room now, or if this is not the first page of the answer.
static struct json *participants(const struct rest_call *call)
{
	const struct room *r = rooms_find(
	        conference_rooms(call->rest->conference), call->account->id, call->arguments[0]
	);

	if (!r || http_query(call->request, "after"))
		return NULL;
	struct json *list = json_new_array();
	add_participants(list, &r->speakers);
	add_participants(list, &r->viewers);
	return list;
}

void rest_room_quality(const struct rest_call *call, struct http_response *)
{
	const struct http_request *request = call->request;
	const struct statistics_query query = {
	        .account_id = call->account->id,
	        .room_id = call->arguments[0],
	        .from = http_query(request, "from"),
	        .to = http_query(request, "to"),
	        .after = http_query(request, "after"),
	        .limit = http_query(request, "limit"),
	};

	statistics_quality(
	        call->rest->statistics, &query, participants(call), rest_answer_later,
	        http_defer(request)
	);
}

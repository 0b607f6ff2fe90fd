#include "hook/replay.h"

#include "base/json.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/text.h"
#include "hook/request.h"
#include "store/history.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/queue.h>

#define SEQUENCE_MAX (INT64_C(1) << 53) // a JSON number

// A replay under way. Until it is answered, the functions in `reads`, except done, run in the
// reader's thread.
struct replay {
	struct history_events reads;
	struct hook_replays *replays; // NULL: destroyed meanwhile
	uint64_t call;
	hook_replay_done *done; // NULL: cancelled
	void *owner;
	struct json *list;
	uint32_t count;
	int64_t last; // the last sequence in the list
	TAILQ_ENTRY(replay) next;
};

struct hook_replays {
	struct history *history;
	TAILQ_HEAD(, replay) under_way;
};

struct hook_replays *hook_replays_create(struct history *history)
{
	struct hook_replays *rs = memory_new(1, sizeof(*rs));

	rs->history = history;
	TAILQ_INIT(&rs->under_way);
	return rs;
}

void hook_replays_destroy(struct hook_replays *rs)
{
	struct replay *r;

	while ((r = TAILQ_FIRST(&rs->under_way))) {
		TAILQ_REMOVE(&rs->under_way, r, next);
		r->replays = NULL;
		r->done = NULL;
	}
	free(rs);
}

static void event_found(struct history_events *reads, const struct history_event *e)
{
	struct replay *r = container_of(reads, struct replay, reads);

	r->count++;
	r->last = e->sequence;
	if ((unsigned)e->kind >= HOOK_EVENT_KINDS) // a newer version's
		return;
	const struct hook_event event = {
	        .subject = e->admission,
	        .kind = (enum hook_event_kind)e->kind,
	        .sequence = e->sequence,
	        .time_ms = e->time_ms,
	        .room_id = e->room,
	        .peer_id = e->peer,
	        .display_name = e->display_name,
	        .recording = e->data,
	};

	json_push(r->list, hook_event_json(&event));
}

static void events_found(struct history_events *reads, int result)
{
	struct replay *r = container_of(reads, struct replay, reads);
	struct json *body = json_new_object();

	if (result < 0) {
		json_add_string(body, "error", "server error");
		json_free(r->list);
	} else {
		json_add(body, "data", r->list);
		if (r->count == r->reads.limit)
			json_add_int(body, "next", r->last);
		else
			json_add_null(body, "next");
	}
	if (r->replays)
		TAILQ_REMOVE(&r->replays->under_way, r, next);
	if (r->done)
		r->done(r->owner, r->call, result < 0 ? 500 : 200, body);
	else
		json_free(body);
	free(r);
}

int hook_replays_ask(
        struct hook_replays *rs, uint64_t call, uint64_t account_id, const char *after,
        const char *limit, hook_replay_done *done, void *owner
)
{
	int64_t first = 0, count = HOOK_REPLAY_MAX;

	if (after && !text_number(after, 0, SEQUENCE_MAX, &first))
		return -EINVAL;
	if (limit && !text_number(limit, 1, HOOK_REPLAY_MAX, &count))
		return -EINVAL;
	struct replay *r = memory_new(1, sizeof(*r));
	*r = (struct replay){
	        .reads =
	                {
	                        .account_id = account_id,
	                        .after = first,
	                        .limit = (uint32_t)count,
	                        .event = event_found,
	                        .done = events_found,
	                },
	        .replays = rs,
	        .call = call,
	        .done = done,
	        .owner = owner,
	        .list = json_new_array(),
	};
	if (history_events_ask(rs->history, &r->reads) < 0) {
		json_free(r->list);
		free(r);
		return -EAGAIN;
	}
	TAILQ_INSERT_TAIL(&rs->under_way, r, next);
	return 0;
}

void hook_replays_cancel(struct hook_replays *rs, uint64_t call)
{
	struct replay *r;

	TAILQ_FOREACH (r, &rs->under_way, next) {
		if (r->call == call)
			r->done = NULL;
	}
}

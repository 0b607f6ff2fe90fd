#include "hook/notice.h"

#include "account/account.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "hook/queue.h"
#include "store/history.h"
#include "store/recording_json.h"
#include "store/recordings.h"

#include <stdlib.h>

static char *copy(const char *s)
{
	return memory_copy_string(s ? s : "");
}

static char *recording_print(
        enum hook_event_kind kind, const struct recording_row *r,
        const struct recording_file_row *files, size_t count
)
{
	struct json *j = recording_json(r), *list = json_new_array();

	for (size_t i = 0; i < count; i++)
		json_push(list, recording_file_json(&files[i]));
	if (kind >= HOOK_RECORDING_READY)
		json_add(j, "files", list);
	else
		json_free(list);
	char *text = json_print(j);
	json_free(j);
	return text;
}

static void notice_store(const struct notice *n, struct history *history)
{
	const struct history_notice stored = {
	        .event =
	                {
	                        .account_id = n->account_id,
	                        .sequence = n->sequence,
	                        .admission = n->recording_id,
	                        .kind = n->kind,
	                        .time_ms = n->time_ms,
	                        .room = n->room_id,
	                        .data = n->recording,
	                },
	        .url = n->url,
	        .authorization = n->authorization,
	        .secret = n->secret,
	};

	history_event_put(history, &stored.event);
	history_notice_put(history, &stored);
}

struct notice *notice_create(
        const struct account *a, enum hook_event_kind kind, const struct recording_row *r,
        const struct recording_file_row *files, size_t count, struct history *history,
        struct hook_queue *queue
)
{
	struct notice *n = memory_new(1, sizeof(*n));

	*n = (struct notice){
	        .account_id = a->id,
	        .recording_id = r->id,
	        .kind = kind,
	        .sequence = hook_queue_sequence(queue, a->id),
	        .time_ms = clock_real_ms(),
	        .room_id = copy(r->room),
	        .recording = recording_print(kind, r, files, count),
	        .url = copy(a->api_event),
	        .authorization = copy(a->auth_event),
	        .secret = copy(a->hook_secret),
	};
	notice_store(n, history);
	return n;
}

struct notice *notice_restore(const struct history_notice *stored)
{
	struct notice *n = memory_new(1, sizeof(*n));

	*n = (struct notice){
	        .account_id = stored->event.account_id,
	        .recording_id = stored->event.admission,
	        .kind = (enum hook_event_kind)stored->event.kind,
	        .sequence = stored->event.sequence,
	        .time_ms = stored->event.time_ms,
	        .room_id = copy(stored->event.room),
	        .recording = copy(stored->event.data),
	        .url = copy(stored->url),
	        .authorization = copy(stored->authorization),
	        .secret = copy(stored->secret),
	};
	return n;
}

void notice_destroy(struct notice *n)
{
	free(n->room_id);
	free(n->recording);
	free(n->url);
	free(n->authorization);
	free(n->secret);
	free(n);
}

void notice_forget(struct notice *n, struct history *history)
{
	history_notice_remove(history, n->account_id, n->sequence);
	notice_destroy(n);
}

struct hook_event notice_event_of(const struct notice *n)
{
	return (struct hook_event){
	        .subject = n->recording_id,
	        .kind = n->kind,
	        .sequence = n->sequence,
	        .time_ms = n->time_ms,
	        .room_id = n->room_id,
	        .recording = n->recording,
	};
}

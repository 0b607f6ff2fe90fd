#include "hook/visit.h"

#include "base/clock.h"
#include "base/memory.h"
#include "hook/queue.h"
#include "store/history.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char *copy(const char *s)
{
	return memory_copy_string(s ? s : "");
}

struct visit *visit_create(uint64_t id, const struct hook_peer *p)
{
	struct visit *v = memory_new(1, sizeof(*v));

	v->id = id;
	snprintf(v->key, sizeof(v->key), "%016" PRIx64, id);
	v->time_ms = clock_real_ms();
	v->peer = *p;
	v->peer.room_id = copy(p->room_id);
	v->peer.peer_id = copy(p->peer_id);
	v->peer.display_name = copy(p->display_name);
	v->peer.token = copy(p->token);
	v->peer.url = copy(p->url);
	v->peer.authorization = copy(p->authorization);
	v->peer.secret = copy(p->secret);
	return v;
}

struct visit *visit_restore(const struct history_admission *a)
{
	const struct hook_peer p = {
	        .account_id = a->account_id,
	        .room_id = a->room,
	        .peer_id = a->peer,
	        .display_name = a->display_name,
	        .token = a->token,
	        .url = a->url,
	        .authorization = a->authorization,
	        .version = a->version,
	        .secret = a->secret,
	};
	struct visit *v = visit_create(a->id, &p);

	v->time_ms = a->time_ms;
	v->sequence = a->sequence;
	v->stored = true;
	return v;
}

void visit_destroy(struct visit *v)
{
	free((char *)v->peer.room_id);
	free((char *)v->peer.peer_id);
	free((char *)v->peer.display_name);
	free((char *)v->peer.token);
	free((char *)v->peer.url);
	free((char *)v->peer.authorization);
	free((char *)v->peer.secret);
	free(v);
}

static void visit_store(struct visit *v, struct history *history, bool closing)
{
	const struct hook_peer *p = &v->peer;
	const struct history_admission a = {
	        .id = v->id,
	        .account_id = p->account_id,
	        .closing = closing,
	        .version = p->version,
	        .sequence = v->sequence,
	        .time_ms = v->time_ms,
	        .room = p->room_id,
	        .peer = p->peer_id,
	        .display_name = p->display_name,
	        .token = p->token,
	        .url = p->url,
	        .authorization = p->authorization,
	        .secret = p->secret,
	};

	v->write = history_admission_put(history, &a);
	v->stored = true;
}

void visit_forget(struct visit *v, struct history *history)
{
	if (v->stored)
		history_admission_remove(history, v->id);
	visit_destroy(v);
}

struct hook_event visit_event_of(const struct visit *v, enum hook_event_kind kind)
{
	return (struct hook_event){
	        .subject = v->id,
	        .kind = kind,
	        .sequence = v->sequence,
	        .time_ms = v->time_ms,
	        .room_id = v->peer.room_id,
	        .peer_id = v->peer.peer_id,
	        .display_name = v->peer.display_name,
	};
}

void visit_event(
        struct visit *v, struct history *history, struct hook_queue *queue,
        enum hook_event_kind kind
)
{
	v->time_ms = clock_real_ms();
	if (v->peer.version == 2) {
		v->sequence = hook_queue_sequence(queue, v->peer.account_id);
		const struct history_event e = {
		        .account_id = v->peer.account_id,
		        .sequence = v->sequence,
		        .admission = v->id,
		        .kind = kind,
		        .time_ms = v->time_ms,
		        .room = v->peer.room_id,
		        .peer = v->peer.peer_id,
		        .display_name = v->peer.display_name,
		};
		history_event_put(history, &e);
	}
	visit_store(v, history, kind == HOOK_CLOSE_PEER);
}

void visit_set_display_name(struct visit *v, const char *name)
{
	free((char *)v->peer.display_name);
	v->peer.display_name = memory_copy_string(name);
}

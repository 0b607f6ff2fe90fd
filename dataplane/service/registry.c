#include "service/registry.h"

#include <errno.h>
#include <string.h>

#include "path/worker.h"
#include "service/records.h"

void registry_init(
        struct registry *r, struct am_region *region, struct worker *workers, uint16_t worker_count,
        registry_reply reply
)
{
	memset(r, 0, sizeof(*r));
	r->region = region;
	r->workers = workers;
	r->worker_count = worker_count;
	r->reply = reply;
	TAILQ_INIT(&r->all);
	TAILQ_INIT(&r->simulcasts);
	LIST_INIT(&r->newcomers);
}

struct session *registry_session(const struct registry *r, am_id id)
{
	struct session *s = r->sessions[am_id_slot(id) % AM_TRANSPORT_MAX];
	return s && s->id == id ? s : NULL;
}

struct source *registry_source(const struct registry *r, am_id id)
{
	struct source *s = r->sources[am_id_slot(id) % AM_TRACK_MAX];
	return s && s->params.track_id == id ? s : NULL;
}

struct sink *registry_sink(const struct registry *r, am_id id)
{
	struct sink *s = r->sinks[am_id_slot(id) % AM_SUBSCRIPTION_MAX];
	return s && s->id == id ? s : NULL;
}

int registry_add_session(struct registry *r, struct session *s)
{
	uint32_t slot = am_id_slot(s->id);

	if (r->sessions[slot])
		return -EEXIST;
	s->worker = WORKER_NONE;
	TAILQ_INIT(&s->sources);
	TAILQ_INIT(&s->sinks);
	TAILQ_INSERT_TAIL(&r->all, s, entry);
	r->sessions[slot] = s;
	r->session_count++;
	return 0;
}

void registry_remove_session(struct registry *r, struct session *s)
{
	TAILQ_REMOVE(&r->all, s, entry);
	r->sessions[am_id_slot(s->id)] = NULL;
	r->session_count--;
}

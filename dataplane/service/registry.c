#include "service/registry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_ring_elem.h>

#include "am_log.h"
#include "path/inbox.h"
#include "path/post.h"
#include "path/transport.h"
#include "path/worker.h"
#include "service/expected.h"
#include "service/fanouts.h"
#include "service/publish.h"
#include "service/session.h"
#include "service/sink.h"
#include "service/source.h"

#define COLLECT_BATCH  32
#define POST_WAIT_US   20
#define POST_WAITS_MAX 250000 // 5 s: a worker that takes nothing for so long is dead

void registry_init(
        struct registry *r, struct am_region *region, struct worker *workers, uint16_t worker_count
)
{
	memset(r, 0, sizeof(*r));
	r->region = region;
	r->workers = workers;
	r->worker_count = worker_count;
	TAILQ_INIT(&r->all);
	TAILQ_INIT(&r->simulcasts);
	LIST_INIT(&r->expecting);
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
	publish_session(r->region, s);
	return 0;
}

void registry_remove_session(struct registry *r, struct session *s)
{
	while (!TAILQ_EMPTY(&s->sinks))
		sink_remove(r, TAILQ_FIRST(&s->sinks));
	while (!TAILQ_EMPTY(&s->sources))
		source_remove(r, TAILQ_FIRST(&s->sources));
	if (s->worker != WORKER_NONE)
		registry_post(
		        r, s->worker,
		        &(struct message){.type = MESSAGE_TRANSPORT_REMOVE, .id = s->id}
		);
	TAILQ_REMOVE(&r->all, s, entry);
	r->sessions[am_id_slot(s->id)] = NULL;
	r->session_count--;
	ssrc_set_fini(&s->ssrcs);
	publish_no_session(r->region, am_id_slot(s->id));
}

int registry_place(struct registry *r, struct session *s, uint16_t worker)
{
	struct transport *t = aligned_alloc(alignof(struct transport), sizeof(*t));
	struct source *source;
	struct sink *sink;

	if (!t)
		return -ENOMEM;
	memset(t, 0, sizeof(*t));
	t->id = s->id;
	t->feedback_ssrc = am_id_slot(s->id) + 1;
	t->rtx.tokens = TRANSPORT_RTX_BURST;
	TAILQ_INIT(&t->tracks);
	TAILQ_INIT(&t->subscriptions);
	s->worker = worker;
	registry_post(r, worker, &(struct message){.type = MESSAGE_TRANSPORT_ADD, .object = t});
	TAILQ_FOREACH (source, &s->sources, entry) {
		if (source_place(r, source) < 0)
			am_error("service: track=%lx: out of memory", source->params.track_id);
	}
	TAILQ_FOREACH (sink, &s->sinks, of_session) {
		if (sink_place(r, sink) < 0)
			am_error("service: subscription=%lx: out of memory", sink->id);
	}
	return 0;
}

void registry_publish_session(struct registry *r, const struct session *s)
{
	const struct am_msg event = {
	        .type = AM_EVENT_TRANSPORT_STATE,
	        .transport_state = {s->id, s->ice.state, s->dtls_state},
	};

	publish_session(r->region, s);
	publish_event(r->region, &event);
}

static void transport_free(struct transport *t)
{
	srtp_receiver_destroy(t->receiver);
	srtcp_receiver_destroy(t->rtcp_receiver);
	cipher_key_destroy(t->key);
	free(t->ssrcs);
	free(t->twcc);
	free(t->viewer);
	free(t);
}

static void too_long_told(struct registry *r, const struct message *msg)
{
	const struct am_msg event = {
	        .type = AM_EVENT_TRACK_TOO_LONG,
	        .track_too_long = {msg->id, msg->value},
	};

	am_warning(
	        "service: track=%lx: payloads of %u bytes are too long for some viewers' paths: "
	        "counted as drop too_long",
	        msg->id, msg->value
	);
	publish_event(r->region, &event);
}

static void reply_handle(struct registry *r, uint16_t worker, const struct message *msg)
{
	switch (msg->type) {
	case MESSAGE_FREE: free(msg->object); break;
	case MESSAGE_FREE_TRACK: source_free_track(msg->object); break;
	case MESSAGE_FREE_FANOUT: fanouts_free(msg->object); break;
	case MESSAGE_FREE_SUBSCRIPTION: fanouts_place_told(r, worker, msg); break;
	case MESSAGE_FREE_TRANSPORT: transport_free(msg->object); break;
	case MESSAGE_LAYERS: sink_layers_told(r, msg); break;
	case MESSAGE_PATH_PROVEN:
		session_proven(registry_session(r, msg->id), &msg->flow, msg->mac);
		break;
	case MESSAGE_WISHES: source_wishes_told(r, worker, msg); break;
	case MESSAGE_TOO_LONG: too_long_told(r, msg); break;
	case MESSAGE_PORT_STOPPED: r->workers_stopped++; break;
	}
}

unsigned registry_collect(struct registry *r)
{
	struct message batch[COLLECT_BATCH];
	unsigned total = 0, n;

	for (uint16_t i = 0; i < r->worker_count; i++) {
		do {
			n = rte_ring_sc_dequeue_burst_elem(
			        r->workers[i].replies, batch, sizeof(*batch), COLLECT_BATCH, NULL
			);
			for (unsigned j = 0; j < n; j++)
				reply_handle(r, i, &batch[j]);
			total += n;
		} while (n == COLLECT_BATCH);
	}
	return total;
}

void registry_drain(struct registry *r)
{
	for (uint16_t i = 0; i < r->worker_count; i++) {
		while (inbox_service(&r->workers[i], WORKER_INBOX) > 0)
			registry_collect(r);
	}
	registry_collect(r);
}

void registry_post(struct registry *r, uint16_t worker, const struct message *msg)
{
	struct rte_ring *inbox = r->workers[worker].inbox;

	for (int waits = 0; !message_post(inbox, msg); waits++) {
		// The worker may wait for room in its replies: collecting goes first.
		registry_collect(r);
		if (r->workers_returned) {
			registry_drain(r);
			continue;
		}
		if (waits == POST_WAITS_MAX) {
			am_error("service: worker=%u takes no messages, giving up", worker);
			abort();
		}
		usleep(POST_WAIT_US);
	}
}

void registry_look(struct registry *r, int64_t now_us)
{
	if (now_us - r->looked_us < REGISTRY_LOOK_US)
		return;
	r->looked_us = now_us;
	expected_look(r);
	source_look_all(r, now_us);
}

#include "path/inbox.h"

#include <errno.h>
#include <rte_mbuf.h>
#include <rte_ring_elem.h>

#include "path/catchup.h"
#include "path/feedback.h"
#include "path/figures.h"
#include "path/flow.h"
#include "path/forward.h"
#include "path/layers.h"
#include "path/pace.h"
#include "path/pli.h"
#include "path/post.h"
#include "path/receive.h"
#include "path/rx.h"
#include "path/ssrc.h"
#include "path/subscription.h"
#include "path/tap.h"
#include "path/tx.h"
#include "path/viewer.h"
#include "path/viewer_figures.h"
#include "path/wish.h"

#define BATCH 32 // messages per dequeue

// Gives an object back to the service thread. There is room: inbox_service has checked.
static void hand_back(struct worker *w, enum message_type type, void *object)
{
	const struct message msg = {.type = (uint16_t)type, .object = object};
	bool told = message_post(w->replies, &msg);
	RTE_VERIFY(told);
}

static void transport_keys_set(struct transport *t, const struct transport_keys *keys)
{
	t->key = keys->key;
	t->rtcp_receiver = keys->rtcp_receiver;
	t->key_profile = cipher_key_profile(keys->key);
}

static void transport_remove(struct worker *w, am_id id)
{
	struct transport *t = worker_transport(w, id);

	if (!t)
		return;
	w->transports[am_id_slot(id)] = NULL;
	if (t->viewer)
		viewer_remove(w, t);
	hand_back(w, MESSAGE_FREE_TRANSPORT, t);
}

static void track_add(struct worker *w, am_id transport_id, struct track *track)
{
	struct transport *t = worker_transport(w, transport_id);

	RTE_VERIFY(t); // the service thread adds in order
	if (TAILQ_EMPTY(&t->tracks))
		TAILQ_INSERT_TAIL(&w->publishers, t, publishers);
	TAILQ_INSERT_TAIL(&t->tracks, track, entry);
	track->transport = t;
	if (track->ssrcs) {
		t->ssrcs = track->ssrcs;
		track->ssrcs = NULL;
	}
	if (track->twcc) {
		t->twcc = track->twcc;
		track->twcc = NULL;
	}
	ssrc_add_track(t, track);
	figures_track_begin(w, track->params.track_id);
	w->tracks[am_id_slot(track->params.track_id)] = track;
}

static void track_remove(struct worker *w, am_id id)
{
	struct track *track = worker_track(w, id);

	if (!track)
		return;
	struct transport *t = track->transport;
	receive_end(w, track);
	ssrc_remove_track(t, track);
	TAILQ_REMOVE(&t->tracks, track, entry);
	if (TAILQ_EMPTY(&t->tracks))
		TAILQ_REMOVE(&w->publishers, t, publishers);
	w->tracks[am_id_slot(id)] = NULL;
	hand_back(w, MESSAGE_FREE_TRACK, track);
}

static void fanout_remove(struct worker *w, am_id id)
{
	struct fanout *f = worker_fanout(w, id);

	if (!f)
		return;
	w->fanouts[am_id_slot(id)] = NULL;
	TAILQ_REMOVE(&w->fanout_list, f, entry);
	forward_end(w, f);
	hand_back(w, MESSAGE_FREE_FANOUT, f);
}

static void fanout_add_chunk(struct fanout *f, struct fanout_chunk *chunk)
{
	chunk->next = f->chunks;
	f->chunks = chunk;
}

// The track pauses: video after the pause begins with a key frame.
static void fanout_restart(struct worker *w, am_id id)
{
	struct fanout *f = worker_fanout(w, id);
	struct subscription *s;

	if (!f)
		return;
	for (uint8_t i = 0; i < f->stream_count; i++)
		chain_break(&f->streams[i].chain);
	FANOUT_FOREACH (s, f) {
		selector_pause(&s->selector);
		keyframe_share_excuse(&s->key_frames);
		if (!s->paused)
			selector_resume(&s->selector);
	}
}

// The upper encodings are switched off: viewers whose links have room for them may want them back.
static void fanout_hold(struct worker *w, am_id id, uint32_t lowest)
{
	struct fanout *f = worker_fanout(w, id);

	for (uint32_t layer = lowest; f && layer < f->stream_count; layer++)
		rates_hold(&f->rates, (uint8_t)layer);
}

// A change of video is allocated anew, at once. Audio is not part of the allocation.
static void wishes_changed(const struct subscription *s)
{
	if (s->fanout->codec != AM_CODEC_OPUS)
		s->transport->viewer->changed = true;
}

static void subscription_add(struct worker *w, const struct message *msg)
{
	struct subscription *s = msg->object;

	s->fanout = worker_fanout(w, msg->id);
	s->transport = worker_transport(w, msg->id2);
	RTE_VERIFY(s->fanout && s->transport); // the service thread adds in order
	figures_subscription_begin(w, s);
	fanout_chunk_of(s)->used |= UINT64_C(1) << s->place;
	TAILQ_INSERT_TAIL(&s->transport->subscriptions, s, of_transport);
	if (s->fanout->active)
		selector_set_active(&s->selector, s->fanout->active);
	if (s->paused)
		selector_pause(&s->selector);
	if (s->transport_cc)
		viewer_answers(s->transport);
	wishes_changed(s);
	wish_note(s);
	// The key frame comes while keys are agreed on.
	if (!s->paused && !catchup_is_at_hand(w, s))
		subscription_request_key_frame(w, s);
}

static void subscription_pause(struct worker *w, struct subscription *s, bool paused)
{
	uint8_t before = s->paused;

	s->paused = paused ? before | SUBSCRIPTION_PAUSED : before & (uint8_t)~SUBSCRIPTION_PAUSED;
	if (s->paused == before)
		return;
	wish_note(s);
	if (paused) {
		selector_pause(&s->selector);
		return;
	}
	wishes_changed(s);
	if (!s->paused) {
		selector_resume(&s->selector);
		subscription_changed(w, s);
	}
}

static void subscription_prefer(struct worker *w, struct subscription *s, uint32_t wish)
{
	uint8_t before = s->asked;

	s->asked = layers_make((uint8_t)wish, (uint8_t)(wish >> 8));
	s->priority = (uint8_t)(wish >> 16);
	wishes_changed(s);
	// The next look gives more if there is room. Until then the old limit holds: a key frame
	// for a layer that does not fit would burden everybody.
	if (s->asked > before && s->given > before && layers_are_weighed(w, s))
		s->given = before;
	wish_note(s);
	layers_prefer(w, s);
	subscription_changed(w, s);
}

static void subscription_remove(struct worker *w, struct subscription *s)
{
	viewer_figures_end(w, s);
	pace_leave(w, s);
	wish_end(s);
	fanout_chunk_of(s)->used &= ~(UINT64_C(1) << s->place);
	TAILQ_REMOVE(&s->transport->subscriptions, s, of_transport);
	const struct message msg = {
	        .type = MESSAGE_FREE_SUBSCRIPTION, .object = s, .id = s->fanout->track_id};
	bool told = message_post(w->replies, &msg);
	RTE_VERIFY(told);
}

// Viewers begin with pictures that are already here instead of waiting for the next ones.
static void transport_begin(struct worker *w, struct transport *t)
{
	struct subscription *s;

	TAILQ_FOREACH (s, &t->subscriptions, of_transport)
		forward_begin(w, s);
}

static void handle_transport(struct worker *w, const struct message *msg)
{
	struct transport *t = worker_transport(w, msg->id);

	switch (msg->type) {
	case MESSAGE_TRANSPORT_ADD:
		t = msg->object;
		w->transports[am_id_slot(t->id)] = t;
		figures_transport_begin(w, t->id);
		return;
	case MESSAGE_TRANSPORT_ROUTE:
		if (t)
			t->route = *(struct packet_route *)msg->object;
		hand_back(w, MESSAGE_FREE, msg->object);
		return;
	case MESSAGE_TRANSPORT_KEYS:
		RTE_VERIFY(t);
		transport_keys_set(t, msg->object);
		hand_back(w, MESSAGE_FREE, msg->object);
		transport_begin(w, t);
		return;
	case MESSAGE_TRANSPORT_RECEIVER:
		RTE_VERIFY(t && !t->receiver);
		t->receiver = msg->object;
		return;
	case MESSAGE_TRANSPORT_VIEWER:
		RTE_VERIFY(t && !t->viewer);
		viewer_add(w, t, msg->object);
		return;
	case MESSAGE_TRANSPORT_AWAIT:
		if (t)
			feedback_path_await(t, &msg->flow);
		return;
	default: transport_remove(w, msg->id);
	}
}

static void track_expect(struct worker *w, struct track *track, uint8_t encoding)
{
	const struct fanout *f = worker_fanout(w, track->params.track_id);

	if (!f || !catchup_has_past(w, f, encoding))
		pli_request(w, track, encoding);
}

// Not only the first time: the recorder may be another one.
static void track_tap(struct worker *w, struct track *track, bool tapped)
{
	track->tapped = tapped;
	if (tapped)
		tap_begin(w, track);
}

static void handle_track(struct worker *w, const struct message *msg)
{
	struct track *track = worker_track(w, msg->id);

	switch (msg->type) {
	case MESSAGE_TRACK_ADD: track_add(w, msg->id2, msg->object); return;
	case MESSAGE_TRACK_PAUSE:
		if (track)
			track->paused = msg->value;
		return;
	case MESSAGE_TRACK_TAP:
		if (track)
			track_tap(w, track, msg->value);
		return;
	case MESSAGE_TRACK_KEY_FRAME:
		if (track)
			tap_request_key_frames(w, track);
		return;
	case MESSAGE_TRACK_WORKERS:
		if (track)
			track->workers = msg->value;
		return;
	case MESSAGE_TRACK_EXPECT:
		if (track)
			track_expect(w, track, (uint8_t)msg->value);
		return;
	default: track_remove(w, msg->id);
	}
}

static void handle_subscription(struct worker *w, const struct message *msg)
{
	struct subscription *s = msg->object;

	switch (msg->type) {
	case MESSAGE_SUBSCRIPTION_ADD: subscription_add(w, msg); return;
	case MESSAGE_SUBSCRIPTION_PAUSE: subscription_pause(w, s, msg->value); return;
	case MESSAGE_SUBSCRIPTION_LAYERS: subscription_prefer(w, s, msg->value); return;
	case MESSAGE_SUBSCRIPTION_KEY_FRAME: feedback_refresh(w, s); return;
	default: subscription_remove(w, s);
	}
}

static void handle_service(struct worker *w, struct message *msg)
{
	switch (msg->type) {
	case MESSAGE_SEND:
		worker_count(w, AM_COUNTER_service_packets, 1);
		tx_push(w, msg->object);
		break;
	case MESSAGE_PORT_STOP:
		w->port_stopped = true;
		hand_back(w, MESSAGE_PORT_STOPPED, NULL);
		break;
	case MESSAGE_PORT_START: w->port_stopped = false; break;
	case MESSAGE_FLOW_ADD:
		// The table has room for every tuple of every transport.
		(void)flow_add(
		        w->flows, &msg->flow,
		        (struct flow){.slot = msg->value, .worker = msg->owner}
		);
		break;
	case MESSAGE_FLOW_REMOVE: flow_remove(w->flows, &msg->flow); break;
	case MESSAGE_TRANSPORT_ADD:
	case MESSAGE_TRANSPORT_ROUTE:
	case MESSAGE_TRANSPORT_KEYS:
	case MESSAGE_TRANSPORT_RECEIVER:
	case MESSAGE_TRANSPORT_VIEWER:
	case MESSAGE_TRANSPORT_AWAIT:
	case MESSAGE_TRANSPORT_REMOVE: handle_transport(w, msg); break;
	case MESSAGE_TRACK_ADD:
	case MESSAGE_TRACK_PAUSE:
	case MESSAGE_TRACK_TAP:
	case MESSAGE_TRACK_KEY_FRAME:
	case MESSAGE_TRACK_EXPECT:
	case MESSAGE_TRACK_WORKERS:
	case MESSAGE_TRACK_REMOVE: handle_track(w, msg); break;
	case MESSAGE_FANOUT_ADD: {
		struct fanout *f = msg->object;
		w->fanouts[am_id_slot(f->track_id)] = f;
		TAILQ_INSERT_TAIL(&w->fanout_list, f, entry);
		break;
	}
	case MESSAGE_FANOUT_CHUNK: {
		struct fanout *f = worker_fanout(w, msg->id);
		RTE_VERIFY(f); // the service thread adds in order
		fanout_add_chunk(f, msg->object);
		break;
	}
	case MESSAGE_FANOUT_OWNER: {
		struct fanout *f = worker_fanout(w, msg->id);
		if (f)
			f->owner = (uint16_t)msg->value;
		break;
	}
	case MESSAGE_FANOUT_RESTART: fanout_restart(w, msg->id); break;
	case MESSAGE_FANOUT_HOLD: fanout_hold(w, msg->id, msg->value); break;
	case MESSAGE_FANOUT_REMOVE: fanout_remove(w, msg->id); break;
	default: handle_subscription(w, msg);
	}
}

unsigned inbox_service(struct worker *w, unsigned n)
{
	struct message batch[BATCH];
	unsigned handled = 0;

	// Each message hands back one object at most.
	while (handled < n && rte_ring_free_count(w->replies) > BATCH) {
		unsigned got = rte_ring_sc_dequeue_burst_elem(
		        w->inbox, batch, sizeof(*batch), BATCH, NULL
		);
		for (unsigned i = 0; i < got; i++)
			handle_service(w, &batch[i]);
		handled += got;
		if (got < BATCH)
			break;
	}
	return handled;
}

static void handle_worker(struct worker *w, const struct message *msg)
{
	struct track *track;
	struct fanout *fanout;

	switch (msg->type) {
	case MESSAGE_HANDOVER:
		worker_count(w, AM_COUNTER_handover_in, 1);
		rx_handover(w, msg->object);
		break;
	case MESSAGE_PACKET:
		worker_count(w, AM_COUNTER_handover_in, 1);
		forward(w, msg->object);
		break;
	case MESSAGE_REPORT:
		fanout = worker_fanout(w, msg->id);
		if (fanout)
			forward_report(fanout, &msg->report);
		break;
	case MESSAGE_KEY_FRAME:
		track = worker_track(w, msg->id);
		if (track)
			pli_request(w, track, (uint8_t)msg->value);
		break;
	}
}

unsigned inbox_workers(struct worker *w, unsigned n)
{
	struct message batch[BATCH];
	unsigned handled = 0;

	for (uint16_t i = 0; i < w->worker_count; i++) {
		if (!w->handovers[i])
			continue;
		unsigned got = rte_ring_sc_dequeue_burst_elem(
		        w->handovers[i], batch, sizeof(*batch), n < BATCH ? n : BATCH, NULL
		);
		for (unsigned j = 0; j < got; j++)
			handle_worker(w, &batch[j]);
		handled += got;
	}
	return handled;
}

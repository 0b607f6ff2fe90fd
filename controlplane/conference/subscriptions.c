#include "conference/subscriptions.h"

#include "conference/chat_readers.h"
#include "conference/quota.h"
#include "conference/state.h"
#include "conference/store.h"
#include "conference/tell.h"
#include "terms/metrics.h"

#include "am_log.h"

#include <errno.h>

void conference_subscription_forget(struct conference *c, struct subscription *s)
{
	c->subscriptions[am_id_slot(s->id)] = NULL;
	media_id_free(c->media, MEDIA_SUBSCRIPTIONS, s->id);
	subscription_destroy(s);
}

void conference_subscription_remove(struct conference *c, struct subscription *s)
{
	media_subscription_remove(c->media, s->id);
	conference_subscription_forget(c, s);
}

// There is no room for something that the viewer should see or hear: tells its page and tries again
// later.
static void lack(struct conference *c, struct peer *viewer)
{
	metric_count(METRIC_subscriptions_refused);
	viewer->news.lack_seen = true;
	if (viewer->news.lacks)
		return;
	viewer->news.lacks = true;
	am_warning(
	        "conference: no room for a subscription; room=%s peer=%s", viewer->room->name,
	        am_log_value(viewer->id)
	);
	if (viewer->connection)
		c->events->lacking(c->events->owner, viewer);
}

void conference_subscribe_again(struct conference *c, struct peer *viewer)
{
	if (!viewer->news.lacks)
		return;
	if (viewer->news.lack_seen) {
		viewer->news.lack_seen = false;
		conference_subscribe_all(c, viewer);
		return;
	}
	viewer->news.lacks = false; // nothing was refused since the last try
	if (viewer->connection)
		c->events->lacking(c->events->owner, viewer);
}

static void subscription_added(void *owner, const struct media_call *call, int result)
{
	struct conference *c = owner;
	struct subscription *s = conference_subscription(c, call->id);

	if (!s)
		return;
	if (result < 0) {
		struct peer *viewer = s->viewer;
		conference_subscription_remove(c, s);
		if (result != -ENOENT && result != -ENOTCONN) // nothing it depends on has ended
			lack(c, viewer);
		return;
	}
	s->ready = true;
	if (s->viewer->connection)
		c->events->consumer_new(c->events->owner, s);
}

static bool is_subscribed(const struct peer *viewer, const struct track *track)
{
	const struct subscription *s;

	LIST_FOREACH (s, &viewer->subscriptions, of_viewer) {
		if (s->track == track)
			return true;
	}
	return false;
}

void conference_find_unfit(struct conference *c, struct track *t)
{
	if (t->unfit || t->kind != TRACK_SHARE || t->media.kind != ORTC_VIDEO ||
	    t->media.codec == conference_screen_codec(c, t->owner->room))
		return;
	t->unfit = true;
	conference_tell_unfit(c, t);
}

static void subscribe(struct conference *c, struct peer *viewer, struct track *track)
{
	struct transport *t = peer_transport_consuming(viewer);
	bool reserve;

	if (!viewer->joined || !viewer->consumes || !t || !track->ready || track->owner == viewer)
		return;
	if (!ortc_can_consume(&track->media, &viewer->caps))
		return conference_find_unfit(c, track);
	bool fits = viewer->subscription_count < PEER_SUBSCRIPTION_MAX &&
	            conference_quota_allows(c, viewer->room->account_id, QUOTA_SUBSCRIPTIONS);
	am_id id = fits ? media_id_new(c->media, MEDIA_SUBSCRIPTIONS) : 0;
	if (!id)
		return lack(c, viewer);
	struct subscription *s = subscription_create(id, track, t);
	c->subscriptions[am_id_slot(id)] = s;
	s->ssrc = subscription_ssrc_new(viewer);
	if (ortc_wants_rtx(&track->media, &viewer->caps))
		s->rtx_ssrc = subscription_ssrc_new(viewer);
	s->mid = subscription_mid_new(t, &reserve);
	if (reserve)
		conference_store_transport(c, t);

	struct am_cmd_subscription_add add = {
	        .subscription_id = id,
	        .track_id = track->id,
	        .transport_id = t->id,
	        .ssrc = s->ssrc,
	        .rtx_ssrc = s->rtx_ssrc,
	        .paused = true, // until the page has confirmed it
	        .spatial_layer = s->spatial_layer,
	        .temporal_layer = s->temporal_layer,
	        .priority = s->priority,
	        .transport_cc = ortc_wants_transport_cc(&track->media, &viewer->caps),
	        .red_payload_type =
	                ortc_wants_red(&track->media, &viewer->caps) ? ORTC_RED_PAYLOAD_TYPE : 0,
	};
	subscription_mid_text(s, add.mid);
	const struct media_call call = {.id = id};
	if (media_subscription_add(c->media, &add, subscription_added, c, &call) < 0) {
		conference_subscription_forget(c, s);
		lack(c, viewer);
	}
}

void conference_subscribe_all(struct conference *c, struct peer *viewer)
{
	struct peer *speaker;
	struct track *track;

	TAILQ_FOREACH (speaker, &viewer->room->speakers, in_room) {
		if (!speaker->joined)
			continue;
		LIST_FOREACH (track, &speaker->tracks, of_owner) {
			if (!is_subscribed(viewer, track))
				subscribe(c, viewer, track);
		}
	}
	conference_chat_consume(c, viewer);
}

void conference_subscribe_viewers(struct conference *c, struct track *t)
{
	struct room *r = t->owner->room;
	struct peer *p;

	TAILQ_FOREACH (p, &r->speakers, in_room)
		subscribe(c, p, t);
	TAILQ_FOREACH (p, &r->viewers, in_room)
		subscribe(c, p, t);
}

void conference_subscription_confirm(struct conference *c, struct subscription *s)
{
	s->confirmed = true;
	if (s->paused_by_viewer)
		return;
	media_subscription_pause(c->media, s->id, false);
	if (s->track->media.kind == ORTC_VIDEO)
		media_subscription_key_frame(c->media, s->id);
}

void conference_subscription_key_frame(struct conference *c, const struct subscription *s)
{
	media_subscription_key_frame(c->media, s->id);
}

void conference_subscription_pause(struct conference *c, struct subscription *s, bool paused)
{
	if (s->paused_by_viewer == paused)
		return;
	s->paused_by_viewer = paused;
	if (!s->confirmed)
		return;
	media_subscription_pause(c->media, s->id, paused);
	if (!paused && s->track->media.kind == ORTC_VIDEO)
		media_subscription_key_frame(c->media, s->id);
}

void conference_subscription_layers(
        struct conference *c, struct subscription *s, uint8_t spatial, uint8_t temporal,
        uint8_t priority
)
{
	if (s->spatial_layer == spatial && s->temporal_layer == temporal && s->priority == priority)
		return;
	s->spatial_layer = spatial;
	s->temporal_layer = temporal;
	s->priority = priority;
	media_subscription_layers(c->media, s->id, spatial, temporal, priority);
}

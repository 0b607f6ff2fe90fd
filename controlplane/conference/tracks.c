#include "conference/internal.h"

#include "base/json.h"
#include "base/memory.h"
#include "store/rooms.h"
#include "terms/metrics.h"

#include "am_log.h"

#include <errno.h>
#include <stdlib.h>

struct track *conference_track(const struct conference *c, am_id id)
{
	uint32_t slot = am_id_slot(id);
	struct track *t = slot < AM_TRACK_MAX ? c->tracks[slot] : NULL;
	return t && t->id == id ? t : NULL;
}

struct subscription *conference_subscription(const struct conference *c, am_id id)
{
	uint32_t slot = am_id_slot(id);
	struct subscription *s = slot < AM_SUBSCRIPTION_MAX ? c->subscriptions[slot] : NULL;
	return s && s->id == id ? s : NULL;
}

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
	viewer->lack_seen = true;
	if (viewer->lacks)
		return;
	viewer->lacks = true;
	am_warning(
	        "conference: no room for a subscription; room=%s peer=%s", viewer->room->name,
	        am_log_value(viewer->id)
	);
	if (viewer->connection)
		c->events->lacking(c->events->owner, viewer);
}

void conference_subscribe_again(struct conference *c, struct peer *viewer)
{
	if (!viewer->lacks)
		return;
	if (viewer->lack_seen) {
		viewer->lack_seen = false;
		conference_subscribe_all(c, viewer);
		return;
	}
	viewer->lacks = false; // nothing was refused since the last try
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

// Marks a screen share that a viewer cannot decode. Its codec was chosen for the members at its
// start; if the same codec would be chosen again, there is no better one.
static void find_unfit(struct conference *c, struct track *t)
{
	if (t->unfit || t->kind != TRACK_SHARE || t->media.kind != ORTC_VIDEO ||
	    t->media.codec == room_screen_codec(t->owner->room))
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
		return find_unfit(c, track);
	bool fits = viewer->subscription_count < PEER_SUBSCRIPTION_MAX &&
	            conference_quota_allows(c, viewer->room->account_id, QUOTA_SUBSCRIPTIONS);
	am_id id = fits ? media_id_new(c->media, MEDIA_SUBSCRIPTIONS) : 0;
	if (!id)
		return lack(c, viewer);
	struct subscription *s = subscription_create(id, track, t);
	c->subscriptions[am_id_slot(id)] = s;
	s->ssrc = peer_ssrc_new(viewer);
	if (ortc_wants_rtx(&track->media, &viewer->caps))
		s->rtx_ssrc = peer_ssrc_new(viewer);
	s->mid = transport_mid_new(t, &reserve);
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
	conference_data_consume(c, viewer);
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

// The data plane removes a track's subscriptions along with it, so only their ids are freed here.
void conference_track_forget(struct conference *c, struct track *t)
{
	struct subscription *s;

	while ((s = LIST_FIRST(&t->subscriptions))) {
		if (s->ready && s->viewer->connection)
			c->events->consumer_closed(c->events->owner, s->viewer, s->id);
		conference_subscription_forget(c, s);
	}
	c->tracks[am_id_slot(t->id)] = NULL;
	media_id_free(c->media, MEDIA_TRACKS, t->id);
	track_destroy(t);
}

void conference_track_remove(struct conference *c, struct track *t)
{
	if (conference_stores_media(c, t->owner))
		store_track_remove(c->store, t->id);
	media_track_remove(c->media, t->id);
	conference_track_forget(c, t);
}

static void store_track(struct conference *c, const struct track *t, const struct json *parameters)
{
	char *text = json_print(parameters);

	store_track_put(
	        c->store,
	        &(struct store_track){
	                .id = t->id,
	                .transport_id = t->transport->id,
	                .kind = (int)t->media.kind,
	                .paused = t->paused,
	                .parameters = text,
	                .app_data = t->app_data,
	        }
	);
	free(text);
}

// How many voices are forwarded in this track's room; 0: the track is always forwarded. Shared
// audio is not counted as a voice: music with gaps is worse than one voice more.
static uint8_t voices_beside(const struct conference *c, const struct peer *p, enum track_kind kind)
{
	return kind == TRACK_AUDIO ? c->voices[p->room->kind] : 0;
}

static void publish(struct conference *c, struct track *t)
{
	struct room *r = t->owner->room;
	struct peer *p;

	TAILQ_FOREACH (p, &r->speakers, in_room)
		subscribe(c, p, t);
	TAILQ_FOREACH (p, &r->viewers, in_room)
		subscribe(c, p, t);
}

static void track_added(void *owner, const struct media_call *call, int result)
{
	struct conference *c = owner;
	struct track *t = conference_track(c, call->id);
	const struct asker by = conference_asker(call);

	if (t && result < 0)
		conference_track_remove(c, t);
	if (!t || result < 0)
		return conference_tell_failed(c, call, result);
	t->ready = true;
	c->events->track_made(c->events->owner, &by, t);
	conference_mute_heard(c, t->owner, t->kind);
	publish(c, t);
}

int conference_track_add(
        struct conference *c, struct transport *transport, enum ortc_kind kind,
        const struct json *parameters, const struct json *app_data, const struct asker *by,
        const char **why
)
{
	enum track_kind track_kind = track_kind_of(kind, app_data);
	struct am_cmd_track_add add;
	struct ortc_media media;

	*why = "";
	if (transport->peer->track_count >= PEER_TRACK_MAX ||
	    (track_kind == TRACK_SHARE && track_share_of(transport->peer, kind)))
		return -EMFILE;
	if (!conference_quota_allows(c, transport->peer->room->account_id, QUOTA_TRACKS))
		return -EDQUOT;
	int ret = ortc_media_read(&media, &add, kind, parameters, transport->cname, why);
	if (ret < 0)
		return ret;
	am_id id = media_id_new(c->media, MEDIA_TRACKS);
	const struct media_call call = conference_call(id, by);
	add.track_id = id;
	add.transport_id = transport->id;
	add.voices = voices_beside(c, transport->peer, track_kind);
	add.screen = track_kind == TRACK_SHARE && kind == ORTC_VIDEO;
	ret = id                      ? media_track_add(c->media, &add, track_added, c, &call)
	      : media_is_up(c->media) ? -ENOBUFS
	                              : -ENOTCONN;
	if (ret < 0) {
		if (id)
			media_id_free(c->media, MEDIA_TRACKS, id);
		ortc_media_fini(&media);
		return ret;
	}
	char *text = app_data ? json_print(app_data) : memory_copy_string("{}");
	struct track *t = track_create(id, transport, &media, text, false);
	track_set_encodings(t, &add);
	c->tracks[am_id_slot(t->id)] = t;
	store_track(c, t, parameters);
	return 0;
}

void conference_track_set_paused(struct conference *c, struct track *t, bool paused)
{
	struct subscription *s;

	if (t->paused == paused)
		return;
	t->paused = paused;
	media_track_pause(c->media, t->id, paused);
	store_track_pause(c->store, t->id, paused);
	LIST_FOREACH (s, &t->subscriptions, of_track) {
		if (s->ready && s->viewer->connection)
			c->events->consumer_paused(c->events->owner, s, paused);
	}
}

void conference_track_pause(struct conference *c, struct track *t, bool paused)
{
	conference_mute_heard(c, t->owner, t->kind);
	conference_track_set_paused(c, t, paused);
}

void conference_track_close(struct conference *c, struct track *t)
{
	conference_mute_heard(c, t->owner, t->kind);
	conference_track_remove(c, t);
}

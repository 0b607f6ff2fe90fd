#include "conference/tracks.h"

#include "base/json.h"
#include "base/memory.h"
#include "conference/quota.h"
#include "conference/state.h"
#include "conference/store.h"
#include "conference/subscriptions.h"
#include "conference/tell.h"
#include "store/rooms.h"

#include <errno.h>
#include <stdlib.h>

// The data plane removes a track's subscriptions along with it, so only their ids are freed here.
void conference_track_forget(struct conference *c, struct track *t)
{
	struct subscription *s;

	while ((s = LIST_FIRST(&t->subscriptions))) {
		if (s->ready && s->viewer->connection)
			c->events->consumer_closed(c->events->owner, s->viewer, s->id);
		conference_subscription_forget(c, s);
	}
	c->events->track_gone(c->events->owner, t);
	recordings_track_gone(c->recordings, t);
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

// The owner's page has changed its tracks of this kind, so it knows of the mute.
static void mute_heard(struct conference *c, struct peer *p, enum track_kind kind)
{
	if (!(p->muted & 1u << kind))
		return;
	p->muted &= ~(1u << kind);
	conference_store_flags(c, p);
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
	mute_heard(c, t->owner, t->kind);
	conference_subscribe_viewers(c, t);
	recordings_track_ready(c->recordings, t);
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
	recordings_track_paused(c->recordings, t);
	LIST_FOREACH (s, &t->subscriptions, of_track) {
		if (s->ready && s->viewer->connection)
			c->events->consumer_paused(c->events->owner, s, paused);
	}
}

void conference_track_pause(struct conference *c, struct track *t, bool paused)
{
	mute_heard(c, t->owner, t->kind);
	conference_track_set_paused(c, t, paused);
}

void conference_track_close(struct conference *c, struct track *t)
{
	mute_heard(c, t->owner, t->kind);
	conference_track_remove(c, t);
}

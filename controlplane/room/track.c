#include "room/track.h"

#include "base/json.h"
#include "base/memory.h"
#include "room/peer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *track_kind_name(enum track_kind kind)
{
	static const char *const names[TRACK_KIND_COUNT] = {
	        [TRACK_AUDIO] = "audio",
	        [TRACK_VIDEO] = "video",
	        [TRACK_SHARE] = "share",
	};
	return names[kind];
}

enum track_kind track_kind_of(enum ortc_kind kind, const struct json *app_data)
{
	const char *source = json_string(app_data, "source", 32);
	bool share =
	        json_is_true(app_data, "share") || (source && strcmp(source, "screensharing") == 0);

	return share ? TRACK_SHARE : kind == ORTC_AUDIO ? TRACK_AUDIO : TRACK_VIDEO;
}

const struct track *track_share_of(const struct peer *p, enum ortc_kind kind)
{
	const struct track *t;

	LIST_FOREACH (t, &p->tracks, of_owner) {
		if (t->kind == TRACK_SHARE && t->media.kind == kind)
			return t;
	}
	return NULL;
}

struct track *track_create(
        am_id id, struct transport *t, const struct ortc_media *media, char *app_data, bool paused
)
{
	struct track *track = memory_new(1, sizeof(*track));
	struct json *parsed = json_parse(app_data, strlen(app_data));

	track->id = id;
	track->owner = t->peer;
	track->transport = t;
	track->media = *media;
	track->app_data = app_data;
	track->kind = track_kind_of(media->kind, parsed);
	json_free(parsed);
	track->paused = paused;
	LIST_INIT(&track->offer_texts);
	LIST_INIT(&track->subscriptions);
	LIST_INSERT_HEAD(&t->peer->tracks, track, of_owner);
	t->peer->track_count++;
	peer_use(t->peer, QUOTA_TRACKS, 1);
	return track;
}

void track_set_encodings(struct track *t, const struct am_cmd_track_add *add)
{
	t->encoding_count = add->encoding_count;
	memcpy(t->encodings, add->encodings, sizeof(t->encodings));
	t->wanted = (uint8_t)((1u << add->encoding_count) - 1);
}

void track_destroy(struct track *t)
{
	assert(LIST_EMPTY(&t->subscriptions) && LIST_EMPTY(&t->offer_texts));
	LIST_REMOVE(t, of_owner);
	t->owner->track_count--;
	peer_use(t->owner, QUOTA_TRACKS, -1);
	ortc_media_fini(&t->media);
	free(t->app_data);
	free(t);
}

struct subscription *subscription_create(am_id id, struct track *track, struct transport *t)
{
	struct subscription *s = memory_new(1, sizeof(*s));

	s->id = id;
	s->track = track;
	s->transport = t;
	s->viewer = t->peer;
	s->spatial_layer = (uint8_t)(track->media.spatial_layers - 1);
	s->temporal_layer = track->media.temporal_layers
	                            ? (uint8_t)(track->media.temporal_layers - 1)
	                            : TRACK_LAYER_MAX;
	s->priority = track->kind == TRACK_SHARE ? TRACK_PRIORITY_SHARE : TRACK_PRIORITY;
	s->spatial_layer_now = s->temporal_layer_now = AM_LAYER_NONE;
	LIST_INSERT_HEAD(&track->subscriptions, s, of_track);
	LIST_INSERT_HEAD(&t->peer->subscriptions, s, of_viewer);
	t->peer->subscription_count++;
	peer_use(t->peer, QUOTA_SUBSCRIPTIONS, 1);
	return s;
}

void subscription_destroy(struct subscription *s)
{
	LIST_REMOVE(s, of_track);
	LIST_REMOVE(s, of_viewer);
	s->viewer->subscription_count--;
	peer_use(s->viewer, QUOTA_SUBSCRIPTIONS, -1);
	free(s);
}

void subscription_mid_text(const struct subscription *s, char out[AM_SUBSCRIPTION_MID_MAX + 1])
{
	static_assert(TRANSPORT_MID_COUNT == 10000 && AM_SUBSCRIPTION_MID_MAX == 4);
	snprintf(out, AM_SUBSCRIPTION_MID_MAX + 1, "%u", s->mid % (unsigned)TRANSPORT_MID_COUNT);
}

bool subscription_is_due(const struct subscription *s)
{
	return !s->paused_by_viewer && !s->track->paused;
}

enum am_limit subscription_limit(const struct subscription *s, uint8_t limit)
{
	if (s->withheld)
		return s->withheld;
	if (s->track->paused)
		return AM_LIMIT_SPEAKER;
	if (s->paused_by_viewer)
		return AM_LIMIT_ASKED;
	return limit < AM_LIMIT_COUNT ? (enum am_limit)limit : AM_LIMIT_NONE;
}

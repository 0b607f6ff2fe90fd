#include "room/track.h"

#include "base/json.h"
#include "base/memory.h"
#include "room/peer.h"

#include <assert.h>
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

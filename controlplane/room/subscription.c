#include "room/subscription.h"

#include "base/memory.h"
#include "room/peer.h"
#include "room/track.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define SSRC_PROBATOR 1234 // mediasoup-client's own stream of probes

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
	s->priority =
	        track->kind == TRACK_SHARE ? SUBSCRIPTION_PRIORITY_SHARE : SUBSCRIPTION_PRIORITY;
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
	static_assert(SUBSCRIPTION_MID_COUNT == 10000 && AM_SUBSCRIPTION_MID_MAX == 4);
	snprintf(out, AM_SUBSCRIPTION_MID_MAX + 1, "%u", s->mid % (unsigned)SUBSCRIPTION_MID_COUNT);
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

static bool ssrc_is_used(const struct peer *p, uint32_t ssrc)
{
	const struct subscription *s;

	LIST_FOREACH (s, &p->subscriptions, of_viewer) {
		if (s->ssrc == ssrc || s->rtx_ssrc == ssrc)
			return true;
	}
	return ssrc == 0 || ssrc == SSRC_PROBATOR;
}

uint32_t subscription_ssrc_new(const struct peer *p)
{
	uint32_t ssrc;

	do
		memory_random(&ssrc, sizeof(ssrc));
	while (ssrc_is_used(p, ssrc));
	return ssrc;
}

static bool mid_is_used(const struct transport *t, uint32_t mid)
{
	const struct subscription *s;

	LIST_FOREACH (s, &t->peer->subscriptions, of_viewer) {
		if (s->transport == t && s->mid == mid)
			return true;
	}
	return false;
}

uint16_t subscription_mid_new(struct transport *t, bool *reserve)
{
	uint32_t mid = t->mid_next++;

	// MIDs are reused only after a viewer has had 10000 subscriptions.
	while (mid >= SUBSCRIPTION_MID_COUNT && mid_is_used(t, mid % SUBSCRIPTION_MID_COUNT))
		mid = t->mid_next++;
	*reserve = mid >= t->mid_reserved;
	if (*reserve)
		t->mid_reserved = mid + SUBSCRIPTION_MID_BLOCK;
	return (uint16_t)(mid % SUBSCRIPTION_MID_COUNT);
}

#include "conference/conference.h"

#include "conference/leave.h"
#include "conference/state.h"
#include "conference/store.h"
#include "conference/tell.h"
#include "conference/tracks.h"
#include "conference/transport.h"

#include "am_log.h"

#include <string.h>

void conference_admit(struct conference *c, struct peer *p)
{
	am_info("room: peer admitted; room=%s peer=%s", p->room->name, am_log_value(p->id));
	conference_tell_waiting(c, p, false);
	room_admit_peer(p);
	conference_expect_join(c, p);
	conference_store_flags(c, p);
	if (p->connection)
		c->events->admitted(c->events->owner, p);
}

void conference_admit_all(struct conference *c, struct room *r)
{
	struct peer *p;

	while ((p = TAILQ_FIRST(&r->waiting)))
		conference_admit(c, p);
}

// The room stays, since the moderator is in it.
void conference_decline_all(struct conference *c, struct room *r)
{
	struct peer *p;

	while ((p = TAILQ_FIRST(&r->waiting)))
		conference_remove(c, p, REFUSAL_DECLINED);
}

void conference_mute(
        struct conference *c, struct peer *p, enum track_kind kind, const struct peer *by
)
{
	bool played = false, exists = false;
	struct track *t;

	LIST_FOREACH (t, &p->tracks, of_owner) {
		if (t->kind != kind)
			continue;
		exists = true;
		played |= !t->paused;
		conference_track_set_paused(c, t, true);
	}
	strcpy(p->muted_by_id, by->id);
	strcpy(p->muted_by_name, by->display_name);
	// Remembered until the page has heard of the mute: otherwise, it would turn the track on
	// again when it comes back.
	if (played || (exists && !p->connection)) {
		p->muted |= 1u << kind;
		conference_store_flags(c, p);
	}
	if (p->connection)
		c->events->muted(c->events->owner, p, kind);
}

void conference_mute_all(struct conference *c, const struct peer *by, enum track_kind kind)
{
	struct peer *p;

	TAILQ_FOREACH (p, &by->room->speakers, in_room) {
		if (p != by && p->joined)
			conference_mute(c, p, kind, by);
	}
}

void conference_set_video(struct conference *c, struct room *r, const char *url)
{
	const char *had = r->rules.video;

	if (url == had || (url && had && strcmp(url, had) == 0))
		return;
	room_set_video(r, url);
	conference_store_room(c, r);
	conference_tell_room(c, r);
}

void conference_set_bitrate(struct conference *c, struct room *r, uint32_t bitrate)
{
	if (bitrate == r->bitrate)
		return;
	r->bitrate = bitrate;
	conference_store_room(c, r);
	conference_tell_room(c, r);
}

static void stop_publishing(struct conference *c, struct peer *p)
{
	struct track *t;

	while ((t = LIST_FIRST(&p->tracks))) {
		if (p->connection)
			c->events->producer_closed(c->events->owner, p, t->id);
		conference_track_remove(c, t);
	}
	for (int i = 0; i < 2 * PEER_TRANSPORT_MAX; i++) {
		struct transport *sending = &p->transports[i];
		if (sending->id && !sending->consuming &&
		    !(sending->takes_data && p->rights.chat)) // the chat goes on
			conference_transport_remove(c, sending);
	}
}

enum refusal conference_set_speaker(struct conference *c, struct peer *p, bool speaker)
{
	struct room *r = p->room;

	if (r->kind != ROOM_WEBINAR)
		return REFUSAL_WRONG_ROOM_KIND;
	if (p->rights.speaker == speaker)
		return REFUSAL_NONE;
	// There is always a place for one more viewer: a moderator must be able to end a speech.
	enum refusal refusal = speaker ? room_admits(r, r->kind, true, NULL) : REFUSAL_NONE;
	if (refusal != REFUSAL_NONE)
		return refusal;
	am_info("room: peer %s; room=%s peer=%s", speaker ? "promoted" : "demoted", r->name,
	        am_log_value(p->id));
	if (!speaker)
		stop_publishing(c, p);
	conference_set_hand(c, p, false); // the hand has served its purpose
	room_set_speaker(p, speaker);
	conference_store_flags(c, p);
	if (p->connection)
		c->events->rights_changed(c->events->owner, p);
	conference_tell_changed(c, p);
	if (p->joined)
		recordings_peer_joined(c->recordings, p);
	return REFUSAL_NONE;
}

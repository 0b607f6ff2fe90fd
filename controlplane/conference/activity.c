#include "conference/activity.h"

#include "conference/quality.h"
#include "conference/state.h"
#include "conference/subscriptions.h"
#include "media/region.h"

#define COUNTS_MS         1000
#define LARGE_ROOM        200 // with so many members, news of who speaks is less frequent
#define SPEAKERS_MS       400
#define SPEAKERS_MS_LARGE 1000

static_assert(COUNTS_MS % TALK_LOOK_MS == 0 && QUALITY_LOOK_MS % TALK_LOOK_MS == 0);

static uint8_t loudness_of(const struct conference *c, const struct peer *p)
{
	const struct track *t;
	uint8_t loudest = 0;

	LIST_FOREACH (t, &p->tracks, of_owner) {
		uint8_t loudness = t->kind == TRACK_AUDIO && t->ready && !t->paused
		                           ? media_loudness(c->media, t->id)
		                           : 0;
		if (loudness > loudest)
			loudest = loudness;
	}
	return loudest;
}

static void look_at_talk(struct conference *c, struct room *r, uint64_t now_ms)
{
	uint32_t members = r->speaker_count + r->viewer_count;
	uint64_t pace_ms = members < LARGE_ROOM ? SPEAKERS_MS : SPEAKERS_MS_LARGE;
	struct talk *t = &r->talk;
	struct peer *p;

	TAILQ_FOREACH (p, &r->speakers, in_room) {
		if (p->joined)
			talk_hear(t, &p->voice, loudness_of(c, p), now_ms);
	}
	talk_decide(t, &r->speakers, now_ms);
	if (t->leader_changed) {
		c->events->leader(c->events->owner, r);
		recordings_leader(c->recordings, r, t->leader);
	}
	t->leader_changed = false;
	if (!t->speakers_changed || now_ms - r->news.talk_ms < pace_ms)
		return;
	t->speakers_changed = false;
	r->news.talk_ms = now_ms;
	c->events->speakers(c->events->owner, r);
}

static void look_at_counts(struct conference *c, struct room *r)
{
	if (r->speaker_count == r->news.speaker_count && r->viewer_count == r->news.viewer_count)
		return;
	r->news.speaker_count = r->speaker_count;
	r->news.viewer_count = r->viewer_count;
	c->events->counts(c->events->owner, r);
}

static void subscribe_again(struct conference *c, struct peer_list *list)
{
	struct peer *p;

	TAILQ_FOREACH (p, list, in_room)
		conference_subscribe_again(c, p);
}

static void look(void *owner)
{
	struct conference *c = owner;
	uint64_t now_ms = loop_now_ms(c->loop);

	loop_timer_set(c->loop, &c->activity, TALK_LOOK_MS);
	c->looks++;
	for (struct room *r = NULL; (r = rooms_next(&c->rooms, r));) {
		look_at_talk(c, r, now_ms);
		if (c->looks % (COUNTS_MS / TALK_LOOK_MS) == 0) {
			look_at_counts(c, r);
			subscribe_again(c, &r->speakers);
			subscribe_again(c, &r->viewers);
		}
	}
	if (c->looks % (QUALITY_LOOK_MS / TALK_LOOK_MS) == 0)
		conference_look_at_quality(c);
}

void conference_watch_activity(struct conference *c)
{
	c->activity = (struct loop_timer){.expired = look, .owner = c};
	loop_timer_set(c->loop, &c->activity, TALK_LOOK_MS);
}

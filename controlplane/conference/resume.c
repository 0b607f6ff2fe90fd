// Resumes a peer whose page has come back, from what the page still has.
#include "conference/conference.h"

#include "conference/chat_readers.h"
#include "conference/state.h"
#include "conference/subscriptions.h"
#include "conference/tell.h"
#include "conference/tracks.h"

static bool has(const uint64_t bits[], am_id id)
{
	return bits[am_id_slot(id) / 64] >> am_id_slot(id) % 64 & 1;
}

bool page_objects_add(uint64_t bits[], am_id id)
{
	bool is_new = !has(bits, id);

	bits[am_id_slot(id) / 64] |= UINT64_C(1) << am_id_slot(id) % 64;
	return is_new;
}

static void tracks_settle(struct conference *c, struct peer *p, const struct page_objects *page)
{
	struct track *t = LIST_FIRST(&p->tracks), *next;

	for (; t; t = next) {
		next = LIST_NEXT(t, of_owner);
		if (!has(page->tracks, t->id)) {
			conference_track_remove(c, t);
			continue;
		}
		conference_tell_wanted(c, t);
		conference_tell_unfit(c, t);
	}
}

static void
subscriptions_settle(struct conference *c, struct peer *p, const struct page_objects *page)
{
	struct subscription *s;

	LIST_FOREACH (s, &p->subscriptions, of_viewer) {
		bool listed = has(page->subscriptions, s->id);
		if (listed && !s->confirmed)
			conference_subscription_confirm(c, s);
		else if (!listed && s->ready)
			c->events->consumer_new(c->events->owner, s);
		if (listed && s->withheld) // the page no longer knows the reason
			c->events->layers_changed(c->events->owner, s);
	}
}

static void chat_settle(struct conference *c, struct peer *p)
{
	struct transport *hears = peer_transport_consuming(p);

	if (!hears || !hears->data_ready)
		return;
	if (!p->reads_envelope)
		conference_chat_senders_offer(c, hears);
	else if (!hears->data_confirmed)
		c->events->data_consumer_new(c->events->owner, hears);
}

void conference_resume(struct conference *c, struct peer *p, const struct page_objects *page)
{
	tracks_settle(c, p, page);
	subscriptions_settle(c, p, page);
	chat_settle(c, p);
	if (p->news.lacks) // said again, since the page may have missed the change
		c->events->lacking(c->events->owner, p);
	conference_subscribe_all(c, p);
}

#include "conference/conference.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "conference/leave.h"
#include "conference/quota.h"
#include "conference/recall.h"
#include "conference/state.h"
#include "conference/store.h"
#include "conference/subscriptions.h"
#include "conference/tell.h"
#include "hook/hook.h"
#include "statistics/statistics.h"
#include "store/rooms.h"

#include "am_log.h"

#include <string.h>

static struct room *room_make(struct conference *c, const struct newcomer *n)
{
	uint64_t id;

	memory_random(&id, sizeof(id));
	struct room *r =
	        room_create(&c->rooms, id, n->account_id, n->room, n->kind, clock_real_ms());
	if (!n->rights.moderator)
		conference_recall_rules(c, r);
	conference_store_room(c, r);
	am_info("room: opened; room=%s kind=%s", r->name,
	        r->kind == ROOM_CALL ? "call" : "webinar");
	return r;
}

static void room_rule(struct conference *c, struct room *r, const struct room_rules *rules)
{
	if (!room_add_rules(r, rules))
		return;
	conference_store_room(c, r);
	conference_tell_room(c, r);
}

struct peer *conference_take_up(
        struct conference *c, const struct newcomer *n, uint64_t connection, enum refusal *refusal
)
{
	struct room *r = rooms_find(&c->rooms, n->account_id, n->room);
	struct peer *p = r && r->kind == n->kind ? room_find_peer(r, n->peer_id) : NULL;

	*refusal = conference_turned_away(c, n->account_id, n->room, n->session);
	if (*refusal != REFUSAL_NONE || !p || !p->session[0] ||
	    !text_equals_secret(n->session, p->session))
		return NULL;
	conference_gone_remove(c, p);
	if (p->connection)
		c->events->superseded(c->events->owner, p->connection);
	p->connection = connection;
	strcpy(p->client, n->client);
	conference_expect_join(c, p);
	if (!p->joined) // the page starts again with its transports
		conference_reset(c, p);
	return p;
}

// Whether the newcomer may have a place, or the place of the peer with the same id.
static enum refusal
refuse(const struct newcomer *n, const struct room *r, const struct peer *p, uint64_t connection)
{
	if (!r)
		return REFUSAL_NONE;
	if (r->kind != n->kind)
		return REFUSAL_WRONG_ROOM_KIND;
	if (p && p->connection > connection)
		return REFUSAL_REPLACED; // a newer one was admitted during this one's checks
	if (p && p->signed_id && !n->signed_id)
		return REFUSAL_PEER_ID_TAKEN;
	if (p && p->joined && p->rights.speaker == n->rights.speaker)
		return REFUSAL_NONE; // the newcomer takes over the place of p
	return room_admits(r, n->kind, n->rights.speaker, &n->rules);
}

// The room does not remember the account's own setting, which may be turned off again.
bool conference_has_waiting_room(const struct conference *c, const struct room *r)
{
	const struct account *a = c->accounts ? accounts_by_id(c->accounts, r->account_id) : NULL;
	return r->rules.waiting_room || (a && a->waiting_room);
}

static struct peer *
peer_make(struct conference *c, struct room *r, const struct newcomer *n, uint64_t connection)
{
	struct peer *p = peer_create(n->peer_id, n->session, &n->rights);

	if (peer_set_display_name(p, n->display_name) < 0)
		p->display_name[0] = '\0';
	p->signed_id = n->signed_id;
	p->name_is_fixed = n->name_is_fixed;
	p->hook_admission = n->hook_admission;
	p->connection = connection;
	strcpy(p->client, n->client);
	p->waiting = !p->rights.moderator && (n->waits || conference_has_waiting_room(c, r));
	room_add_peer(r, p);
	conference_store_peer(c, p, "");
	if (p->waiting) {
		am_info("room: peer waits; room=%s peer=%s", r->name, am_log_value(p->id));
		conference_tell_waiting(c, p, true);
	}
	conference_expect_join(c, p);
	return p;
}

struct peer *conference_enter(
        struct conference *c, const struct newcomer *n, uint64_t connection, enum refusal *refusal
)
{
	struct room *r = rooms_find(&c->rooms, n->account_id, n->room);
	struct peer *p = r ? room_find_peer(r, n->peer_id) : NULL;

	*refusal = refuse(n, r, p, connection);
	if (*refusal == REFUSAL_NONE &&
	    ((!r && !conference_quota_allows(c, n->account_id, QUOTA_ROOMS)) ||
	     (!p && !conference_quota_allows(c, n->account_id, QUOTA_PEERS))))
		*refusal = REFUSAL_BUSY;
	if (*refusal != REFUSAL_NONE) {
		hook_close(c->hooks, n->hook_admission, NULL);
		return NULL;
	}
	if (p)
		conference_remove(c, p, REFUSAL_REPLACED);
	r = rooms_find(&c->rooms, n->account_id, n->room); // may be gone with its only peer
	if (!r)
		r = room_make(c, n);
	if (n->rights.moderator)
		conference_forget_rules(c, r); // the token's rules apply from now on
	room_rule(c, r, &n->rules);
	return peer_make(c, r, n, connection);
}

void conference_join(
        struct conference *c, struct peer *p, const char *capabilities, const struct asker *by
)
{
	room_join_peer(p);
	conference_expect_join(c, p);
	p->statistics_session = statistics_joined(
	        c->statistics, p->room->account_id, p->room->name, p->id, clock_real_ms()
	);
	am_info("room: peer joined; room=%s peer=%s name=%s speakers=%u viewers=%u", p->room->name,
	        am_log_value(p->id), am_log_value(p->display_name), p->room->speaker_count,
	        p->room->viewer_count);
	conference_store_peer(c, p, capabilities);
	for (int i = 0; i < 2 * PEER_TRANSPORT_MAX; i++) {
		if (p->transports[i].id)
			conference_store_transport(c, &p->transports[i]);
	}
	c->events->joined(c->events->owner, by, p);
	conference_tell_joined(c, p);
	conference_subscribe_all(c, p);
	recordings_peer_joined(c->recordings, p);
}

#include "conference/leave.h"

#include "base/clock.h"
#include "conference/quality.h"
#include "conference/recall.h"
#include "conference/state.h"
#include "conference/store.h"
#include "conference/tell.h"
#include "conference/transport.h"
#include "hook/hook.h"
#include "media/region.h"
#include "statistics/statistics.h"
#include "store/rooms.h"

#include "am_log.h"

#define GONE_CHECK_MS 250

static void idle_end(struct conference *c, struct peer *p)
{
	if (p->idle_ms)
		TAILQ_REMOVE(&c->idle, p, in_idle);
	p->idle_ms = 0;
}

void conference_expect_join(struct conference *c, struct peer *p)
{
	bool idle = !p->joined && !p->waiting && !p->gone_ms;

	if (!idle)
		return idle_end(c, p);
	if (p->idle_ms)
		return;
	p->idle_ms = loop_now_ms(c->loop);
	TAILQ_INSERT_TAIL(&c->idle, p, in_idle);
}

void conference_expect_join_anew(struct conference *c, struct peer *p)
{
	idle_end(c, p);
	conference_expect_join(c, p);
}

void conference_gone_add(struct conference *c, struct peer *p)
{
	p->connection = 0;
	p->gone_ms = loop_now_ms(c->loop);
	p->seen_ms = clock_real_ms();
	TAILQ_INSERT_TAIL(&c->gone, p, in_gone);
	conference_expect_join(c, p);
}

void conference_gone_remove(struct conference *c, struct peer *p)
{
	if (p->gone_ms)
		TAILQ_REMOVE(&c->gone, p, in_gone);
	p->gone_ms = 0;
}

static void forget_media(struct conference *c, struct peer *p)
{
	for (int i = 0; i < 2 * PEER_TRANSPORT_MAX; i++) {
		if (p->transports[i].id)
			conference_transport_forget(c, &p->transports[i]);
	}
}

// The last sign of life (CLOCK_REALTIME): now or, for a peer that is gone, when its connection or
// its transports were last heard of.
static int64_t last_seen_ms(const struct conference *c, const struct peer *p)
{
	int64_t now_ms = clock_real_ms(), seen_ms = p->seen_ms;
	uint64_t now_ns = clock_monotonic_ns();
	struct am_transport_state state;

	if (!p->gone_ms)
		return now_ms;
	for (int i = 0; i < 2 * PEER_TRANSPORT_MAX; i++) {
		am_id id = p->transports[i].id;
		if (!id || !media_read_transport(c->media, am_id_slot(id), &state) ||
		    state.id != id || !state.checked_ns || state.checked_ns > now_ns)
			continue;
		int64_t checked_ms = now_ms - (int64_t)((now_ns - state.checked_ns) / 1000000);
		if (checked_ms > seen_ms)
			seen_ms = checked_ms;
	}
	return seen_ms;
}

static void unjoin(struct conference *c, struct peer *p, int64_t left_ms)
{
	conference_set_hand(c, p, false);
	room_unjoin_peer(p);
	conference_end_quality(c, p);
	p->consumes = p->takes_data = p->reads_envelope = p->heeds_wanted = false;
	p->takes_lists = false;
	p->news = (struct peer_news){0};
	statistics_left(c->statistics, p->statistics_session, left_ms);
	p->statistics_session = 0;
}

// Tells the webhook that the peer has left.
static void close_admission(struct conference *c, const struct peer *p)
{
	const char *name = p->display_name[0] ? p->display_name : NULL; // NULL: unchanged
	hook_close(c->hooks, p->hook_admission, name);
}

static void forget_peer(struct conference *c, struct peer *p)
{
	struct room *r = p->room;

	forget_media(c, p);
	conference_gone_remove(c, p);
	idle_end(c, p);
	room_remove_peer(p);
	peer_destroy(p);
	if (!room_is_empty(r))
		return;
	recordings_room_gone(c->recordings, r);
	room_destroy(&c->rooms, r);
}

static struct peer *any_peer(struct room *r)
{
	struct peer *p = TAILQ_FIRST(&r->waiting);

	if (!p) // viewers before speakers, so that they are not told of each speaker that leaves
		p = TAILQ_FIRST(&r->viewers);
	return p ? p : TAILQ_FIRST(&r->speakers);
}

void conference_lose(struct conference *c, struct peer *p, uint64_t silent_ms)
{
	am_info("room: peer disconnected; room=%s peer=%s silent_ms=%llu", p->room->name,
	        am_log_value(p->id), (unsigned long long)silent_ms);
	conference_gone_add(c, p);
	p->seen_ms -= (int64_t)silent_ms;
	if (!p->session[0])
		conference_remove(c, p, REFUSAL_NONE);
}

void conference_reset(struct conference *c, struct peer *p)
{
	bool joined = p->joined;
	int64_t left_ms = last_seen_ms(c, p);

	conference_tell_left(c, p);
	for (int i = 0; i < 2 * PEER_TRANSPORT_MAX; i++) {
		if (p->transports[i].id)
			conference_transport_remove(c, &p->transports[i]);
	}
	unjoin(c, p, left_ms);
	if (joined && c->generation) {
		store_peer_remove(c->store, p->room->id, p->id);
		conference_store_peer(c, p, "");
	}
	conference_expect_join(c, p);
}

void conference_remove(struct conference *c, struct peer *p, enum refusal refusal)
{
	struct room *r = p->room;

	am_info("room: peer left; room=%s peer=%s joined=%d reason=%s", r->name,
	        am_log_value(p->id), p->joined,
	        refusal == REFUSAL_NONE ? "left" : refusal_code(refusal));
	if (refusal != REFUSAL_NONE)
		conference_turn_away(c, p, refusal);
	if (refusal != REFUSAL_NONE && p->connection)
		c->events->removed(c->events->owner, p, refusal);
	p->connection = 0;
	close_admission(c, p);
	conference_reset(c, p);
	if (p->waiting)
		conference_tell_waiting(c, p, false);
	if (c->generation)
		store_peer_remove(c->store, r->id, p->id);
	if (r->peers.count == 1) {
		if (c->generation)
			store_room_remove(c->store, r->id);
		conference_keep_rules(c, r);
		am_info("room: closed; room=%s", r->name);
	}
	forget_peer(c, p);
}

void conference_close_room(struct conference *c, struct room *r)
{
	size_t left = r->peers.count;

	(void)recording_stop(c->recordings, r, RECORDING_EMPTY); // nobody is to come back
	while (left-- > 0) // with the last peer, the room is gone, too
		conference_remove(c, any_peer(r), REFUSAL_ROOM_CLOSED);
}

void conference_lose_media(struct conference *c, struct peer *p)
{
	int64_t left_ms = last_seen_ms(c, p);
	forget_media(c, p);
	unjoin(c, p, left_ms);
	if (!p->gone_ms)
		conference_gone_add(c, p);
}

void conference_drop_all(struct conference *c)
{
	struct room *r;

	while ((r = rooms_next(&c->rooms, NULL))) {
		struct peer *p = any_peer(r);
		close_admission(c, p);
		unjoin(c, p, clock_real_ms());
		forget_peer(c, p);
	}
}

// Without a data plane, nobody can join, so the time to join begins anew.
static void idle_check(struct conference *c)
{
	uint64_t now_ms = loop_now_ms(c->loop);
	struct peer *p;

	while (c->join_ms && (p = TAILQ_FIRST(&c->idle)) && now_ms - p->idle_ms >= c->join_ms) {
		if (media_is_up(c->media)) {
			conference_remove(c, p, REFUSAL_NOT_JOINED);
		} else {
			conference_expect_join_anew(c, p);
		}
	}
}

static void gone_check(void *owner)
{
	struct conference *c = owner;
	struct peer *p;

	while ((p = TAILQ_FIRST(&c->gone)) && loop_now_ms(c->loop) - p->gone_ms >= PEER_RESUME_MS)
		conference_remove(c, p, REFUSAL_NONE);
	idle_check(c);
	loop_timer_set(c->loop, &c->absence, GONE_CHECK_MS);
}

void conference_watch_absent(struct conference *c)
{
	c->absence = (struct loop_timer){.expired = gone_check, .owner = c};
	loop_timer_set(c->loop, &c->absence, GONE_CHECK_MS);
}

void conference_forget_all(struct conference *c)
{
	struct room *r;

	while ((r = rooms_next(&c->rooms, NULL)))
		forget_peer(c, any_peer(r));
}

#include "hook/queue.h"

#include "base/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_JITTER 4 // up to a quarter more, so that not all come back at once
#define STARTS_MAX   8 // each STARTS_MS
#define STARTS_MS    4
#define QUICK_MS     1000 // an answer within this time shows that there is room for more

struct hook_channel {
	char account[24]; // decimal
	struct map_node by_account;
	struct turn_list asks, closes; // ready
	struct turn_list resting;
	uint32_t asks_running, closes_running;
	uint32_t asks_waiting, closes_pending; // including those that run
	uint32_t share; // asks that may run
	bool silent;
	uint64_t answered_ms; // when a call was last answered
	int64_t sequence;
	bool busy; // in the queue's list
	TAILQ_ENTRY(hook_channel) in_busy;
};

struct hook_lane {
	struct map_node by_peer;
	struct turn_list turns; // the first is ready, running or resting
	char peer[];
};

static struct hook_channel *channel_get(struct hook_queue *q, uint64_t account_id)
{
	char account[24];

	snprintf(account, sizeof(account), "%" PRIu64, account_id);
	struct map_node *n = map_find(&q->channels, account);
	if (n)
		return container_of(n, struct hook_channel, by_account);
	struct hook_channel *c = memory_new(1, sizeof(*c));
	strcpy(c->account, account);
	TAILQ_INIT(&c->asks);
	TAILQ_INIT(&c->closes);
	TAILQ_INIT(&c->resting);
	c->share = HOOK_CALLS_FIRST;
	map_add(&q->channels, &c->by_account, c->account);
	return c;
}

static struct hook_lane *lane_get(struct hook_queue *q, const char *peer)
{
	struct map_node *n = map_find(&q->lanes, peer);

	if (n)
		return container_of(n, struct hook_lane, by_peer);
	struct hook_lane *l = memory_new(1, sizeof(*l) + strlen(peer) + 1);
	strcpy(l->peer, peer);
	TAILQ_INIT(&l->turns);
	map_add(&q->lanes, &l->by_peer, l->peer);
	return l;
}

static void channel_wake(struct hook_queue *q, struct hook_channel *c)
{
	if (!c->busy)
		TAILQ_INSERT_TAIL(&q->busy, c, in_busy);
	c->busy = true;
	if (!q->pump.position)
		loop_timer_set(q->loop, &q->pump, 0);
}

// Which list of the channel holds a turn of this state, or NULL.
static struct turn_list *list_of(const struct hook_turn *t)
{
	if (t->state == TURN_RESTING)
		return &t->channel->resting;
	if (t->state != TURN_READY)
		return NULL;
	return t->closes ? &t->channel->closes : &t->channel->asks;
}

static void state_set(struct hook_turn *t, enum turn_state state)
{
	struct turn_list *list = list_of(t);
	uint32_t *running = t->closes ? &t->channel->closes_running : &t->channel->asks_running;

	if (list)
		TAILQ_REMOVE(list, t, in_channel);
	*running -= t->state == TURN_RUNNING;
	t->state = state;
	*running += state == TURN_RUNNING;
	if (state == TURN_RUNNING)
		t->started_ms = loop_now_ms(t->queue->loop);
	list = list_of(t);
	if (list)
		TAILQ_INSERT_TAIL(list, t, in_channel);
	channel_wake(t->queue, t->channel);
}

// Starts one turn. False if none may start.
static bool channel_start(struct hook_channel *c)
{
	uint32_t closes_max = c->silent ? HOOK_CLOSES_SILENT_MAX : HOOK_CLOSES_MAX;
	struct hook_turn *t = NULL;

	if (c->asks_running < c->share)
		t = TAILQ_FIRST(&c->asks);
	if (!t && c->closes_running < closes_max)
		t = TAILQ_FIRST(&c->closes);
	if (!t)
		return false;
	loop_timer_cancel(t->queue->loop, &t->timer);
	t->tries++;
	state_set(t, TURN_RUNNING); // puts the channel at the end of the busy list
	t->start(t);
	return true;
}

// A few starts at a time, one account after the other: each may cost the loop a TLS handshake.
static void pump(void *owner)
{
	struct hook_queue *q = owner;
	struct hook_channel *c;
	int left = STARTS_MAX;

	while (left > 0 && (c = TAILQ_FIRST(&q->busy))) {
		TAILQ_REMOVE(&q->busy, c, in_busy);
		c->busy = false;
		left -= channel_start(c);
	}
	if (!TAILQ_EMPTY(&q->busy))
		loop_timer_set(q->loop, &q->pump, STARTS_MS);
}

void hook_queue_init(struct hook_queue *q, struct loop *l)
{
	*q = (struct hook_queue){.loop = l, .pump = {.expired = pump, .owner = q}};
	map_init(&q->channels);
	map_init(&q->lanes);
	TAILQ_INIT(&q->busy);
}

void hook_queue_fini(struct hook_queue *q)
{
	loop_timer_cancel(q->loop, &q->pump);
	for (size_t i = 0; i < q->channels.size; i++) {
		struct map_node *n = q->channels.buckets[i];
		while (n) {
			struct map_node *next = n->next;
			free(container_of(n, struct hook_channel, by_account));
			n = next;
		}
	}
	map_fini(&q->channels);
	map_fini(&q->lanes);
}

// Takes a turn out of the queue; the next turn of its peer becomes ready.
static void turn_drop(struct hook_turn *t)
{
	struct hook_lane *l = t->lane;

	loop_timer_cancel(t->queue->loop, &t->timer);
	state_set(t, TURN_NONE);
	if (t->closes)
		t->channel->closes_pending--;
	else
		t->channel->asks_waiting--;
	if (!l)
		return;
	TAILQ_REMOVE(&l->turns, t, in_lane);
	struct hook_turn *next = TAILQ_FIRST(&l->turns);
	if (next && next->state == TURN_LINED_UP)
		state_set(next, TURN_READY);
	if (!next) {
		map_remove(&t->queue->lanes, &l->by_peer);
		free(l);
	}
}

static void timer_expired(void *owner)
{
	struct hook_turn *t = owner;

	if (t->closes) {
		state_set(t, TURN_READY);
		return;
	}
	turn_drop(t);
	t->give_up(t);
}

// Inserts a turn. A close goes before joins that have not started, which belong to the next visit.
static void lane_insert(struct hook_lane *l, struct hook_turn *t)
{
	struct hook_turn *before = NULL;

	if (t->closes) {
		TAILQ_FOREACH (before, &l->turns, in_lane) {
			if (!before->closes && before->state != TURN_RUNNING)
				break;
		}
	}
	if (!before) {
		TAILQ_INSERT_TAIL(&l->turns, t, in_lane);
		return;
	}
	if (before->state == TURN_READY)
		state_set(before, TURN_LINED_UP);
	TAILQ_INSERT_BEFORE(before, t, in_lane);
}

bool hook_turn_take(
        struct hook_queue *q, struct hook_turn *t, uint64_t account_id, const char *peer
)
{
	struct hook_channel *c = channel_get(q, account_id);

	if (!t->closes && c->asks_waiting == HOOK_WAITING_MAX)
		return false;
	t->queue = q;
	t->channel = c;
	t->lane = peer ? lane_get(q, peer) : NULL;
	t->state = TURN_LINED_UP;
	t->tries = 0;
	t->timer = (struct loop_timer){.expired = timer_expired, .owner = t};
	if (t->closes)
		c->closes_pending++;
	else
		c->asks_waiting++;
	if (t->lane)
		lane_insert(t->lane, t);
	struct hook_turn *first = t->lane ? TAILQ_FIRST(&t->lane->turns) : t;
	if (first == t)
		state_set(t, TURN_READY);
	else if (first->state == TURN_RESTING) // it does not rest while another waits
		loop_timer_set(q->loop, &first->timer, 0);
	if (!t->closes)
		loop_timer_set(q->loop, &t->timer, HOOK_WAIT_MS);
	return true;
}

// The receiver does not answer, so the turns that still wait give up now.
static void channel_give_up(struct hook_channel *c)
{
	struct hook_turn *t;

	TAILQ_FOREACH (t, &c->asks, in_channel)
		loop_timer_set(t->queue->loop, &t->timer, 0);
}

static void channel_answered(struct hook_channel *c, const struct hook_turn *t, uint64_t now)
{
	struct hook_turn *resting;

	if (!t->closes && now - t->started_ms < QUICK_MS && c->share < HOOK_CALLS_MAX)
		c->share++;
	c->answered_ms = now;
	if (!c->silent)
		return;
	c->silent = false;
	TAILQ_FOREACH (resting, &c->resting, in_channel)
		loop_timer_set(t->queue->loop, &resting->timer, 0);
}

// The share grows with each quick answer and halves when there is no answer, so that a receiver
// gets as many calls at a time as it can take. A receiver that answers nothing while a call times
// out is silent.
static void channel_learn(const struct hook_turn *t, bool answered)
{
	struct hook_channel *c = t->channel;
	uint64_t now = loop_now_ms(t->queue->loop);

	if (answered) {
		channel_answered(c, t, now);
		return;
	}
	if (now - t->started_ms < HOOK_ANSWER_MS / 2) // failed at once: refused, or an error
		return;
	c->share = c->share / 2 > HOOK_CALLS_LEAST ? c->share / 2 : HOOK_CALLS_LEAST;
	if (c->answered_ms < t->started_ms) {
		c->silent = true;
		channel_give_up(c);
	}
}

void hook_turn_end(struct hook_turn *t, bool answered)
{
	channel_learn(t, answered);
	turn_drop(t);
}

static uint64_t retry_ms(uint32_t tries)
{
	uint64_t ms = HOOK_RETRY_MS_MAX;
	uint32_t random;

	if (tries < 16 && (uint64_t)HOOK_RETRY_MS << (tries - 1) < ms)
		ms = (uint64_t)HOOK_RETRY_MS << (tries - 1);
	memory_random(&random, sizeof(random));
	return ms + random % (ms / RETRY_JITTER);
}

bool hook_turn_rest(struct hook_turn *t, bool answered)
{
	bool awaited = t->lane && !TAILQ_LAST(&t->lane->turns, turn_list)->closes;

	channel_learn(t, answered);
	if (t->tries >= HOOK_TRIES_MAX || (answered && awaited)) {
		turn_drop(t);
		return false;
	}
	// If this close gets no answer, the joins that wait behind it get none either.
	for (struct hook_turn *behind = t; awaited && behind;
	     behind = TAILQ_NEXT(behind, in_lane)) {
		if (!behind->closes)
			loop_timer_set(t->queue->loop, &behind->timer, 0);
	}
	state_set(t, TURN_RESTING);
	loop_timer_set(t->queue->loop, &t->timer, retry_ms(t->tries));
	return true;
}

bool hook_turn_is_awaited(const struct hook_turn *t)
{
	return t->lane && TAILQ_NEXT(t, in_lane);
}

void hook_turn_leave(struct hook_turn *t)
{
	if (t->state != TURN_NONE)
		turn_drop(t);
}

int64_t hook_queue_sequence(struct hook_queue *q, uint64_t account_id)
{
	return ++channel_get(q, account_id)->sequence;
}

void hook_queue_set_sequence(struct hook_queue *q, uint64_t account_id, int64_t last)
{
	channel_get(q, account_id)->sequence = last;
}

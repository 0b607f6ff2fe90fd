#include "conference/recall.h"

#include "base/clock.h"
#include "base/shelves.h"
#include "conference/state.h"
#include "conference/store.h"
#include "conference/tell.h"
#include "store/rooms.h"

#include "am_log.h"

#include <stdio.h>
#include <string.h>

#define KEY_SIZE (ROOM_KEY_SIZE + 1 + PEER_SESSION_MAX)

#define TURNED_AWAY_ACCOUNT_MAX 4096
#define TURNED_AWAY_MAX         65536 // of all accounts together
#define TURNED_AWAY_MS          INT64_C(86400000) // a page that sleeps for longer may try again

#define KEPT_ACCOUNT_MAX 4096
#define KEPT_MAX         65536 // of all accounts together
#define KEPT_MS          (INT64_C(90) * 86400000)

struct kept_rules {
	int64_t until_ms; // CLOCK_REALTIME
	bool waiting_room;
	char pin[ROOM_PIN_MAX + 1];
};

struct turned_away {
	int64_t until_ms; // CLOCK_REALTIME
	enum refusal refusal;
};

// The store must not be written while it is being read; surplus entries expire on their own.
static void turned_away_forgotten(void *owner, const char *key)
{
	const struct conference *c = owner;
	if (c->generation)
		store_turned_away_remove(c->store, key);
}

static void kept_forgotten(void *owner, const char *key)
{
	const struct conference *c = owner;
	if (c->generation)
		store_kept_rules_remove(c->store, key);
}

void conference_recall_init(struct conference *c)
{
	c->turned_away = shelves_create(
	        TURNED_AWAY_ACCOUNT_MAX, TURNED_AWAY_MAX, sizeof(struct turned_away),
	        turned_away_forgotten, c
	);
	c->kept_rules = shelves_create(
	        KEPT_ACCOUNT_MAX, KEPT_MAX, sizeof(struct kept_rules), kept_forgotten, c
	);
}

void conference_recall_fini(struct conference *c)
{
	shelves_destroy(c->turned_away);
	shelves_destroy(c->kept_rules);
}

static void
session_key(char key[KEY_SIZE], uint64_t account_id, const char *room, const char *session)
{
	snprintf(key, KEY_SIZE, "%llu/%s/%s", (unsigned long long)account_id, room, session);
}

static void put(struct conference *c, const char *key, enum refusal refusal, int64_t until_ms)
{
	struct turned_away *t = shelves_put(c->turned_away, key);

	t->until_ms = until_ms;
	t->refusal = refusal;
}

// Other refusals end when their cause does.
static bool is_somebodys_will(enum refusal r)
{
	return r == REFUSAL_REMOVED || r == REFUSAL_DECLINED || r == REFUSAL_ROOM_CLOSED ||
	       r == REFUSAL_REPLACED;
}

void conference_turn_away(struct conference *c, const struct peer *p, enum refusal refusal)
{
	int64_t now_ms = clock_real_ms();
	char key[KEY_SIZE];

	if (!p->session[0] || !is_somebodys_will(refusal))
		return;
	session_key(key, p->room->account_id, p->room->name, p->session);
	put(c, key, refusal, now_ms + TURNED_AWAY_MS);
	if (c->generation)
		store_turned_away_put(
		        c->store,
		        &(struct store_turned_away){
		                .key = key,
		                .refusal = refusal_code(refusal),
		                .until_ms = now_ms + TURNED_AWAY_MS,
		                .now_ms = now_ms,
		        }
		);
}

enum refusal conference_turned_away(
        const struct conference *c, uint64_t account_id, const char *room, const char *session
)
{
	char key[KEY_SIZE];

	if (!session[0])
		return REFUSAL_NONE;
	session_key(key, account_id, room, session);
	const struct turned_away *t = shelves_find(c->turned_away, key);
	return t && t->until_ms >= clock_real_ms() ? t->refusal : REFUSAL_NONE;
}

static const struct kept_rules *kept_find(const struct conference *c, const char *key)
{
	const struct kept_rules *k = shelves_find(c->kept_rules, key);
	return k && k->until_ms >= clock_real_ms() ? k : NULL;
}

const char *conference_pin(const struct conference *c, const char *room_key)
{
	const struct room *r = rooms_by_key(&c->rooms, room_key);
	const struct kept_rules *k = r ? NULL : kept_find(c, room_key);

	return r ? r->rules.pin : k ? k->pin : "";
}

static void kept_put(struct conference *c, const struct store_kept_rules *row)
{
	struct kept_rules *k = shelves_put(c->kept_rules, row->key);

	k->until_ms = row->until_ms;
	k->waiting_room = row->waiting_room;
	snprintf(k->pin, sizeof(k->pin), "%s", row->pin);
}

void conference_keep_rules(struct conference *c, const struct room *r)
{
	const struct store_kept_rules row = {
	        .key = r->key,
	        .waiting_room = r->rules.waiting_room,
	        .pin = r->rules.pin,
	        .until_ms = clock_real_ms() + KEPT_MS,
	        .now_ms = clock_real_ms(),
	};

	if (!row.waiting_room && !row.pin[0])
		return;
	kept_put(c, &row);
	if (c->generation)
		store_kept_rules_put(c->store, &row);
}

void conference_recall_rules(struct conference *c, struct room *r)
{
	const struct kept_rules *k = kept_find(c, r->key);

	if (!k)
		return;
	r->rules.waiting_room = k->waiting_room;
	strcpy(r->rules.pin, k->pin);
}

void conference_forget_rules(struct conference *c, struct room *r)
{
	if (!shelves_find(c->kept_rules, r->key))
		return;
	r->rules.waiting_room = false;
	r->rules.pin[0] = '\0';
	conference_store_room(c, r);
	conference_tell_room(c, r);
	shelves_remove(c->kept_rules, r->key);
	if (c->generation)
		store_kept_rules_remove(c->store, r->key);
}

static void kept_restore(void *owner, const struct store_kept_rules *row)
{
	kept_put(owner, row);
}

static void turned_away_restore(void *owner, const struct store_turned_away *row)
{
	put(owner, row->key, refusal_by_code(row->refusal), row->until_ms);
}

void conference_recall_restore(struct conference *c)
{
	const struct store_rooms_reader reader = {
	        .owner = c, .turned_away = turned_away_restore, .kept_rules = kept_restore};

	if (store_rooms_read_recall(c->store, &reader) < 0)
		am_error("conference: removed sessions and PINs of empty rooms cannot be restored");
}

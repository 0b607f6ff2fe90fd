#include "base/limit.h"

#include "base/map.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

struct bucket {
	char name[LIMIT_NAME_MAX + 1];
	uint64_t level; // thousandths of a request
	uint64_t filled_ms;
	struct map_node by_name;
	TAILQ_ENTRY(bucket) by_age;
};

struct limit {
	uint32_t per_s;
	uint64_t full; // level of a full bucket
	struct map by_name;
	TAILQ_HEAD(, bucket) by_age; // the longest unused one comes first
};

struct limit *limit_create(uint32_t per_s, uint32_t burst)
{
	struct limit *l = memory_new(1, sizeof(*l));

	l->per_s = per_s;
	l->full = (uint64_t)burst * 1000;
	map_init(&l->by_name);
	TAILQ_INIT(&l->by_age);
	return l;
}

static void bucket_remove(struct limit *l, struct bucket *b)
{
	map_remove(&l->by_name, &b->by_name);
	TAILQ_REMOVE(&l->by_age, b, by_age);
	free(b);
}

void limit_destroy(struct limit *l)
{
	while (!TAILQ_EMPTY(&l->by_age))
		bucket_remove(l, TAILQ_FIRST(&l->by_age));
	map_fini(&l->by_name);
	free(l);
}

static struct bucket *bucket_find(const struct limit *l, const char *caller)
{
	char name[LIMIT_NAME_MAX + 1];

	snprintf(name, sizeof(name), "%s", caller);
	struct map_node *n = map_find(&l->by_name, name);
	return n ? container_of(n, struct bucket, by_name) : NULL;
}

static struct bucket *bucket_of(struct limit *l, const char *caller, uint64_t now_ms)
{
	struct bucket *b = bucket_find(l, caller);

	if (b) {
		TAILQ_REMOVE(&l->by_age, b, by_age);
	} else {
		if (l->by_name.count == LIMIT_CALLER_MAX)
			bucket_remove(l, TAILQ_FIRST(&l->by_age));
		b = memory_new(1, sizeof(*b));
		*b = (struct bucket){.level = l->full, .filled_ms = now_ms};
		snprintf(b->name, sizeof(b->name), "%s", caller);
		map_add(&l->by_name, &b->by_name, b->name);
	}
	TAILQ_INSERT_TAIL(&l->by_age, b, by_age);
	return b;
}

static uint64_t level_at(const struct limit *l, const struct bucket *b, uint64_t now_ms)
{
	uint64_t level = b->level + (now_ms - b->filled_ms) * l->per_s;
	return level > l->full ? l->full : level;
}

// Whether this level is enough for a request. If not, *wait_s is the time until it is.
static bool is_enough(const struct limit *l, uint64_t level, uint32_t *wait_s)
{
	if (level >= 1000)
		return true;
	uint64_t wait_ms = (1000 - level + l->per_s - 1) / l->per_s;
	*wait_s = (uint32_t)((wait_ms + 999) / 1000);
	return false;
}

bool limit_take(struct limit *l, const char *name, uint64_t now_ms, uint32_t *wait_s)
{
	struct bucket *b = bucket_of(l, name, now_ms);

	b->level = level_at(l, b, now_ms);
	b->filled_ms = now_ms;
	if (!is_enough(l, b->level, wait_s))
		return false;
	b->level -= 1000;
	return true;
}

bool limit_allows(const struct limit *l, const char *name, uint64_t now_ms, uint32_t *wait_s)
{
	const struct bucket *b = bucket_find(l, name);
	return !b || is_enough(l, level_at(l, b, now_ms), wait_s);
}

#include "base/tally.h"

#include "base/map.h"
#include "base/memory.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

struct entry {
	struct map_node by_name;
	LIST_ENTRY(entry) of_all;
	uint32_t count;
	char name[TALLY_NAME_MAX + 1];
};

struct tally {
	struct map by_name;
	LIST_HEAD(, entry) all;
};

struct tally *tally_create(void)
{
	struct tally *t = memory_new(1, sizeof(*t));

	map_init(&t->by_name);
	LIST_INIT(&t->all);
	return t;
}

static void entry_remove(struct tally *t, struct entry *e)
{
	map_remove(&t->by_name, &e->by_name);
	LIST_REMOVE(e, of_all);
	free(e);
}

void tally_destroy(struct tally *t)
{
	while (!LIST_EMPTY(&t->all))
		entry_remove(t, LIST_FIRST(&t->all));
	map_fini(&t->by_name);
	free(t);
}

static struct entry *find(const struct tally *t, const char *name)
{
	char cut[TALLY_NAME_MAX + 1];

	snprintf(cut, sizeof(cut), "%s", name);
	struct map_node *n = map_find(&t->by_name, cut);
	return n ? container_of(n, struct entry, by_name) : NULL;
}

uint32_t tally_count(const struct tally *t, const char *name)
{
	const struct entry *e = find(t, name);
	return e ? e->count : 0;
}

bool tally_enter(struct tally *t, const char *name, uint32_t most)
{
	struct entry *e = find(t, name);

	if ((e ? e->count : 0) >= most)
		return false;
	if (!e) {
		e = memory_new(1, sizeof(*e));
		snprintf(e->name, sizeof(e->name), "%s", name);
		map_add(&t->by_name, &e->by_name, e->name);
		LIST_INSERT_HEAD(&t->all, e, of_all);
	}
	e->count++;
	return true;
}

void tally_leave(struct tally *t, const char *name)
{
	struct entry *e = find(t, name);

	assert(e);
	if (--e->count == 0)
		entry_remove(t, e);
}

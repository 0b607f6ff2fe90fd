#include "base/shelf.h"

#include "base/map.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

struct item {
	struct map_node by_name;
	TAILQ_ENTRY(item) by_age;
	char *name;
	max_align_t value[];
};

struct shelf {
	size_t count_max, value_size;
	struct map by_name;
	TAILQ_HEAD(, item) by_age; // oldest first
};

struct shelf *shelf_create(size_t count_max, size_t value_size)
{
	struct shelf *s = memory_new(1, sizeof(*s));

	s->count_max = count_max;
	s->value_size = value_size;
	map_init(&s->by_name);
	TAILQ_INIT(&s->by_age);
	return s;
}

static void item_remove(struct shelf *s, struct item *i)
{
	map_remove(&s->by_name, &i->by_name);
	TAILQ_REMOVE(&s->by_age, i, by_age);
	free(i->name);
	free(i);
}

void shelf_destroy(struct shelf *s)
{
	while (!TAILQ_EMPTY(&s->by_age))
		item_remove(s, TAILQ_FIRST(&s->by_age));
	map_fini(&s->by_name);
	free(s);
}

static struct item *item_find(const struct shelf *s, const char *name)
{
	struct map_node *n = map_find(&s->by_name, name);
	return n ? container_of(n, struct item, by_name) : NULL;
}

void *shelf_find(const struct shelf *s, const char *name)
{
	struct item *i = item_find(s, name);
	return i ? i->value : NULL;
}

void *shelf_put(struct shelf *s, const char *name)
{
	struct item *i = item_find(s, name);

	if (i) {
		TAILQ_REMOVE(&s->by_age, i, by_age);
	} else {
		if (s->by_name.count == s->count_max)
			shelf_remove_oldest(s);
		i = memory_new(1, sizeof(*i) + s->value_size);
		i->name = memory_copy_string(name);
		map_add(&s->by_name, &i->by_name, i->name);
	}
	TAILQ_INSERT_TAIL(&s->by_age, i, by_age);
	return i->value;
}

void shelf_remove(struct shelf *s, const char *name)
{
	struct item *i = item_find(s, name);

	if (i)
		item_remove(s, i);
}

size_t shelf_count(const struct shelf *s)
{
	return s->by_name.count;
}

const char *shelf_oldest_name(const struct shelf *s)
{
	const struct item *i = TAILQ_FIRST(&s->by_age);
	return i ? i->name : NULL;
}

void shelf_remove_oldest(struct shelf *s)
{
	if (!TAILQ_EMPTY(&s->by_age))
		item_remove(s, TAILQ_FIRST(&s->by_age));
}

#include "base/shelves.h"

#include "base/map.h"
#include "base/memory.h"
#include "base/shelf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OWNER_SIZE (SHELVES_OWNER_MAX + 1)

struct owner {
	struct map_node by_name;
	struct shelf *shelf; // never empty
	char name[OWNER_SIZE];
};

struct shelves {
	size_t owner_max, count_max, value_size, count;
	struct map owners;
	void (*forgotten)(void *arg, const char *name);
	void *arg;
};

struct shelves *shelves_create(
        size_t owner_max, size_t count_max, size_t value_size,
        void (*forgotten)(void *arg, const char *name), void *arg
)
{
	struct shelves *s = memory_new(1, sizeof(*s));

	s->owner_max = owner_max;
	s->count_max = count_max;
	s->value_size = value_size;
	s->forgotten = forgotten;
	s->arg = arg;
	map_init(&s->owners);
	return s;
}

static void owner_remove(struct shelves *s, struct owner *o)
{
	map_remove(&s->owners, &o->by_name);
	shelf_destroy(o->shelf);
	free(o);
}

static struct owner *owner_next(const struct shelves *s, const struct owner *previous)
{
	struct map_node *n = map_next(&s->owners, previous ? &previous->by_name : NULL);
	return n ? container_of(n, struct owner, by_name) : NULL;
}

void shelves_destroy(struct shelves *s)
{
	struct owner *o;

	while ((o = owner_next(s, NULL)))
		owner_remove(s, o);
	map_fini(&s->owners);
	free(s);
}

static struct owner *owner_find(const struct shelves *s, const char *name, char owner[OWNER_SIZE])
{
	snprintf(owner, OWNER_SIZE, "%.*s", (int)strcspn(name, "/"), name);
	struct map_node *n = map_find(&s->owners, owner);
	return n ? container_of(n, struct owner, by_name) : NULL;
}

static struct owner *owner_get(struct shelves *s, const char *name)
{
	char text[OWNER_SIZE];
	struct owner *o = owner_find(s, name, text);

	if (o)
		return o;
	o = memory_new(1, sizeof(*o));
	strcpy(o->name, text);
	o->shelf = shelf_create(s->owner_max, s->value_size);
	map_add(&s->owners, &o->by_name, o->name);
	return o;
}

void *shelves_find(const struct shelves *s, const char *name)
{
	char text[OWNER_SIZE];
	const struct owner *o = owner_find(s, name, text);
	return o ? shelf_find(o->shelf, name) : NULL;
}

static void oldest_forget(struct shelves *s, struct owner *o)
{
	s->forgotten(s->arg, shelf_oldest_name(o->shelf));
	shelf_remove_oldest(o->shelf);
	s->count--;
}

static struct owner *owner_largest(const struct shelves *s)
{
	struct owner *largest = owner_next(s, NULL);

	for (struct owner *o = largest; o; o = owner_next(s, o)) {
		if (shelf_count(o->shelf) > shelf_count(largest->shelf))
			largest = o;
	}
	return largest;
}

void *shelves_put(struct shelves *s, const char *name)
{
	struct owner *o = owner_get(s, name);

	if (shelf_find(o->shelf, name))
		return shelf_put(o->shelf, name);
	if (shelf_count(o->shelf) == s->owner_max) {
		oldest_forget(s, o);
	} else if (s->count == s->count_max) {
		struct owner *largest = owner_largest(s);
		oldest_forget(s, largest);
		if (largest != o && shelf_count(largest->shelf) == 0)
			owner_remove(s, largest);
	}
	s->count++;
	return shelf_put(o->shelf, name);
}

void shelves_remove(struct shelves *s, const char *name)
{
	char text[OWNER_SIZE];
	struct owner *o = owner_find(s, name, text);

	if (!o || !shelf_find(o->shelf, name))
		return;
	shelf_remove(o->shelf, name);
	s->count--;
	if (shelf_count(o->shelf) == 0)
		owner_remove(s, o);
}

#include "base/map.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define MAP_SIZE_FIRST 16

static uint64_t hash_of(const struct map *m, const char *key)
{
	uint64_t h = m->seed;

	for (; *key; key++) {
		h = (h ^ (unsigned char)*key) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 29;
	}
	return h ^ h >> 32;
}

void map_init(struct map *m)
{
	*m = (struct map){.size = MAP_SIZE_FIRST};
	m->buckets = memory_new(m->size, sizeof(struct map_node *));
	memory_random(&m->seed, sizeof(m->seed));
}

void map_fini(struct map *m)
{
	free(m->buckets);
	*m = (struct map){0};
}

static void grow(struct map *m)
{
	size_t size = m->size * 2;
	struct map_node **buckets = memory_new(size, sizeof(struct map_node *));

	for (size_t i = 0; i < m->size; i++) {
		struct map_node *n = m->buckets[i];
		while (n) {
			struct map_node *next = n->next;
			struct map_node **to = &buckets[n->hash & (size - 1)];
			n->next = *to;
			*to = n;
			n = next;
		}
	}
	free(m->buckets);
	m->buckets = buckets;
	m->size = size;
}

void map_add(struct map *m, struct map_node *n, const char *key)
{
	if (m->count == m->size)
		grow(m);
	n->key = key;
	n->hash = hash_of(m, key);
	struct map_node **to = &m->buckets[n->hash & (m->size - 1)];
	n->next = *to;
	*to = n;
	m->count++;
}

void map_remove(struct map *m, struct map_node *n)
{
	struct map_node **at = &m->buckets[n->hash & (m->size - 1)];

	while (*at && *at != n)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = n->next;
	m->count--;
}

struct map_node *map_find(const struct map *m, const char *key)
{
	uint64_t hash = hash_of(m, key);
	struct map_node *n = m->buckets[hash & (m->size - 1)];

	while (n && (n->hash != hash || strcmp(n->key, key) != 0))
		n = n->next;
	return n;
}

struct map_node *map_next(const struct map *m, const struct map_node *previous)
{
	if (previous && previous->next)
		return previous->next;
	for (size_t i = previous ? (previous->hash & (m->size - 1)) + 1 : 0; i < m->size; i++) {
		if (m->buckets[i])
			return m->buckets[i];
	}
	return NULL;
}

// Hash table from strings to structs that embed a node. Keys are not copied: the structs own them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

struct map_node {
	struct map_node *next;
	const char *key;
	uint64_t hash;
};

struct map {
	struct map_node **buckets;
	size_t size; // power of two
	size_t count;
	uint64_t seed; // random: clients choose keys
};

void map_init(struct map *);
void map_fini(struct map *);
void map_add(struct map *, struct map_node *, const char *key);
void map_remove(struct map *, struct map_node *);
struct map_node *map_find(const struct map *, const char *key);

// Walks over all nodes in no particular order: returns the node after `previous`, or the first if
// that is NULL; NULL at the end. During such a walk, only the first node may be removed.
struct map_node *map_next(const struct map *, const struct map_node *previous);

// Finds the transport for a packet's source: one table per worker, written and read by that worker
// only.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "am_schema.h"
#include "wire/packet.h"

#define FLOW_MAX (4 * AM_TRANSPORT_MAX) // a transport may have several proven tuples

// No padding: the table compares and hashes all its bytes.
struct flow_key {
	uint8_t ip[16]; // network order; IPv4 in the first four, the rest zero
	uint16_t port; // host order
	uint8_t family; // 4 or 6
	uint8_t zero;
};
static_assert(sizeof(struct flow_key) == 20);

struct flow {
	uint32_t slot; // of the transport
	uint16_t worker; // that owns it
};

struct flow_table;

// name is unique in the process, up to 26 characters. NULL and errno on failure.
[[nodiscard]] struct flow_table *flow_table_create(const char *name, int numa_node);
void flow_table_destroy(struct flow_table *);

// Adds or replaces. 0, or -ENOSPC.
[[nodiscard]] int flow_add(struct flow_table *, const struct flow_key *, struct flow);
void flow_remove(struct flow_table *, const struct flow_key *);
[[nodiscard]] bool flow_lookup(const struct flow_table *, const struct flow_key *, struct flow *);

static inline void flow_key_from_view(struct flow_key *key, const struct packet_view *view)
{
	memcpy(key->ip, view->src, sizeof(key->ip));
	key->port = view->src_port;
	key->family = view->family;
	key->zero = 0;
}

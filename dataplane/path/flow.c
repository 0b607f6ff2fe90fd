#include "path/flow.h"

#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_jhash.h>
#include <rte_random.h>

#include <errno.h>

static_assert(sizeof(void *) == 8);

// The table is the hash itself, whose data pointers hold packed flows.
static struct rte_hash *hash_of(const struct flow_table *t)
{
	return (struct rte_hash *)(uintptr_t)t;
}

static void *flow_pack(struct flow f)
{
	return (void *)((uintptr_t)f.worker << 32 | f.slot);
}

static struct flow flow_unpack(const void *data)
{
	return (struct flow
	){.slot = (uint32_t)(uintptr_t)data, .worker = (uint16_t)((uintptr_t)data >> 32)};
}

struct flow_table *flow_table_create(const char *name, int numa_node)
{
	const struct rte_hash_parameters parameters = {
	        .name = name,
	        .entries = FLOW_MAX,
	        .key_len = sizeof(struct flow_key),
	        // Keyed and not linear, unlike a CRC, because sources choose their addresses and
	        // ports.
	        .hash_func = rte_jhash,
	        .hash_func_init_val = (uint32_t)rte_rand(),
	        .socket_id = numa_node,
	        // All entries can be used, whatever their hashes.
	        .extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};
	struct rte_hash *hash = rte_hash_create(&parameters);

	if (!hash)
		errno = rte_errno;
	return (struct flow_table *)hash;
}

void flow_table_destroy(struct flow_table *t)
{
	rte_hash_free(hash_of(t));
}

int flow_add(struct flow_table *t, const struct flow_key *key, struct flow f)
{
	return rte_hash_add_key_data(hash_of(t), key, flow_pack(f)) < 0 ? -ENOSPC : 0;
}

void flow_remove(struct flow_table *t, const struct flow_key *key)
{
	(void)rte_hash_del_key(hash_of(t), key); // if it is absent, that is fine
}

bool flow_lookup(const struct flow_table *t, const struct flow_key *key, struct flow *out)
{
	void *data;

	if (rte_hash_lookup_data(hash_of(t), key, &data) < 0)
		return false;
	*out = flow_unpack(data);
	return true;
}

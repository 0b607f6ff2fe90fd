// The one mapping that both processes share: a memfd made by the data plane, so that it outlives
// the control plane, and handed over a Unix socket (am_link.h).
//
//     header │ command ring │ event ring │ transports │ tracks │ subscriptions │ gauges │ figures │
//     counters
//
// The data plane alone writes the header, the tables and the counters; each side writes its own end
// of a ring. No pointers inside.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "am_counters.h"
#include "am_lifecycle.h"
#include "am_ring.h"
#include "am_schema.h"

#define AM_REGION_MAGIC 0x6e6f69676572616dull

// Where browsers reach the data plane.
struct am_address {
	uint8_t family; // 4 or 6, 0: unused
	uint8_t reserved[3];
	uint8_t bytes[16]; // network order; IPv4 uses the first four
};

struct am_region_header {
	uint64_t magic;
	uint32_t version;
	uint32_t reserved;
	uint64_t size; // of the whole region
	uint64_t generation; // of this data plane's life: random, never 0
	uint64_t layout; // hash of the sizes and offsets of all parts
	uint32_t worker_count;
	uint16_t udp_port; // of every candidate
	uint16_t drop_count;
	uint8_t dtls_fingerprint[32]; // SHA-256 of the data plane's certificate
	struct am_address addresses[AM_ADDRESS_MAX];
	_Atomic uint64_t events_lost; // events that found the ring full: read the tables again
	uint32_t buffers; // total number of packet buffers
	_Atomic uint32_t buffers_in_use; // updated about fifty times a second
	struct am_lifecycle service;
	struct am_lifecycle workers[AM_WORKER_MAX];
	struct am_drop_name drop_names[AM_DROP_MAX];
	_Atomic uint64_t tapped_rooms[AM_ROOM_TAP_MAX]; // room ids; 0: free
};

struct am_region_layout {
	struct am_region_header header;
	alignas(64) struct am_ring commands; // control: producer, data plane: consumer
	alignas(64) struct am_ring events; // data plane: producer, control: consumer
	alignas(64) struct am_transport_state transports[AM_TRANSPORT_MAX];
	alignas(64) struct am_track_state tracks[AM_TRACK_MAX];
	alignas(64) struct am_subscription_state subscriptions[AM_SUBSCRIPTION_MAX];
	alignas(64) struct am_gauges gauges;
	alignas(64) struct am_figures figures;
	alignas(64) struct am_counters counters[AM_COUNTER_BLOCKS];
};

// One process's view of the region.
struct am_region {
	struct am_region_layout *map;
	int fd; // memfd, owned
};

// Data plane: makes a sealed memfd with an initialised header, lifecycle BOOT. 0 or -errno.
[[nodiscard]] int am_region_new(struct am_region *, uint32_t worker_count);

// Control plane: maps a received memfd and checks seals, size, magic, version and layout. 0;
// -EPROTO if the other side has another version. Takes over fd in any case.
[[nodiscard]] int am_region_join(struct am_region *, int fd);

// Unmaps and closes; the region itself lives as long as anyone maps it.
void am_region_leave(struct am_region *);

// Hash of the layout as this binary was compiled.
uint64_t am_region_layout_hash(void);

// Writing an entry of a table (single writer): begin, change fields, end.
static inline void am_table_begin(_Atomic uint32_t *version)
{
	uint32_t v = atomic_load_explicit(version, memory_order_relaxed);
	atomic_store_explicit(version, v + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
}

static inline void am_table_end(_Atomic uint32_t *version)
{
	uint32_t v = atomic_load_explicit(version, memory_order_relaxed);
	atomic_store_explicit(version, v + 1, memory_order_release);
}

// Copies an entry whose first member is its version. True if the copy is whole; false after a
// bounded number of tries, which only a writer that died in mid-write can cause.
[[nodiscard]] bool am_table_read(const void *entry, void *copy, size_t size);

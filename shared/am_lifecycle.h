// The state of a thread of the data plane, and the heartbeat that shows that its loop still turns.
//
//     BOOT ──▶ RUN ──▶ HALT
//
// Written by the thread itself; the reader decides what a late heartbeat means.
#pragma once

#include <stdatomic.h>
#include <stdint.h>

enum am_lifecycle_state {
	AM_LIFECYCLE_BOOT,
	AM_LIFECYCLE_RUN,
	AM_LIFECYCLE_HALT,
};

// What a worker leaves out while it cannot keep up: each level adds a step; level 0 is nothing.
#define AM_SHED_STEPS(X)                                                                           \
	X(probes)                                                                                  \
	X(retransmissions) /* half of them */                                                      \
	X(small_pictures) /* their upper encodings */                                              \
	X(third_temporal_layer)                                                                    \
	X(second_temporal_layer)                                                                   \
	X(highest_encoding)                                                                        \
	X(middle_encodings)                                                                        \
	X(other_pictures) /* than the most important one */

enum am_shed_step {
	AM_SHED_NOTHING,
#define AM_SHED_ENUM(name) AM_SHED_##name,
	AM_SHED_STEPS(AM_SHED_ENUM)
#undef AM_SHED_ENUM
	        AM_SHED_LEVELS,
};

// From this level on, viewers get fewer or smaller pictures.
#define AM_SHED_PICTURES AM_SHED_small_pictures

struct am_lifecycle {
	_Atomic uint32_t state; // enum am_lifecycle_state
	uint32_t pid;
	_Atomic uint64_t heartbeat_ns; // CLOCK_MONOTONIC
	_Atomic uint32_t shed; // how much a worker that cannot keep up leaves out; 0: nothing
	uint32_t reserved;
};

static inline void am_lifecycle_set(struct am_lifecycle *l, enum am_lifecycle_state state)
{
	atomic_store_explicit(&l->state, (uint32_t)state, memory_order_release);
}

static inline uint32_t am_lifecycle_get(const struct am_lifecycle *l)
{
	return atomic_load_explicit(&l->state, memory_order_acquire);
}

static inline void am_lifecycle_beat(struct am_lifecycle *l, uint64_t now_ns)
{
	atomic_store_explicit(&l->heartbeat_ns, now_ns, memory_order_relaxed);
}

static inline void am_lifecycle_shed(struct am_lifecycle *l, uint32_t level)
{
	atomic_store_explicit(&l->shed, level, memory_order_relaxed);
}

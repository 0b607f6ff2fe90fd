// A track's fan-outs, one on each worker that has subscriptions of it, or is about to. A fan-out
// has its subscriptions in chunks: this thread keeps count of their places, and takes one again
// only once the worker has handed it back.
#pragma once

#include <stdint.h>

struct fanout;
struct message;
struct registry;
struct source;
struct subscription;

// The workers that have a fan-out of the track, a bit each.
uint32_t fanouts_workers(const struct source *);

// Sends a message to each of these workers.
void fanouts_post(struct registry *, const struct source *, uint16_t type, uint32_t value);

// Makes a fan-out on this worker, unless it has one. 0 or -ENOMEM.
[[nodiscard]] int fanouts_add(struct registry *, struct source *, uint16_t worker);

// Count what requires the fan-out; the last release removes it.
void fanouts_hold(struct registry *, struct source *, uint16_t worker);
void fanouts_release(struct registry *, struct source *, uint16_t worker);

// A free place for a subscription in the fan-out, which is made if there is none. Call fanouts_hold
// next, or give the place back before the worker has seen it. NULL if out of memory.
struct subscription *fanouts_take_place(struct registry *, struct source *, uint16_t worker);
void fanouts_give_place(struct registry *, struct source *, uint16_t worker, struct subscription *);

// Handle what a worker hands back: MESSAGE_FREE_FANOUT, MESSAGE_FREE_SUBSCRIPTION.
void fanouts_free(struct fanout *);
void fanouts_place_told(struct registry *, uint16_t worker, const struct message *);

// Functions that send to lanes and take from them, and cmocka.
#pragma once

#include "model.h"

#include "test.h"

#define S       INT64_C(1000000)
#define MS      INT64_C(1000)
#define OUT_MAX 200000

// The packets that have left a lane, in order.
extern struct lane_packet out[OUT_MAX];
extern uint32_t out_n;

// Makes a lane that starts at time 0, and empties `out`.
struct lane *lane_new(const struct lane_config *);

void take_until(struct lane *, int64_t until_us);

// Packets of so many bytes, numbered from *n, each `every_us` from from_us until before until_us;
// what comes out by then is in `out`. Returns how many were dropped by the queue.
uint32_t send_evenly(
        struct lane *, uint32_t bytes, int64_t from_us, int64_t until_us, int64_t every_us,
        uintptr_t *n
);

// Bytes that left after from_us and up to to_us.
uint64_t bytes_between(int64_t from_us, int64_t to_us);

// Sends 4 Mbit/s in packets of 1000 bytes for this long.
void overload(struct lane *, int64_t us);

// What the service thread sends, and what it drops.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "wire/drop.h"

struct packet_route;
struct service;

// Sends a frame made by this thread through a worker's queue.
void service_send_frame(struct service *, uint16_t worker, const uint8_t *frame, uint16_t len);

// Sends a UDP payload on a route, through a worker's queue.
void service_send_payload(
        struct service *, uint16_t worker, const struct packet_route *, const uint8_t *payload,
        size_t len
);

void service_count_drop(struct service *, enum drop);

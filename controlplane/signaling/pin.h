// PINs of rooms. A client that gives too many wrong PINs may not try again for a while. This blocks
// the client's address, not the room; otherwise anybody could lock everybody out.
#pragma once

#include <stdint.h>

#include "terms/refusal.h"

#define PIN_TRIES      10 // wrong PINs of one client in one room
#define PIN_TRIES_MS   60000 // within this time; then no more tries until it is over
#define PIN_CLIENT_MAX 16384 // clients remembered; beyond that, the oldest is forgotten

struct pins;

struct pins *pins_create(void);
void pins_destroy(struct pins *);

// Checks whether `given` opens the room whose PIN is `pin`; both may be empty.
enum refusal pins_check(
        struct pins *p, const char *room, const char *client, const char *pin, const char *given,
        uint64_t now_ms
);

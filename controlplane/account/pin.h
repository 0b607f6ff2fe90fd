// PINs of rooms: who gives wrong ones may not try for a while. It is the client's address
// that waits, not the room, for else anybody could lock everybody out.
#pragma once

#include <stdint.h>

#include "base/refusal.h"

#define PIN_TRIES      10 // wrong ones of one client in one room
#define PIN_TRIES_MS   60000 // within this time; then no more tries until it is over
#define PIN_CLIENT_MAX 16384 // remembered; beyond that, the one that tried longest ago is forgotten

struct pins;

struct pins *pins_create(void);
void pins_destroy(struct pins *);

// Whether `given` opens the room whose PIN is `pin`; both may be empty.
enum refusal pins_check(
        struct pins *p, const char *room, const char *client, const char *pin, const char *given,
        uint64_t now_ms
);

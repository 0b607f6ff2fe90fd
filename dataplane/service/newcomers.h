// Tracks whose viewers are still connecting, so that their worker is not known yet: each worker
// keeps what arrives for them, and the key frame arrives while ICE and DTLS finish.
#pragma once

#include <stdint.h>

#define NEWCOMERS_LOOK_US 100000

struct registry;
struct source;

// A viewer that will begin with this encoding is connecting.
void newcomers_add(struct registry *, struct source *, uint8_t encoding);

// No viewer is expected any more.
void newcomers_remove(struct registry *, struct source *);

// Forgets newcomers that have not connected in time. Call it every NEWCOMERS_LOOK_US.
void newcomers_look(struct registry *);

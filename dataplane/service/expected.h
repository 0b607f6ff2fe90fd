// The tracks of which viewers are expected, who have no worker yet: nobody knows to which they will
// come, so each worker keeps what comes for them, and the key frame comes while their way is found
// and keys are agreed on.
#pragma once

#include <stdint.h>

struct registry;
struct source;

// A viewer is about to come, who would begin with this encoding.
void expected_add(struct registry *, struct source *, uint8_t encoding);

// Nobody is expected any more.
void expected_remove(struct registry *, struct source *);

// Ends what has lasted too long. Call it each REGISTRY_LOOK_US.
void expected_look(struct registry *);

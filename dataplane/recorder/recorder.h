// All recordings of this process: carries what the control plane says and what is in the tap to
// them, and tells the control plane how they are.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "am_record.h"

struct config;
struct recorder;

// Opens the directory, and listens for the control plane. NULL, with the reason and what to do in
// error. The configuration is kept.
[[nodiscard]] struct recorder *
recorder_create(const struct config *, char *error, size_t error_size);

// Writes what there is; recordings that have not ended can be continued by the next recorder.
void recorder_destroy(struct recorder *);

// Waits for something to do, 100 ms at most, and does it.
void recorder_turn(struct recorder *);

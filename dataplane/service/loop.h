// The loop of the service thread, on top of all that it serves.
#pragma once

#include <stdbool.h>

struct am_region;
struct am_tap;
struct config;
struct port;
struct service;
struct worker;

// Workers must be initialised but not launched yet. tap: NULL: nothing can be recorded. 0 or
// -errno, logged.
[[nodiscard]] int service_init(
        struct service *, const struct config *, struct port *, struct am_region *,
        struct am_tap *tap, struct worker *workers
);

// Serves until *stop is set.
void service_run(struct service *, const volatile bool *stop);

// Call it after all workers have returned.
void service_fini(struct service *);

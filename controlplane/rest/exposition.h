// The text of /metrics for both processes, in Prometheus' text exposition format (version 0.0.4).
// The data plane's counters come from the region.
#pragma once

struct rest;

// Prints the whole text; freed with free().
[[nodiscard]] char *exposition_print(const struct rest *);

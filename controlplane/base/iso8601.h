// Points in time as integrators write them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Reads ISO 8601: "2021-06-21", "2021-06-21T00:00Z", "2021-06-21T03:00:00.0+03:00" or "+03". Blanks
// are allowed at both ends. Without a zone, the time is UTC. A blank before the hours of the zone
// is read as a plus sign that a query did not escape. *ms is CLOCK_REALTIME in milliseconds, for
// the years 1970 to 9999.
[[nodiscard]] bool iso8601_parse(const char *text, int64_t *ms);

#define ISO8601_SIZE 32

// Writes "2021-06-21T00:00:00.000Z".
void iso8601_print(char out[ISO8601_SIZE], int64_t ms);

// Points in time as integrators write them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// ISO 8601: "2021-06-21", "2021-06-21T00:00Z", "2021-06-21T03:00:00.0+03:00" or "+03", with blanks
// allowed at both ends; UTC if there is no zone. A blank before the hours of the zone is a plus
// that a query did not escape. *ms is CLOCK_REALTIME in milliseconds; years 1970 to 9999.
[[nodiscard]] bool iso8601_parse(const char *text, int64_t *ms);

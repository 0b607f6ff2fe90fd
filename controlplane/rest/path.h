// Paths of requests, as they were sent, against the patterns of the table of routes.
#pragma once

#include <stdbool.h>

#include "rest/call.h"

// Matches the path as it was sent, segment by segment, so that an id may contain an escaped slash.
// ':' matches any segment, which becomes an argument of the call.
[[nodiscard]] bool path_matches(const char *pattern, const char *path, struct rest_call *call);

// True for a pattern such as "/:/closeRoom" if its name follows any segment of the path.
[[nodiscard]] bool path_names(const char *path, const char *pattern);

// Whether the path is at or under the root, however it is written: in any case, with repeated
// slashes, or escaped.
[[nodiscard]] bool path_is_under(const char *path, const char *root);

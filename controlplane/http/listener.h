// The TCP socket for pages, REST and WebSockets. We make it ourselves rather than have the library
// make it, so that the reason for a failure is known.
#pragma once

struct http_settings;

// Opens a non-blocking socket that listens where the configuration says; the caller closes it.
// Returns -1 after a line in the log that says what to do.
[[nodiscard]] int http_listener_open(const struct http_settings *);

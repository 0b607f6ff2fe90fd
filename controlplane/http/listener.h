// The TCP socket of pages, REST and WebSockets, which we make ourselves, so that the reason for a
// failure is known.
#pragma once

struct http_settings;

// Listens where the configuration says, non-blocking; the caller's to close. -1 after a line in the
// log that says what to do.
[[nodiscard]] int http_listener_open(const struct http_settings *);

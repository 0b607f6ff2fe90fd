// One line per event on standard error: the level, then "subject: text; key=value key=value". Never
// called from dataplane/path/. Never waits for the reader: lines that cannot be written are
// counted, and a later line reports them. Each format may write 200 lines at once and 20 a second
// after that; its next line, or am_log_flush, says how many were left out. Debug lines are not
// limited.
#pragma once

enum am_log_level {
	AM_LOG_ERROR,
	AM_LOG_WARNING,
	AM_LOG_INFO,
	AM_LOG_DEBUG,
};

// The least urgent level that is printed; AM_LOG_INFO at start. Set before threads start.
extern enum am_log_level am_log_level;

// The level of a name ("error", "warning", "info", "debug"), or -EINVAL.
int am_log_level_from_name(const char *name);

void am_log(enum am_log_level, const char *format, ...) __attribute__((format(printf, 2, 3)));

// A value from the network, for one %s: as it is, or in quotes if it could pass for several values
// or for another one (blanks, quotes, '=', an empty string). '?' replaces each character that
// breaks lines, reverses text or is invisible, and each byte that is not UTF-8. The result has at
// most 511 bytes, quotes included: a longer one is cut between two characters. Valid until this
// thread has made eight more.
const char *am_log_value(const char *);

// Reports what was left out and not reported yet. Call it about once a second, and at the end.
void am_log_flush(void);

#define am_error(...)   am_log(AM_LOG_ERROR, __VA_ARGS__)
#define am_warning(...) am_log(AM_LOG_WARNING, __VA_ARGS__)
#define am_info(...)    am_log(AM_LOG_INFO, __VA_ARGS__)
#define am_debug(...)   am_log(AM_LOG_DEBUG, __VA_ARGS__)

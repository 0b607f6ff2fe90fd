// One line an event on standard error: level, subject, then key=value pairs. Never called from
// dataplane/path/. Never waits for who reads it: what cannot be written is counted, and told by a
// line later. Of one format 200 lines are written at once and 20 a second; how many were left out
// is told by the next one, or by am_log_flush. Debug lines are not limited.
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

// A value from the network, for one %s: as it is, or in quotes where it would pass for several
// values or for another one (blanks, quotes, '=', nothing at all). What turns others around or is
// not seen is replaced. Valid until this thread has made eight more; longer ones than 512 bytes are
// cut.
const char *am_log_value(const char *);

// Tells what was left out and has not been told. Call it about once a second, and at the end.
void am_log_flush(void);

#define am_error(...)   am_log(AM_LOG_ERROR, __VA_ARGS__)
#define am_warning(...) am_log(AM_LOG_WARNING, __VA_ARGS__)
#define am_info(...)    am_log(AM_LOG_INFO, __VA_ARGS__)
#define am_debug(...)   am_log(AM_LOG_DEBUG, __VA_ARGS__)

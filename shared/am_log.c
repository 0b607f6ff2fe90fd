#include "am_log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_LEN 1024

enum am_log_level am_log_level = AM_LOG_INFO;

static const char *const level_names[] = {"error", "warning", "info", "debug"};

int am_log_level_from_name(const char *name)
{
	for (int i = 0; i <= AM_LOG_DEBUG; i++) {
		if (strcmp(name, level_names[i]) == 0)
			return i;
	}
	return -EINVAL;
}

void am_log(enum am_log_level level, const char *format, ...)
{
	if (level > am_log_level)
		return;

	char line[LINE_MAX_LEN];
	struct timespec now;
	struct tm tm;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	size_t len = strftime(line, sizeof(line), "%FT%T", &tm);
	len += (size_t)snprintf(
	        line + len, sizeof(line) - len, ".%03ldZ %s: ", now.tv_nsec / 1000000,
	        level_names[level]
	);

	va_list args;
	va_start(args, format);
	int n = vsnprintf(line + len, sizeof(line) - len - 1, format, args);
	va_end(args);
	if (n < 0)
		return;
	len += (size_t)n < sizeof(line) - len - 1 ? (size_t)n : sizeof(line) - len - 2;
	// A name from the network must not forge a line of its own.
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)line[i] < ' ')
			line[i] = '?';
	}
	line[len++] = '\n';
	ssize_t ignored = write(STDERR_FILENO, line, len); // one write: lines of threads do not mix
	(void)ignored;
}

#include "am_log.h"

#include "am_text.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_LEN 1024
#define LEFT_OUT_MAX 32
#define VALUE_MAX    512
#define VALUES       8 // that one line may contain

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

// A line's kind is its format. A kind that comes too often leaves lines out and says how many.
#define KINDS_MAX  256 // power of two; kinds that find no place are not limited
#define KIND_BURST 200 // lines at once
#define KIND_PER_S 20 // in the long run

struct kind {
	const char *format;
	uint32_t lines; // that the kind may still write now
	uint32_t left_out;
	time_t since; // CLOCK_MONOTONIC
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; // guards all of the below, and writing
static struct kind kinds[KINDS_MAX];
static uint64_t unwritten; // lines that standard error did not take

static struct kind *kind_find(const char *format)
{
	size_t first = ((uintptr_t)format >> 3) * 0x9e3779b97f4a7c15u >> 20;

	for (size_t i = 0; i < KINDS_MAX; i++) {
		struct kind *k = &kinds[(first + i) % KINDS_MAX];
		if (k->format == format)
			return k;
		if (!k->format) {
			*k = (struct kind){.format = format, .lines = KIND_BURST};
			return k;
		}
	}
	return NULL;
}

// Whether one more line of the kind may be written.
static bool kind_take(struct kind *k)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec != k->since) {
		uint64_t lines = k->lines + (uint64_t)(now.tv_sec - k->since) * KIND_PER_S;
		k->lines = lines < KIND_BURST ? (uint32_t)lines : KIND_BURST;
		k->since = now.tv_sec;
	}
	if (k->lines == 0) {
		k->left_out++;
		return false;
	}
	k->lines--;
	return true;
}

// False if it would have to wait, for a pipe or a socket that nobody reads.
static bool line_write(const char *line, size_t len)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (send(STDERR_FILENO, line, len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return true;
	if (errno != ENOTSOCK)
		return false;
	// A pipe that is ready has a page free, and a line is shorter than that (pipe(7)).
	return poll(&p, 1, 0) == 1 && p.revents & POLLOUT && write(STDERR_FILENO, line, len) >= 0;
}

static size_t line_begin(char line[LINE_MAX_LEN], enum am_log_level level)
{
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	size_t len = strftime(line, LINE_MAX_LEN, "%FT%T", &tm);
	return len + (size_t)snprintf(
	                     line + len, LINE_MAX_LEN - len, ".%03ldZ %s: ", now.tv_nsec / 1000000,
	                     level_names[level]
	             );
}

static void gap_write(void)
{
	char line[LINE_MAX_LEN];

	size_t len = line_begin(line, AM_LOG_WARNING);
	len += (size_t)snprintf(
	        line + len, sizeof(line) - len, "log: lines could not be written; count=%llu\n",
	        (unsigned long long)unwritten
	);
	if (line_write(line, len))
		unwritten = 0;
}

// Prints at the end of a line how many of its kind were left out before it. Returns the bytes.
static size_t left_out_print(char *end, size_t size, const struct kind *k)
{
	if (!k || k->left_out == 0)
		return 0;
	int n = snprintf(end, size, " left_out=%u", k->left_out);
	return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

// Writes the line, which has room for one more byte and already says what its kind has left out.
static void line_end(char *line, size_t len, struct kind *k)
{
	// A name from the network must not forge a line of its own.
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)line[i] < ' ')
			line[i] = '?';
	}
	line[len++] = '\n';
	if (unwritten)
		gap_write();
	if (!line_write(line, len))
		unwritten++;
	else if (k)
		k->left_out = 0;
}

void am_log(enum am_log_level level, const char *format, ...)
{
	if (level > am_log_level)
		return;

	char line[LINE_MAX_LEN];
	size_t len = line_begin(line, level), most = sizeof(line) - LEFT_OUT_MAX;
	va_list args;
	va_start(args, format);
	int n = vsnprintf(line + len, most - len, format, args);
	va_end(args);
	if (n < 0)
		return;
	len += (size_t)n < most - len ? (size_t)n : most - len - 1;

	pthread_mutex_lock(&lock);
	struct kind *k = level < AM_LOG_DEBUG ? kind_find(format) : NULL;
	if (!k || kind_take(k)) {
		len += left_out_print(line + len, LEFT_OUT_MAX - 1, k);
		line_end(line, len, k);
	}
	pthread_mutex_unlock(&lock);
}

// One character of a value: as the line shows it, and how many bytes of the value it takes.
struct shown {
	char bytes[4];
	uint8_t len, taken;
	bool odd; // allowed only in quotes
};

static struct shown show(const char *value)
{
	struct shown c = {0};
	uint32_t code;
	size_t n = am_text_decode(value, AM_TEXT_BYTES_MAX, &code);
	enum am_text_class class = n ? am_text_class_of(code) : AM_TEXT_CONTROL;

	c.taken = n ? (uint8_t)n : 1;
	if (class != AM_TEXT_SEEN && class != AM_TEXT_BLANK) {
		c.odd = true;
		c.bytes[c.len++] = '?';
		return c;
	}
	c.odd = class == AM_TEXT_BLANK || code == '"' || code == '=' || code == '\\';
	if (code == '"' || code == '\\')
		c.bytes[c.len++] = '\\';
	memcpy(c.bytes + c.len, value, n);
	c.len += (uint8_t)n;
	return c;
}

// Whether the value can be in a line without quotes.
static bool is_plain(const char *value)
{
	const char *s = value;

	for (; *s; s += show(s).taken) {
		if (show(s).odd)
			return false;
	}
	return s != value;
}

const char *am_log_value(const char *value)
{
	static _Thread_local char values[VALUES][VALUE_MAX];
	static _Thread_local unsigned next;
	bool plain = is_plain(value);

	if (plain && strlen(value) < VALUE_MAX)
		return value;
	char *out = values[next++ % VALUES];
	size_t len = 0, most = plain ? VALUE_MAX - 1 : VALUE_MAX - 2;
	if (!plain)
		out[len++] = '"';
	while (*value) {
		struct shown c = show(value);
		if (len + c.len > most)
			break;
		memcpy(out + len, c.bytes, c.len);
		len += c.len;
		value += c.taken;
	}
	if (!plain)
		out[len++] = '"';
	out[len] = '\0';
	return out;
}

void am_log_flush(void)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < KINDS_MAX; i++) {
		struct kind *k = &kinds[i];
		char line[LINE_MAX_LEN];
		if (k->left_out == 0)
			continue;
		size_t len = line_begin(line, AM_LOG_WARNING), most = sizeof(line) - LEFT_OUT_MAX;
		int n = snprintf(line + len, most - len, "log: lines like \"%s\":", k->format);
		len += (size_t)n < most - len ? (size_t)n : most - len - 1;
		len += left_out_print(line + len, LEFT_OUT_MAX - 1, k);
		line_end(line, len, k);
	}
	pthread_mutex_unlock(&lock);
}

#include "am_log.h"

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
#define VALUES       8 // that a line may have

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

// A line's kind is its format. One that comes too often leaves lines out, and says how many.
#define KINDS_MAX  256 // power of two; what finds no place is not limited
#define KIND_BURST 200 // lines at once
#define KIND_PER_S 20 // in the long run

struct kind {
	const char *format;
	uint32_t lines; // that it may still write now
	uint32_t left_out;
	time_t since; // CLOCK_MONOTONIC
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; // of all that follows, and of the writing
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

// False where that would have to wait: a pipe or a socket that nobody reads.
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

// How many lines of the kind were left out before this one goes behind it.
static size_t left_out_print(char *end, size_t size, const struct kind *k)
{
	if (!k || k->left_out == 0)
		return 0;
	int n = snprintf(end, size, " left_out=%u", k->left_out);
	return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

// Writes the line, which has room for one byte more and tells what its kind has left out.
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

struct range {
	uint32_t first, last;
};

// Control characters (NEL and CSI among them), what breaks lines, turns what follows around or is
// not seen: fillers, variation selectors, tags.
static const struct range unseen[] = {
        {0x00, 0x1f},       {0x7f, 0x9f},       {0xad, 0xad},       {0x34f, 0x34f},
        {0x61c, 0x61c},     {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},
        {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},   {0x3164, 0x3164},
        {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},
        {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

// Blanks of all kinds, the braille cell without a dot among them, and what a line is made of.
static const struct range odd[] = {
        {' ', ' '},       {'"', '"'},       {'=', '='},       {'\\', '\\'},
        {0xa0, 0xa0},     {0x1680, 0x1680}, {0x2000, 0x200a}, {0x202f, 0x202f},
        {0x205f, 0x205f}, {0x2800, 0x2800}, {0x3000, 0x3000},
};

#define IN(ranges, code) is_in(ranges, sizeof(ranges) / sizeof((ranges)[0]), code)
static bool is_in(const struct range *ranges, size_t count, uint32_t code)
{
	for (size_t i = 0; i < count; i++) {
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	}
	return false;
}

// One character of a value: as the line shows it, and how many bytes of the value it is.
struct shown {
	char bytes[4];
	uint8_t len, taken;
	bool odd; // only in quotes
};

// Length of the UTF-8 sequence at s with its code point, or 0 if it is malformed (RFC 3629 4).
static uint8_t decode(const unsigned char *s, uint32_t *code)
{
	static const uint8_t lead[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint8_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

	*code = s[0] & lead[n];
	for (uint8_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80) // also the terminator
			return 0;
		*code = *code << 6 | (s[i] & 0x3f);
	}
	bool surrogate = *code >= 0xd800 && *code < 0xe000;
	return *code < least[n] || *code > 0x10ffff || surrogate ? 0 : n;
}

static struct shown show(const char *value)
{
	struct shown c = {0};
	uint32_t code;
	uint8_t n = decode((const unsigned char *)value, &code);

	c.taken = n ? n : 1;
	c.odd = n == 0 || IN(unseen, code) || IN(odd, code);
	if (n == 0 || IN(unseen, code)) {
		c.bytes[c.len++] = '?';
		return c;
	}
	if (code == '"' || code == '\\')
		c.bytes[c.len++] = '\\';
	memcpy(c.bytes + c.len, value, n);
	c.len += n;
	return c;
}

// Whether it can be in a line as it is.
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

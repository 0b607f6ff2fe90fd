#include "recording/vtt.h"

#include "base/json.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 512
#define DIGITS_MAX     15 // of a time

static void time_print(FILE *out, int64_t ms)
{
	fprintf(out, "%02" PRId64 ":%02d:%02d.%03d", ms / 3600000, (int)(ms / 60000 % 60),
	        (int)(ms / 1000 % 60), (int)(ms % 1000));
}

static void cue_begin(FILE *out, int64_t from_ms, int64_t to_ms)
{
	fputc('\n', out);
	time_print(out, from_ms);
	fputs(" --> ", out);
	time_print(out, to_ms);
	fputc('\n', out);
}

// Cue text: what would be markup is escaped, and a line is never empty, which would end the cue.
static void text_print(FILE *out, const char *text, size_t len, bool one_line)
{
	bool empty = true;

	for (size_t i = 0; i < len; i++) {
		bool line_break = text[i] == '\n' || text[i] == '\r';
		if (line_break && (one_line || empty)) {
			fputc(' ', out);
			continue;
		}
		switch (text[i]) {
		case '&': fputs("&amp;", out); break;
		case '<': fputs("&lt;", out); break;
		case '>': fputs("&gt;", out); break;
		case '\r': fputc('\n', out); break;
		case '\0': fputs("\xef\xbf\xbd", out); break; // U+FFFD
		default: fputc(text[i], out); break;
		}
		empty = line_break;
	}
}

static char *finish(FILE *out, char **text)
{
	bool failed = ferror(out) != 0;

	if (fclose(out) == 0 && !failed)
		return *text;
	free(*text);
	return NULL;
}

// Undoes the escapes, in place. Returns the new length.
static size_t unescape(char *line, size_t len)
{
	size_t to = 0;

	for (size_t i = 0; i < len; i++) {
		char c = line[i];
		if (c == '\\' && i + 1 < len) {
			c = line[++i];
			c = (char)(c == 'n' ? '\n' : c == 'r' ? '\r' : c);
		}
		line[to++] = c;
	}
	return to;
}

// A time of digits, and a blank. Returns what follows, or NULL.
static char *time_read(char *line, size_t len, int64_t *ms)
{
	size_t i = 0;

	for (*ms = 0; i < len && i < DIGITS_MAX && line[i] >= '0' && line[i] <= '9'; i++)
		*ms = *ms * 10 + line[i] - '0';
	return i > 0 && i < len && line[i] == ' ' ? line + i + 1 : NULL;
}

// The envelope: a line of numbers, a line of JSON about the sender, then what was said.
static void message_print(FILE *out, int64_t ms, int64_t duration_ms, char *message, size_t len)
{
	char *tag = memchr(message, '\n', len);
	char *said = tag ? memchr(tag + 1, '\n', len - (size_t)(tag + 1 - message)) : NULL;

	if (!said || ms >= duration_ms)
		return;
	struct json *sender = json_parse(tag + 1, (size_t)(said - tag - 1));
	const char *name = json_string(sender, "displayName", NAME_MAX_BYTES);
	cue_begin(out, ms, ms + VTT_CHAT_MS < duration_ms ? ms + VTT_CHAT_MS : duration_ms);
	if (name && *name) {
		text_print(out, name, strlen(name), true);
		fputs(": ", out);
	}
	text_print(out, said + 1, len - (size_t)(said + 1 - message), false);
	fputc('\n', out);
	json_free(sender);
}

char *vtt_chat(const char *text, size_t len, int64_t duration_ms, size_t *out_len)
{
	char *made = NULL, *copy = malloc(len + 1);
	FILE *out = copy ? open_memstream(&made, out_len) : NULL;
	int64_t ms;

	if (!out) {
		free(copy);
		return NULL;
	}
	memcpy(copy, text, len);
	fputs("WEBVTT\n", out);
	for (char *line = copy, *end = copy + len; line < end;) {
		char *next = memchr(line, '\n', (size_t)(end - line));
		if (!next) // its writer was cut short
			break;
		char *message = time_read(line, (size_t)(next - line), &ms);
		if (message)
			message_print(
			        out, ms, duration_ms, message,
			        unescape(message, (size_t)(next - message))
			);
		line = next + 1;
	}
	free(copy);
	return finish(out, &made);
}

char *
vtt_speakers(const struct vtt_speaker *speakers, size_t count, int64_t duration_ms, size_t *out_len)
{
	char *made = NULL;
	FILE *out = open_memstream(&made, out_len);

	if (!out)
		return NULL;
	fputs("WEBVTT\n", out);
	for (size_t i = 0; i < count; i++) {
		int64_t end = i + 1 < count ? speakers[i + 1].time_ms : duration_ms;
		if (end > duration_ms)
			end = duration_ms;
		if (!speakers[i].name || speakers[i].time_ms >= end)
			continue;
		cue_begin(out, speakers[i].time_ms, end);
		text_print(out, speakers[i].name, strlen(speakers[i].name), true);
		fputc('\n', out);
	}
	return finish(out, &made);
}

#include "rest/file_name.h"

#include "archive/archive.h"
#include "terms/kinds.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define PLAIN_SIZE (ROOM_NAME_MAX + 32 + ARCHIVE_NAME_MAX + 2 + PEER_NAME_SIZE)

static const struct {
	const char *extension, *type;
} types[] = {
        {".webm", "video/webm"},
        {".mkv", "video/x-matroska"},
        {".mp4", "video/mp4"},
        {".vtt", "text/vtt; charset=utf-8"},
        {".txt", "text/plain; charset=utf-8"},
        {".json", "application/json"},
};

const char *file_name_type(const char *name)
{
	const char *dot = strrchr(name, '.');

	if (dot && strcmp(dot, ".webm") == 0 && strstr(name, "audio"))
		return "audio/webm";
	for (size_t i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].extension, dot) == 0)
			return types[i].type;
	}
	return "application/octet-stream";
}

void file_name_escape(char *out, size_t size, const char *text, const char *kept)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *text && size > 3; text++) {
		unsigned char c = (unsigned char)*text;
		if (isalnum(c) || strchr("-._~", c) || strchr(kept, c)) {
			*out++ = (char)c;
			size--;
			continue;
		}
		*out++ = '%';
		*out++ = digits[c >> 4];
		*out++ = digits[c & 15];
		size -= 3;
	}
	*out = '\0';
}

// Writes the name with the slashes as dashes, and the display name before the extension.
static void name_print(char out[PLAIN_SIZE], const struct archive_file *f, const char *display_name)
{
	time_t seconds = (time_t)(f->started_ms / 1000);
	const char *dot = strrchr(f->name, '.');
	size_t stem = dot ? (size_t)(dot - f->name) : strlen(f->name);
	char date[32];
	struct tm t;

	gmtime_r(&seconds, &t);
	strftime(date, sizeof(date), "%Y-%m-%d-%H%M", &t);
	snprintf(
	        out, PLAIN_SIZE, "%s-%s-%.*s%s%s%s", f->room, date, (int)stem, f->name,
	        display_name[0] ? "-" : "", display_name, f->name + stem
	);
	for (char *p = out; *p; p++) {
		if (*p == '/' || *p == '\\')
			*p = '-';
	}
}

// Clients that do not know filename* get the name in ASCII (RFC 6266 appendix D).
static void ascii_make(char *name)
{
	for (; *name; name++) {
		if (!isalnum((unsigned char)*name) && !strchr("-._ ", *name))
			*name = '_';
	}
}

void file_name_disposition(
        char out[FILE_NAME_DISPOSITION_SIZE], const struct archive_file *f, bool attached
)
{
	char name[PLAIN_SIZE], plain[PLAIN_SIZE], escaped[3 * PLAIN_SIZE + 1];

	name_print(name, f, f->display_name);
	file_name_escape(escaped, sizeof(escaped), name, "");
	name_print(plain, f, "");
	ascii_make(plain);
	snprintf(
	        out, FILE_NAME_DISPOSITION_SIZE, "%s; filename=\"%s\"; filename*=UTF-8''%s",
	        attached ? "attachment" : "inline", plain, escaped
	);
}

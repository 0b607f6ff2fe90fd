#include "command.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define BLANK " \t\r"

static void complain(const char *what, const char *accepted, const char *text)
{
	fprintf(stderr, "amphi-link: standard input: %s is %s, not %s\n", what, accepted,
	        text ? text : "nothing");
}

static void
change(struct way *w, const struct setting *s, const char *name, const char *text, int64_t now_us)
{
	if (!direction_change(&w->direction, w->lane, now_us, s, text)) {
		fprintf(stderr, "amphi-link: standard input: %s ", w->name);
		fprintf(stderr, "%s takes %s that fits the other settings, not %s\n", name,
		        s->accepted, text);
	}
}

bool command_obey(char *line, struct way *down, struct way *up, int64_t now_us)
{
	char *rest, *which = strtok_r(line, BLANK, &rest);
	char *name = strtok_r(NULL, BLANK, &rest), *value = strtok_r(NULL, BLANK, &rest);

	if (!which)
		return false;
	if (strcmp(which, "report") == 0 && !name)
		return true;
	bool both = strcmp(which, "both") == 0;
	bool downwards = both || strcmp(which, "down") == 0;
	bool upwards = both || strcmp(which, "up") == 0;
	const struct setting *s = name ? setting_find(name) : NULL;
	if (!downwards && !upwards)
		complain("the first word", "down, up, both or report", which);
	else if (!s)
		complain("the second word", "a setting that --help lists", name);
	else if (!value || strtok_r(NULL, BLANK, &rest))
		complain(name, "followed by one value", value ? "several" : NULL);
	else {
		if (downwards)
			change(down, s, name, value, now_us);
		if (upwards)
			change(up, s, name, value, now_us);
	}
	return false;
}

bool command_read(struct command_input *in, int fd, struct way *down, struct way *up, bool *report)
{
	ssize_t n = read(fd, in->text + in->len, sizeof(in->text) - 1 - in->len);
	char *line = in->text, *end;

	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN);
	in->len += (size_t)n;
	while ((end = memchr(line, '\n', in->len - (size_t)(line - in->text)))) {
		*end = '\0';
		if (!in->skips)
			*report |= command_obey(line, down, up, way_now_us());
		in->skips = false;
		line = end + 1;
	}
	in->len -= (size_t)(line - in->text);
	memmove(in->text, line, in->len);
	if (in->len == sizeof(in->text) - 1) {
		if (!in->skips)
			complain("a line", "shorter than 4 KiB", "that");
		in->skips = true;
		in->len = 0;
	}
	return true;
}

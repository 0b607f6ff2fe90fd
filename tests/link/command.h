// Lines that change a link while it runs: "down rate 250k", "both delay 40ms", "report".
#pragma once

#include <stdbool.h>

#include "way.h"

#define COMMAND_LINE_MAX 4096 // bytes, with its end

struct command_input {
	char text[COMMAND_LINE_MAX];
	size_t len;
	bool skips; // the rest of a line that was too long
};

// Obeys a line. What it does not understand is told on stderr. True: the figures are asked for.
[[nodiscard]] bool command_obey(char *line, struct way *down, struct way *up, int64_t now_us);

// Reads what has come on a descriptor, and obeys the whole lines. *report: the figures are asked
// for. False at its end.
[[nodiscard]] bool
command_read(struct command_input *, int fd, struct way *down, struct way *up, bool *report);

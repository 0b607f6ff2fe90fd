// Lines that change a link while it runs: "down rate 250k", "both delay 40ms", "report".
#pragma once

#include <stdbool.h>

#include "way.h"

#define COMMAND_LINE_MAX 4096 // bytes, with its end

struct command_input {
	char text[COMMAND_LINE_MAX];
	size_t len;
	bool skips; // skipping the rest of a line that was too long
};

// Carries out a line. Reports on stderr what is not understood. True: the figures are requested.
[[nodiscard]] bool command_obey(char *line, struct way *down, struct way *up, int64_t now_us);

// Reads what has arrived on a descriptor, and carries out the complete lines. *report: the figures
// are requested. False at the end of input.
[[nodiscard]] bool
command_read(struct command_input *, int fd, struct way *down, struct way *up, bool *report);

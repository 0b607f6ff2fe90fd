// The command line, and its help.
#pragma once

#include "command.h"

// Returns STATUS_DONE, or STATUS_USAGE after a sentence that says what is accepted. If help was
// requested, command is NULL unless it was named in full.
[[nodiscard]] enum status arguments_read(struct arguments *, int argc, char **argv);

// Prints the help of a command, of the commands of a noun, or of all commands.
void help_print(const struct arguments *, const char *noun);

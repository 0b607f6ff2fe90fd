// A command of amphictl: "amphictl host add ACCOUNT HOST".
#pragma once

#include <stdbool.h>

#define ARGUMENT_MAX 4
#define OPTION_MAX   64

enum status {
	STATUS_DONE,
	STATUS_REFUSED, // by the server; or a file cannot be read or written
	STATUS_USAGE,
	STATUS_UNREACHABLE,
	STATUS_NOT_WRITTEN, // in force, but not in the file yet
};

struct option {
	const char *name; // "--kid"
	const char *value; // what the option takes: "KID", "on|off"
	const char *help;
};

struct arguments;

struct command {
	const char *noun, *verb;
	const char *arguments; // "ACCOUNT HOST"; "": none
	const char *help;
	const struct option *options; // ends with a NULL name; NULL: none
	bool settings; // takes --jwt-required and the other settings of an account
	enum status (*run)(const struct arguments *);
};

// Ends with a NULL noun.
extern const struct command commands[];

// What the user gave.
struct arguments {
	const struct command *command;
	const char *socket;
	bool json;
	bool help;
	int count;
	const char *list[ARGUMENT_MAX];
	int option_count;
	struct {
		const char *name, *value; // without the dashes
	} options[OPTION_MAX];
};

// The last value of an option, or `otherwise`.
const char *option_get(const struct arguments *, const char *name, const char *otherwise);

// Prints "amphictl: …" to stderr, and returns the status.
__attribute__((format(printf, 2, 3))) enum status fail(enum status, const char *format, ...);

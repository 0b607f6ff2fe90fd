// The command line of amphi-link.
#pragma once

#include <stdint.h>

#include "settings.h"

struct options {
	struct direction down, up;
	uint64_t seed;
	const char *log; // NULL: none
	int64_t for_us; // 0: until it is stopped
	const char *server, *client; // interfaces
};

enum options_result {
	OPTIONS_RUN,
	OPTIONS_DONE, // the help has been printed
	OPTIONS_WRONG, // the error was reported on stderr
};

[[nodiscard]] enum options_result options_read(struct options *, int argc, char **argv);
void options_fini(struct options *);

// amphi-link trace …: prints a trace. The status to exit with.
int trace_main(int argc, char **argv);

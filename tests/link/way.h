// One direction of the link: from one end through a lane to the other, with its figures.
#pragma once

#include <stdio.h>

#include "end.h"
#include "histogram.h"
#include "settings.h"

struct way {
	const char *name; // down, up
	struct direction direction;
	struct lane *lane;
	struct end *from, *to;
	struct histogram queue_us; // of packets that left
	struct histogram late_us; // how much later than in the model they were sent
};

// Starts at now_us with the direction's configuration. 0 or -errno.
[[nodiscard]] int way_start(struct way *, int64_t now_us);
void way_stop(struct way *);

// Takes in arrived frames, up to a bound. 0, or -errno if the interface is gone. The log, whose
// times count from start_us, may be NULL.
[[nodiscard]] int way_receive(struct way *, int64_t start_us, FILE *log);

// Sends what is due.
void way_send(struct way *, int64_t start_us, FILE *log);

// Prints the direction's figures as a JSON object.
void way_report(struct way *, FILE *);

// Microseconds of the clock that everything here uses.
int64_t way_now_us(void);

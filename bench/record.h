// Figures of a benchmark: the rounds of one case, and the result as a row of the table on stdout
// and a line of JSON in the command's file.
#pragma once

#include <stdint.h>
#include <stdio.h>

#define SERIES_MAX 512 // rounds

// The value of one case in each round. The minimum is what the code costs; the median includes the
// noise of the machine.
struct series {
	uint16_t count;
	double values[SERIES_MAX];
};

// What was measured, and in which case. NULL and 0 are omitted.
struct figure {
	const char *name;
	const char *unit;
	const char *server; // NULL unless other servers are measured as well
	const char *load;
	const char *port;
	const char *profile;
	uint32_t payload; // bytes
	uint32_t viewers;
	uint32_t tracks;
	uint32_t burst; // packets that arrive together
	uint32_t workers;
	uint32_t seconds; // in which all viewers join
	uint32_t speakers;
	const char *tls; // of signaling: on or off
	double value;
	double median;
	double floor; // the value to compare with, from the same run
	double goal; // the value should be at most that
};

// CPU time of this thread, without other threads on its core.
uint64_t thread_time_ns(void);

// Values beyond SERIES_MAX are not kept.
void series_add(struct series *, double value);
double series_min(const struct series *);
double series_median(struct series *); // sorts

void record_title(void);
void record(FILE *json, const struct figure *);

// Records a figure with a row of name, value and unit.
void record_value(FILE *json, const struct figure *);

// Records a figure without a row.
void record_json(FILE *json, const struct figure *);

// Records what could not be measured, and why. The texts are plain ASCII without quotes.
void record_missing(FILE *json, const char *name, const char *port, const char *reason);

#include "record.h"

#include <stdlib.h>
#include <time.h>

uint64_t thread_time_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void series_add(struct series *s, double value)
{
	if (s->count < SERIES_MAX)
		s->values[s->count++] = value;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

double series_min(const struct series *s)
{
	double least = s->count > 0 ? s->values[0] : 0;

	for (uint16_t i = 1; i < s->count; i++) {
		if (s->values[i] < least)
			least = s->values[i];
	}
	return least;
}

double series_median(struct series *s)
{
	qsort(s->values, s->count, sizeof(s->values[0]), compare);
	return s->count > 0 ? s->values[s->count / 2] : 0;
}

void record_title(void)
{
	printf("%-30s %-16s %-7s %7s %7s %6s %5s %9s %9s %9s %6s\n", "figure", "port", "profile",
	       "payload", "viewers", "tracks", "burst", "min", "median", "floor", "ratio");
}

static void put_text(FILE *json, const char *key, const char *value)
{
	if (value != NULL)
		fprintf(json, ",\"%s\":\"%s\"", key, value);
}

static void put_number(FILE *json, const char *key, double value)
{
	if (value != 0)
		fprintf(json, ",\"%s\":%.10g", key, value);
}

// A number of the table, blank if it has no meaning.
static void cell(int width, uint32_t value)
{
	if (value != 0)
		printf(" %*u", width, value);
	else
		printf(" %*s", width, "");
}

void record_json(FILE *json, const struct figure *f)
{
	fprintf(json, "{\"figure\":\"%s\",\"value\":%.10g", f->name, f->value);
	put_text(json, "unit", f->unit);
	put_text(json, "server", f->server);
	put_text(json, "load", f->load);
	put_text(json, "port", f->port);
	put_text(json, "profile", f->profile);
	put_number(json, "payload", f->payload);
	put_number(json, "viewers", f->viewers);
	put_number(json, "tracks", f->tracks);
	put_number(json, "burst", f->burst);
	put_number(json, "workers", f->workers);
	put_number(json, "seconds", f->seconds);
	put_number(json, "speakers", f->speakers);
	put_text(json, "tls", f->tls);
	put_number(json, "median", f->median);
	put_number(json, "floor", f->floor);
	put_number(json, "goal", f->goal);
	put_number(json, "ratio", f->floor != 0 ? f->value / f->floor : 0);
	fprintf(json, "}\n");
	fflush(json);
}

void record(FILE *json, const struct figure *f)
{
	printf("%-30s %-16s %-7s", f->name, f->port ? f->port : "", f->profile ? f->profile : "");
	cell(7, f->payload);
	cell(7, f->viewers);
	cell(6, f->tracks);
	cell(5, f->burst);
	printf(" %9.1f %9.1f", f->value, f->median);
	if (f->floor != 0)
		printf(" %9.1f %6.2f", f->floor, f->value / f->floor);
	printf("\n");
	fflush(stdout);
	record_json(json, f);
}

void record_value(FILE *json, const struct figure *f)
{
	printf("%-38s %14.*f %s", f->name, f->value >= 1000 || f->value == 0 ? 0 : 2, f->value,
	       f->unit);
	if (f->goal != 0)
		printf(" (goal: at most %g)", f->goal);
	printf("\n");
	fflush(stdout);
	record_json(json, f);
}

void record_missing(FILE *json, const char *name, const char *port, const char *reason)
{
	printf("%-30s %-16s not measured: %s\n", name, port, reason);
	fprintf(json,
	        "{\"figure\":\"not measured\",\"of\":\"%s\",\"port\":\"%s\",\"reason\":\"%s\"}\n",
	        name, port, reason);
	fflush(json);
}

#include "units.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rate.h"

#define TEXT_MAX 32 // characters of one number with its unit
#define HOUR_US  3.6e9

struct suffix {
	const char *name;
	double factor;
};

// Reads a decimal number and one of the suffixes, which end with a nameless one.
static bool number_read(const char *text, const struct suffix *suffixes, double *value)
{
	char *end;

	if (!isdigit((unsigned char)*text) || strlen(text) > TEXT_MAX || strpbrk(text, "eExX"))
		return false;
	double number = strtod(text, &end);
	while (suffixes->name && strcasecmp(suffixes->name, end) != 0)
		suffixes++;
	if (!suffixes->name)
		return false;
	*value = number * suffixes->factor;
	return true;
}

bool unit_number(const char *text, double min, double max, double *value)
{
	static const struct suffix suffixes[] = {{"", 1}, {0}};
	double number;

	if (!number_read(text, suffixes, &number) || number < min || number > max)
		return false;
	*value = number;
	return true;
}

bool unit_rate(const char *text, int64_t *bit_s)
{
	static const struct suffix suffixes[] = {{"", 1}, {"k", 1e3}, {"m", 1e6}, {"g", 1e9}, {0}};
	double number;

	if (strcmp(text, "unlimited") == 0) {
		*bit_s = RATE_UNLIMITED;
		return true;
	}
	if (!number_read(text, suffixes, &number) || number > (double)RATE_MAX)
		return false;
	if (number > 0 && number < 1)
		return false;
	*bit_s = number > 0 ? (int64_t)(number + 0.5) : RATE_STALLED;
	return true;
}

bool unit_bytes(const char *text, uint64_t *bytes)
{
	static const struct suffix suffixes[] = {{"", 1},    {"b", 1},    {"k", 1e3}, {"kb", 1e3},
	                                         {"m", 1e6}, {"mb", 1e6}, {0}};
	double number;

	if (!number_read(text, suffixes, &number) || number > 1e9)
		return false;
	*bytes = (uint64_t)(number + 0.5);
	return true;
}

bool unit_time(const char *text, int64_t *us)
{
	static const struct suffix suffixes[] = {{"us", 1}, {"ms", 1e3}, {"s", 1e6}, {0}};
	double number;

	if (strcmp(text, "0") == 0) {
		*us = 0;
		return true;
	}
	if (!number_read(text, suffixes, &number) || number > HOUR_US)
		return false;
	*us = (int64_t)(number + 0.5);
	return true;
}

bool unit_share(const char *text, double *share)
{
	static const struct suffix suffixes[] = {{"", 1}, {"%", 0.01}, {0}};
	double number;

	if (!number_read(text, suffixes, &number) || number > 1)
		return false;
	*share = number;
	return true;
}

static bool step_read(char *text, struct rate_step *step)
{
	char *at = strchr(text, '@');
	double seconds;

	if (!at)
		return false;
	*at = '\0';
	if (!unit_rate(text, &step->bit_s) || !unit_number(at + 1, 0, HOUR_US / 1e6, &seconds))
		return false;
	step->at_us = (int64_t)(seconds * 1e6 + 0.5);
	return true;
}

struct rate_step *unit_steps(const char *text, uint32_t *n)
{
	char *copy = strdup(text), *rest = copy, *one;
	struct rate_step *steps = calloc(strlen(text) + 1, sizeof(*steps));
	bool valid = copy && steps;

	*n = 0;
	while (valid && (one = strsep(&rest, ",")))
		valid = step_read(one, &steps[(*n)++]);
	free(copy);
	struct rate rate = {.steps = steps, .steps_n = *n};
	if (valid && rate_is_valid(&rate))
		return steps;
	free(steps);
	return NULL;
}

#include "base/iso8601.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

// What is left of the text; NULL after a syntax error.
struct cursor {
	const char *at;
};

static void fail(struct cursor *c)
{
	c->at = NULL;
}

// Reads a number of exactly `digits` digits within [min, max].
static int number(struct cursor *c, int digits, int min, int max)
{
	int v = 0;

	for (int i = 0; c->at && i < digits; i++) {
		if (!isdigit((unsigned char)*c->at))
			fail(c);
		else
			v = v * 10 + *c->at++ - '0';
	}
	if (v < min || v > max)
		fail(c);
	return v;
}

static bool skip(struct cursor *c, char wanted)
{
	if (!c->at || *c->at != wanted)
		return false;
	c->at++;
	return true;
}

static void expect(struct cursor *c, char wanted)
{
	if (!skip(c, wanted))
		fail(c);
}

// Reads a fraction such as ".5" or ".25", with any number of digits, as milliseconds.
static int fraction(struct cursor *c)
{
	int ms = 0, weight = 100;

	if (!c->at || !isdigit((unsigned char)*c->at))
		fail(c);
	for (; c->at && isdigit((unsigned char)*c->at); c->at++, weight /= 10)
		ms += weight * (*c->at - '0');
	return ms;
}

// Reads the zone as seconds east of UTC.
static int zone(struct cursor *c)
{
	if (!c->at || skip(c, 'Z') || skip(c, 'z'))
		return 0;
	// A '+' that a query did not escape has become a blank.
	bool has = *c->at == '+' || *c->at == '-' ||
	           (*c->at == ' ' && isdigit((unsigned char)c->at[1]));
	if (!has)
		return 0;
	int sign = *c->at++ == '-' ? -1 : 1;
	int hours = number(c, 2, 0, 23);
	bool minutes = skip(c, ':') || (c->at && isdigit((unsigned char)*c->at));
	return sign * (hours * 60 + (minutes ? number(c, 2, 0, 59) : 0)) * 60;
}

static int month_days(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month - 1] + (month == 2 && leap);
}

static void blanks(struct cursor *c)
{
	while (c->at && isspace((unsigned char)*c->at))
		c->at++;
}

bool iso8601_parse(const char *text, int64_t *ms)
{
	struct cursor c = {text};
	struct tm t = {0};
	int milliseconds = 0, east = 0;

	blanks(&c);
	int year = number(&c, 4, 1970, 9999);
	expect(&c, '-');
	int month = number(&c, 2, 1, 12);
	expect(&c, '-');
	t.tm_mday = number(&c, 2, 1, c.at ? month_days(year, month) : 0);
	t.tm_year = year - 1900;
	t.tm_mon = month - 1;
	if (skip(&c, 'T') || skip(&c, 't')) {
		t.tm_hour = number(&c, 2, 0, 23);
		expect(&c, ':');
		t.tm_min = number(&c, 2, 0, 59);
		if (skip(&c, ':')) {
			t.tm_sec = number(&c, 2, 0, 59);
			if (skip(&c, '.') || skip(&c, ','))
				milliseconds = fraction(&c);
		}
		east = zone(&c);
	}
	blanks(&c);
	if (!c.at || *c.at)
		return false;
	*ms = ((int64_t)timegm(&t) - east) * 1000 + milliseconds;
	return *ms >= 0;
}

void iso8601_print(char out[ISO8601_SIZE], int64_t ms)
{
	time_t seconds = ms / 1000;
	struct tm t;
	char date[ISO8601_SIZE - 6];

	gmtime_r(&seconds, &t);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &t);
	snprintf(out, ISO8601_SIZE, "%s.%03dZ", date, (int)(ms % 1000));
}

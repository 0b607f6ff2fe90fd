#include "rest/range.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

void validators_make(
        struct validators *v, uint64_t inode, uint64_t size, int64_t changed_ns, bool complete
)
{
	time_t seconds = (time_t)(changed_ns / 1000000000);
	struct tm t;

	snprintf(
	        v->etag, sizeof(v->etag), "%s\"%" PRIx64 "-%" PRIx64 "-%" PRIx64 "\"",
	        complete ? "" : "W/", inode, size, (uint64_t)changed_ns
	);
	gmtime_r(&seconds, &t);
	if (strftime(v->date, sizeof(v->date), "%a, %d %b %Y %H:%M:%S GMT", &t) == 0)
		v->date[0] = '\0';
}

// Whether a list of entity tags has this one, by the weak comparison (RFC 9110 8.8.3.2, 13.1.2).
static bool list_has(const char *list, const char *etag)
{
	const char *opaque = etag + (strncmp(etag, "W/", 2) == 0 ? 2 : 0);
	size_t len = strlen(opaque);

	for (const char *p = list + strspn(list, " \t"); *p; p += strspn(p, " \t,")) {
		if (*p == '*')
			return true;
		if (strncmp(p, "W/", 2) == 0)
			p += 2;
		if (*p != '"')
			return false;
		if (strncmp(p, opaque, len) == 0)
			return true;
		p += 1 + strcspn(p + 1, "\"");
		p += *p == '"';
	}
	return false;
}

bool range_is_known(const struct range_headers *h, const struct validators *v)
{
	if (h->if_none_match[0])
		return list_has(h->if_none_match, v->etag);
	return h->if_modified_since[0] && strcmp(h->if_modified_since, v->date) == 0;
}

// Reads digits. False if there are none; a number that is too large counts as the largest.
static bool number_read(const char **p, uint64_t *out)
{
	*out = 0;
	if (!isdigit((unsigned char)**p))
		return false;
	for (; isdigit((unsigned char)**p); ++*p) {
		if (__builtin_mul_overflow(*out, 10, out) ||
		    __builtin_add_overflow(*out, (uint64_t)(**p - '0'), out))
			*out = UINT64_MAX;
	}
	return true;
}

// "-SUFFIX", the last bytes.
static enum range_kind suffix_choose(const char *p, uint64_t size, uint64_t *first, uint64_t *count)
{
	uint64_t last;

	if (!number_read(&p, &last) || *p)
		return RANGE_WHOLE;
	if (last == 0) // valid syntax, but no byte
		return RANGE_OUTSIDE;
	if (last >= size)
		return RANGE_WHOLE;
	*first = size - last;
	*count = last;
	return RANGE_PART;
}

// "FIRST-" or "FIRST-LAST".
static enum range_kind part_choose(const char *p, uint64_t size, uint64_t *first, uint64_t *count)
{
	uint64_t from, to = UINT64_MAX;

	if (!number_read(&p, &from) || *p++ != '-')
		return RANGE_WHOLE;
	if (*p && (!number_read(&p, &to) || *p || to < from))
		return RANGE_WHOLE;
	if (from >= size)
		return RANGE_OUTSIDE;
	if (to >= size)
		to = size - 1;
	*first = from;
	*count = to - from + 1;
	return RANGE_PART;
}

// The tag must be strong, since parts of different states would not fit together (RFC 9110 13.1.5).
static bool is_same_state(const char *if_range, const struct validators *v)
{
	if (strncmp(v->etag, "W/", 2) != 0 && strcmp(if_range, v->etag) == 0)
		return true;
	return v->etag[0] == '"' && strcmp(if_range, v->date) == 0;
}

enum range_kind range_choose(
        const struct range_headers *h, const struct validators *v, uint64_t size, uint64_t *first,
        uint64_t *count
)
{
	const char *p = h->range;

	*first = 0;
	*count = size;
	if (strncasecmp(p, "bytes=", 6) != 0 || strchr(p, ',') ||
	    (h->if_range[0] && !is_same_state(h->if_range, v)))
		return RANGE_WHOLE;
	p += 6;
	return *p == '-' ? suffix_choose(p + 1, size, first, count)
	                 : part_choose(p, size, first, count);
}

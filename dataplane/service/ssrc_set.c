#include "service/ssrc_set.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_MIN 16

// The index of the first value that is not below ssrc.
static uint32_t lower_bound(const struct ssrc_set *s, uint32_t ssrc)
{
	uint32_t low = 0, high = s->count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		if (s->values[middle] < ssrc)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool contains(const struct ssrc_set *s, uint32_t ssrc)
{
	uint32_t i = lower_bound(s, ssrc);

	return i < s->count && s->values[i] == ssrc;
}

static void insert(struct ssrc_set *s, uint32_t ssrc)
{
	uint32_t i = lower_bound(s, ssrc);

	memmove(&s->values[i + 1], &s->values[i], (s->count - i) * sizeof(*s->values));
	s->values[i] = ssrc;
	s->count++;
}

static int reserve(struct ssrc_set *s, uint32_t more)
{
	uint32_t size = s->size ? s->size : SIZE_MIN;

	if (s->count + more > SSRC_SET_MAX)
		return -ENOSPC;
	while (size < s->count + more)
		size *= 2;
	if (size == s->size)
		return 0;
	uint32_t *values = realloc(s->values, size * sizeof(*values));
	if (!values)
		return -ENOMEM;
	s->values = values;
	s->size = size;
	return 0;
}

int ssrc_set_add(struct ssrc_set *s, uint32_t ssrc, uint32_t rtx_ssrc)
{
	if (ssrc == rtx_ssrc || contains(s, ssrc) || (rtx_ssrc && contains(s, rtx_ssrc)))
		return -EADDRINUSE;
	int ret = reserve(s, rtx_ssrc ? 2 : 1);
	if (ret < 0)
		return ret;
	insert(s, ssrc);
	if (rtx_ssrc)
		insert(s, rtx_ssrc);
	return 0;
}

void ssrc_set_fini(struct ssrc_set *s)
{
	free(s->values);
	*s = (struct ssrc_set){0};
}

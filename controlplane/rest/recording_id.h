// Ids of recordings in paths.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// True for the 16 lower-case hex digits of an id, which is never 0.
static inline bool recording_id_read(const char *text, uint64_t *id)
{
	if (strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
		return false;
	*id = strtoull(text, NULL, 16);
	return *id != 0;
}

#include "memory.h"

#include "am_log.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void *checked(void *p)
{
	if (!p) {
		am_error("memory: none left");
		abort();
	}
	return p;
}

void *memory_new(size_t count, size_t size)
{
	return checked(calloc(count ? count : 1, size));
}

void *memory_grow(void *old, size_t count, size_t size)
{
	return checked(reallocarray(old, count ? count : 1, size));
}

char *memory_copy_string(const char *s)
{
	return checked(strdup(s));
}

void memory_random(void *out, size_t size)
{
	uint8_t *p = out;

	while (size > 0) {
		ssize_t n = getrandom(p, size, 0);
		if (n < 0)
			continue; // EINTR; the pool is ready once the machine is up
		p += n;
		size -= (size_t)n;
	}
}

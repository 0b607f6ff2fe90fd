#include "base/memory.h"

#include "am_log.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static struct {
	_Atomic(void *) block; // NULL: none, or used up by any thread
	size_t size; // 0: none
} reserve;

static bool reserve_take(void)
{
	size_t size = reserve.size;
	void *block = malloc(size);

	// Freed memory is in pieces. malloc_trim returns some of them to the kernel, which can make
	// a new block of them; a quarter of the reserve will do.
	while (!block && size > reserve.size / 4) {
		malloc_trim(0);
		size /= 2;
		block = malloc(size);
	}
	if (block)
		memset(block, 1, size); // so that the kernel really provides it
	reserve.block = block;
	return block != NULL;
}

// Gives up the reserve. True if there may be memory now.
static bool reserve_give(void)
{
	void *block = atomic_exchange(&reserve.block, NULL);

	if (!block)
		return false;
	free(block);
	am_error("memory: running low, refusing new work");
	return true;
}

static void none_left(void)
{
	am_error("memory: none left");
	abort();
}

void memory_reserve(size_t bytes)
{
	reserve.size = bytes;
	if (!reserve_take())
		none_left();
}

bool memory_is_short(void)
{
	return reserve.size > 0 && !reserve.block && !reserve_take();
}

void *memory_new(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size);

	if (!p && reserve_give())
		p = calloc(count ? count : 1, size);
	if (!p)
		none_left();
	return p;
}

void *memory_try_grow(void *old, size_t count, size_t size)
{
	return reallocarray(old, count ? count : 1, size);
}

void *memory_grow(void *old, size_t count, size_t size)
{
	void *p = memory_try_grow(old, count, size);

	if (!p && reserve_give())
		p = memory_try_grow(old, count, size);
	if (!p)
		none_left();
	return p;
}

char *memory_copy_string(const char *s)
{
	size_t size = strlen(s) + 1;
	return memcpy(memory_new(size, 1), s, size);
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

// Preloaded into a recorder: each write of AMPHI_SLOW_BYTES or more takes AMPHI_SLOW_MS.
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static size_t bytes_min;
static long slow_ms;
static ssize_t (*real)(int, const void *, size_t, off_t);

__attribute__((constructor)) static void begin(void)
{
	const char *bytes = getenv("AMPHI_SLOW_BYTES"), *ms = getenv("AMPHI_SLOW_MS");

	bytes_min = bytes ? strtoul(bytes, NULL, 10) : SIZE_MAX;
	slow_ms = ms ? strtol(ms, NULL, 10) : 0;
	real = (ssize_t(*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
}

static ssize_t slow_write(int fd, const void *data, size_t len, off_t offset)
{
	const struct timespec t = {slow_ms / 1000, slow_ms % 1000 * 1000000};

	if (len >= bytes_min)
		nanosleep(&t, NULL);
	return real(fd, data, len, offset);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
	return slow_write(fd, data, len, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off_t offset)
{
	return slow_write(fd, data, len, offset);
}

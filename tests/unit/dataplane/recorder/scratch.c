#include "scratch.h"

#include "test.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 50000 // on a busy machine

static char directory[] = "/tmp/amphi-recorder-XXXXXX";
static pid_t maker; // its children leave the directory alone

static void remove_directory(void)
{
	char command[64];

	if (getpid() != maker)
		return;
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	if (system(command) != 0)
		fprintf(stderr, "%s: not removed\n", directory);
}

const char *scratch_directory(void)
{
	if (maker == 0) {
		assert_non_null(mkdtemp(directory));
		maker = getpid();
		atexit(remove_directory);
	}
	return directory;
}

const char *scratch_path(const char *name)
{
	static char paths[8][256];
	static unsigned next;
	char *path = paths[next++ % COUNT(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", scratch_directory(), name);
	return path;
}

void scratch_drain(const struct disk *d)
{
	for (int i = 0; i < PATIENCE_MS && disk_oldest_us(d) != 0; i++)
		usleep(1000);
	assert_int_equal(disk_oldest_us(d), 0);
}

int scratch_run(char *out, size_t size, const char *format, ...)
{
	char command[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	FILE *f = popen(command, "r");
	assert_non_null(f);
	size_t len = fread(out, 1, size - 1, f);
	out[len] = '\0';
	char rest[4096];
	while (fread(rest, 1, sizeof(rest), f) > 0)
		;
	int status = pclose(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

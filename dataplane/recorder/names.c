#include "recorder/names.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint32_t number(const char *text)
{
	unsigned long n = strtoul(text, NULL, 10);

	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

// programme.webm, programme-2.mkv
static uint32_t part_number(const char *name)
{
	static const char prefix[] = "programme";
	const char *rest = name + sizeof(prefix) - 1;

	if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
		return 0;
	return *rest == '.' ? 1 : *rest == '-' ? number(rest + 1) : 0;
}

// 3-voice.webm
static uint32_t track_number(const char *name)
{
	return number(name);
}

static uint32_t highest(int folder, const char *path, uint32_t (*number_of)(const char *))
{
	uint32_t found = 0;
	int fd = openat(folder, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *e;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	while ((e = readdir(dir)) != NULL) {
		uint32_t n = number_of(e->d_name);
		found = n > found ? n : found;
	}
	closedir(dir);
	return found;
}

struct names names_taken(int folder)
{
	return (struct names){
	        .parts = highest(folder, ".", part_number),
	        .tracks = highest(folder, "tracks", track_number),
	};
}

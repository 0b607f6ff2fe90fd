#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

// The write-ahead log's files, which a killed process leaves behind.
static const char *const beside[] = {"-wal", "-shm", NULL};

int store_file_make(const char *path)
{
	char name[4096];
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int ret = fd < 0 ? -errno : 0;

	if (fd >= 0 && fchmod(fd, 0600) < 0)
		ret = -errno;
	if (fd >= 0)
		close(fd);
	for (const char *const *suffix = beside; *suffix && ret == 0; suffix++) {
		int len = snprintf(name, sizeof(name), "%s%s", path, *suffix);
		if (len < (int)sizeof(name) && chmod(name, 0600) < 0 && errno != ENOENT)
			ret = -errno;
	}
	errno = -ret;
	return ret;
}

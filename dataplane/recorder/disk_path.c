#include "recorder/disk_path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// A folder or file of this directory itself.
static bool is_name(const char *text, size_t len)
{
	if (len == 0 || len > NAME_MAX)
		return false;
	return !(text[0] == '.' && (len == 1 || (len == 2 && text[1] == '.')));
}

int disk_path_check(const char *path)
{
	if (strlen(path) >= DISK_PATH_MAX)
		return -ENAMETOOLONG;
	for (;;) {
		size_t len = strcspn(path, "/");
		if (!is_name(path, len))
			return -EINVAL;
		if (path[len] == '\0')
			return 0;
		path += len + 1;
	}
}

static int enter(int folder, const char *text, size_t len, bool make)
{
	char name[NAME_MAX + 1];

	if (!is_name(text, len))
		return -EINVAL;
	memcpy(name, text, len);
	name[len] = '\0';
	if (make && mkdirat(folder, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	int fd = openat(folder, name, O_DIRECTORY | O_NOFOLLOW | O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int disk_path_folder(int directory, const char *path, bool make, const char **name)
{
	if (strlen(path) >= DISK_PATH_MAX)
		return -ENAMETOOLONG;
	int folder = fcntl(directory, F_DUPFD_CLOEXEC, 0);
	if (folder < 0)
		return -errno;

	const char *slash;
	while ((slash = strchr(path, '/')) != NULL) {
		int next = enter(folder, path, (size_t)(slash - path), make);
		close(folder);
		if (next < 0)
			return next;
		folder = next;
		path = slash + 1;
	}
	if (!is_name(path, strlen(path))) {
		close(folder);
		return -EINVAL;
	}
	*name = path;
	return folder;
}

int disk_path_open(int directory, const char *path, int flags)
{
	const char *name;
	int folder = disk_path_folder(directory, path, (flags & O_CREAT) != 0, &name);
	if (folder < 0)
		return folder;
	// Whoever put a FIFO there must not stall the recorder.
	int fd = openat(folder, name, flags | O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	int ret = fd < 0 ? -errno : fd;
	close(folder);
	return ret;
}

bool disk_path_exists(int directory, const char *path)
{
	struct stat st;
	const char *name;
	int folder = disk_path_folder(directory, path, false, &name);
	if (folder < 0)
		return false;
	bool exists = fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	close(folder);
	return exists;
}

void disk_path_remove(int directory, const char *path)
{
	const char *name;
	int folder = disk_path_folder(directory, path, false, &name);
	if (folder < 0)
		return;
	unlinkat(folder, name, 0);
	close(folder);
}

#include "archive/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX   8 // of directories in a recording
#define REMOVES_MAX 3 // of a directory in which a file appears meanwhile (tree_move)

// Reads the next part of a path into name. Returns 0, or -EINVAL for one that is not allowed.
static int part_next(const char **path, char name[NAME_MAX + 1])
{
	size_t len = strcspn(*path, "/");

	if (len == 0 || len > NAME_MAX)
		return -EINVAL;
	memcpy(name, *path, len);
	name[len] = '\0';
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EINVAL;
	*path += len;
	if (**path == '/' && !*++*path)
		return -EINVAL;
	return 0;
}

// Opens the directory in which the path's last part is, and writes that to name. Returns a
// descriptor or -errno.
static int parent_open(const char *root, const char *path, char name[NAME_MAX + 1])
{
	int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int ret = fd < 0 ? -errno : part_next(&path, name);

	while (ret == 0 && *path) {
		int next = openat(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		ret = next < 0 ? -errno : 0;
		close(fd);
		fd = next;
		if (ret == 0)
			ret = part_next(&path, name);
	}
	if (ret == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return ret;
}

int tree_open(const char *root, const char *path)
{
	char name[NAME_MAX + 1];
	struct stat st;
	int parent = parent_open(root, path, name);

	if (parent < 0)
		return parent;
	// Opening a FIFO would wait, hence O_NONBLOCK.
	int fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int ret = fd < 0 ? -errno : 0;
	close(parent);
	if (ret == 0 && fstat(fd, &st) < 0)
		ret = -errno;
	if (ret == 0 && !S_ISREG(st.st_mode))
		ret = -ENOENT;
	if (ret == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return ret;
}

static int entries_remove(DIR *d, int depth);

// Removes what has this name, which may be a link or a directory.
static int entry_remove(int parent, const char *name, int depth)
{
	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	DIR *d = fdopendir(fd);
	if (!d) {
		int error = errno;
		close(fd);
		return -error;
	}
	int ret = -ENOTEMPTY;
	for (int i = 0; ret == -ENOTEMPTY && i < REMOVES_MAX; i++) {
		rewinddir(d);
		ret = depth == 0 ? -ELOOP : entries_remove(d, depth - 1);
		if (ret == 0 && unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
			ret = -errno;
	}
	closedir(d);
	return ret;
}

static int entries_remove(DIR *d, int depth)
{
	const struct dirent *e;
	int ret = 0;

	while (ret == 0 && (e = readdir(d))) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			ret = entry_remove(dirfd(d), e->d_name, depth);
	}
	return ret;
}

// Removes the directory above the last part of the path, if it is empty. There is another above it,
// which stays.
static void parent_remove(const char *root, const char *path)
{
	char above[PATH_MAX], name[NAME_MAX + 1];
	const char *slash = strrchr(path, '/');

	if (!slash || (size_t)(slash - path) >= sizeof(above))
		return;
	memcpy(above, path, (size_t)(slash - path));
	above[slash - path] = '\0';
	int fd = parent_open(root, above, name);
	if (fd < 0)
		return;
	unlinkat(fd, name, AT_REMOVEDIR);
	close(fd);
}

int tree_remove(const char *root, const char *path)
{
	char name[NAME_MAX + 1];
	int fd = parent_open(root, path, name);

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	int ret = entry_remove(fd, name, DEPTH_MAX);
	close(fd);
	if (ret == 0)
		parent_remove(root, path);
	return ret;
}

static int sync_and_measure(const char *root, const char *path, uint64_t *bytes)
{
	struct stat st;
	int fd = tree_open(root, path);

	if (fd < 0)
		return fd;
	int ret = fsync(fd) < 0 || fstat(fd, &st) < 0 ? -errno : 0;
	close(fd);
	if (ret == 0)
		*bytes = (uint64_t)st.st_size;
	return ret;
}

// Writes a directory that is open by its path alone (O_PATH), which fsync() does not take.
static int directory_sync(int fd)
{
	int real = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ret = real < 0 || fsync(real) < 0 ? -errno : 0;

	if (real >= 0)
		close(real);
	return ret;
}

int tree_move(const char *root, const char *from, const char *to, uint64_t *bytes)
{
	char from_name[NAME_MAX + 1], to_name[NAME_MAX + 1];
	int ret = sync_and_measure(root, from, bytes);

	if (ret < 0)
		return ret;
	int from_fd = parent_open(root, from, from_name), to_fd = parent_open(root, to, to_name);
	ret = from_fd < 0 ? from_fd : to_fd < 0 ? to_fd : 0;
	if (ret == 0 && renameat(from_fd, from_name, to_fd, to_name) < 0)
		ret = -errno;
	if (ret == 0)
		ret = directory_sync(to_fd);
	if (from_fd >= 0)
		close(from_fd);
	if (to_fd >= 0)
		close(to_fd);
	return ret;
}

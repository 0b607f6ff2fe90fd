// Paths beneath a directory that is open: neither ".." nor a symbolic link leads out of it.
#pragma once

#include <stdbool.h>

#define DISK_PATH_MAX 512 // bytes, with the zero

// 0 if it is one; -EINVAL, -ENAMETOOLONG.
[[nodiscard]] int disk_path_check(const char *path);

// Opens the folder of a path, relative to `directory`; make: creates what is missing, 0700. *name
// is the rest of the path. A descriptor, or -errno.
[[nodiscard]] int disk_path_folder(int directory, const char *path, bool make, const char **name);

// Opens the file of such a path, to read and write. With O_CREAT, makes its folders. A descriptor,
// or -errno.
[[nodiscard]] int disk_path_open(int directory, const char *path, int flags);

bool disk_path_exists(int directory, const char *path);
void disk_path_remove(int directory, const char *path);

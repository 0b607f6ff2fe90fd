// Files of recordings: opened and removed beneath one directory, without following symbolic links,
// whatever a name says. These functions may wait for the disk.
#pragma once

#include <stdint.h>

#define TREE_DIRECTORY_MAX 255 // bytes of a recording's directory

// Opens a regular file for reading. `path` is relative. Returns a descriptor, or -errno: -ELOOP or
// -ENOTDIR for a symbolic link, -EINVAL for a name such as "..", -ENOENT if it is no regular file.
[[nodiscard]] int tree_open(const char *root, const char *path);

// Removes a directory with all that it contains, and then its parent if that is empty, but never
// `root`. Returns 0, also if there is no such directory, or -errno.
[[nodiscard]] int tree_remove(const char *root, const char *path);

// Gives a file a place, with what is in it on the disk. What has the name is replaced. Returns its
// size in *bytes, and 0 or -errno: -ENOENT if there is no such file or no such directory.
[[nodiscard]] int tree_move(const char *root, const char *from, const char *to, uint64_t *bytes);

// The SQLite files hold secrets (sessions, PINs, tokens), so only their owner may read them.
#pragma once

// Creates the file if it is missing, and removes the permissions of others that an earlier version
// may have left. SQLite gives the files that it creates beside it the same permissions. 0, or
// -errno, with errno set.
[[nodiscard]] int store_file_make(const char *path);

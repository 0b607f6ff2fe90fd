// The SQLite files hold secrets (sessions, PINs, tokens), so only their owner may read them.
#pragma once

// Creates the file if it is missing, and removes all permissions of others, which an earlier
// version may have left. SQLite gives its own files beside it the same. 0, or -errno with errno.
[[nodiscard]] int store_file_make(const char *path);

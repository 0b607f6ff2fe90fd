// The SQLite files hold secrets: sessions, PINs, tokens. So they are their owner's alone to read.
#pragma once

// Makes the file where it is missing, and takes the rights of all others away where an earlier
// version has left them; SQLite gives its own files beside it the same. 0, or -errno with errno.
[[nodiscard]] int store_file_make(const char *path);

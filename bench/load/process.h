// The server's process, which the generator starts once its own port is open.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

// Starts a command, given as words separated by single spaces; its output is appended to the file
// `log`. It may use every CPU, and dies with us. Returns the pid, or -errno.
[[nodiscard]] pid_t process_start(const char *command, const char *log);

bool process_runs(pid_t);

// Sends SIGTERM, and SIGKILL after 30 s. True if the process exited by itself with success.
bool process_stop(pid_t);

// Resident bytes, huge pages included; 0 if they cannot be read.
uint64_t process_memory(pid_t);

// CPU time of the process's threads; name: only of those whose names begin with it.
uint64_t process_cpu_ns(pid_t, const char *name);

// The same for its main thread.
uint64_t process_main_cpu_ns(pid_t);

// The server's process, which the generator starts once its own port is there.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

// command: words with single spaces between; its output goes to the end of the file `log`. It may
// use every CPU and dies with us. The pid, or -errno.
[[nodiscard]] pid_t process_start(const char *command, const char *log);

bool process_runs(pid_t);

// SIGTERM, and after 30 s SIGKILL. True if it ended by itself and well.
bool process_stop(pid_t);

// Resident bytes, huge pages included; 0 where they cannot be read.
uint64_t process_memory(pid_t);

// CPU time of its threads, or of those whose names begin so.
uint64_t process_cpu_ns(pid_t, const char *name);

// The same of its main thread.
uint64_t process_main_cpu_ns(pid_t);

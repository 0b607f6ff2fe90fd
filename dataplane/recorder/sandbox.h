// What the recorder may do once it runs. Hostile media is parsed here, so whoever takes the process
// over finds the recordings, memory, time and Unix sockets; no network, no other files, no new
// programs and no other processes. The only user of libseccomp.
#pragma once

// The sanitizers use files and calls of their own, at the latest to look for leaks at the end: a
// recorder built with them does without.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_USED 0
#else
#define SANDBOX_USED 1
#endif

// This thread and those that it starts open files below the directories only (Landlock); others
// fail with EACCES. Before any thread is started. 0 or -errno: kernels before 5.13 lack it.
[[nodiscard]] int sandbox_files(const char *directory, const char *another);

// All threads may make the calls of a running recorder only (seccomp); others fail with EPERM. 0 or
// -errno.
[[nodiscard]] int sandbox_calls(void);

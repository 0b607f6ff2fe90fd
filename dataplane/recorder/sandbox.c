#include "recorder/sandbox.h"

#include "am_log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// Everything that the first version of Landlock knows is forbidden, except this below the
// two directories.
#define FS_ALL ((uint64_t)LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1)
#define FS_MINE                                                                                    \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |                              \
	 LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |                             \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE)

static const int allowed[] = {
        // files
        SCMP_SYS(openat),
        SCMP_SYS(close),
        SCMP_SYS(read),
        SCMP_SYS(pread64),
        SCMP_SYS(write),
        SCMP_SYS(pwrite64),
        SCMP_SYS(writev),
        SCMP_SYS(lseek),
        SCMP_SYS(fstat),
        SCMP_SYS(newfstatat),
        SCMP_SYS(statx),
        SCMP_SYS(statfs),
        SCMP_SYS(fstatfs),
        SCMP_SYS(access),
        SCMP_SYS(faccessat),
        SCMP_SYS(faccessat2),
        SCMP_SYS(mkdir),
        SCMP_SYS(mkdirat),
        SCMP_SYS(unlink),
        SCMP_SYS(unlinkat),
        SCMP_SYS(renameat),
        SCMP_SYS(renameat2),
        SCMP_SYS(ftruncate),
        SCMP_SYS(fallocate),
        SCMP_SYS(fsync),
        SCMP_SYS(fdatasync),
        SCMP_SYS(fcntl),
        SCMP_SYS(umask),
        SCMP_SYS(getdents64),
        SCMP_SYS(readlink),
        SCMP_SYS(readlinkat),
        SCMP_SYS(dup),
        SCMP_SYS(ioctl),
        // memory
        SCMP_SYS(brk),
        SCMP_SYS(mmap),
        SCMP_SYS(munmap),
        SCMP_SYS(mremap),
        SCMP_SYS(mprotect),
        SCMP_SYS(madvise),
        SCMP_SYS(msync),
        SCMP_SYS(mlock),
        SCMP_SYS(mincore),
        // time, waiting, signals
        SCMP_SYS(clock_gettime),
        SCMP_SYS(clock_getres),
        SCMP_SYS(gettimeofday),
        SCMP_SYS(time),
        SCMP_SYS(clock_nanosleep),
        SCMP_SYS(nanosleep),
        SCMP_SYS(poll),
        SCMP_SYS(ppoll),
        SCMP_SYS(restart_syscall),
        SCMP_SYS(rt_sigreturn),
        SCMP_SYS(rt_sigaction),
        SCMP_SYS(rt_sigprocmask),
        SCMP_SYS(sigaltstack),
        // threads
        SCMP_SYS(futex),
        SCMP_SYS(set_robust_list),
        SCMP_SYS(rseq),
        SCMP_SYS(sched_yield),
        SCMP_SYS(sched_getaffinity),
        SCMP_SYS(gettid),
        SCMP_SYS(getpid),
        SCMP_SYS(tgkill),
        SCMP_SYS(getrandom),
        SCMP_SYS(geteuid),
        SCMP_SYS(getuid),
        SCMP_SYS(getgid),
        SCMP_SYS(getegid),
        SCMP_SYS(exit),
        SCMP_SYS(exit_group),
        SCMP_SYS(getrusage),
        SCMP_SYS(sysinfo),
        SCMP_SYS(prlimit64),
        SCMP_SYS(uname),
        // sockets that exist; which ones may be made is said below
        SCMP_SYS(connect),
        SCMP_SYS(accept4),
        SCMP_SYS(recvfrom),
        SCMP_SYS(recvmsg),
        SCMP_SYS(sendto),
        SCMP_SYS(sendmsg),
        SCMP_SYS(getsockopt),
        SCMP_SYS(setsockopt),
        SCMP_SYS(shutdown),
};

static int rules_add(scmp_filter_ctx filter)
{
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		int ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
		if (ret < 0)
			return ret;
	}
	return seccomp_rule_add(
	        filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, AF_UNIX)
	);
}

int sandbox_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!filter)
		return -ENOMEM;
	int ret = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1); // the disk's thread, too
	if (ret == 0)
		ret = rules_add(filter);
	if (ret == 0)
		ret = seccomp_load(filter);
	seccomp_release(filter);
	return ret;
}

static int rule_add(int ruleset, const char *directory)
{
	struct landlock_path_beneath_attr mine = {.allowed_access = FS_MINE};

	mine.parent_fd = open(directory, O_PATH | O_CLOEXEC);
	if (mine.parent_fd < 0)
		return -errno;
	long ret = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &mine, 0);
	int error = errno;
	close(mine.parent_fd);
	return ret < 0 ? -error : 0;
}

int sandbox_files(const char *directory, const char *another)
{
	const struct landlock_ruleset_attr all = {.handled_access_fs = FS_ALL};

	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	if (ruleset < 0)
		return -errno;
	int ret = rule_add(ruleset, directory);
	if (ret == 0)
		ret = rule_add(ruleset, another);
	if (ret == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		ret = -errno;
	if (ret == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		ret = -errno;
	close(ruleset);
	return ret;
}

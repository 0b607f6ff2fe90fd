#include "recorder/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scratch.h"
#include "test.h"

// Runs a check in a process of its own, in the sandbox. It returns the line that failed, or 0.
static void in_sandbox(int (*check)(void))
{
	const char *directory = scratch_directory();
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (sandbox_files(directory, directory) < 0 || sandbox_calls() < 0)
			_exit(255);
		_exit(check() & 0xff);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define REQUIRE(what)                                                                              \
	if (!(what))                                                                               \
	return __LINE__

static int no_network(void)
{
	REQUIRE(socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM);
	REQUIRE(socket(AF_INET6, SOCK_DGRAM, 0) < 0 && errno == EPERM);
	REQUIRE(socket(AF_NETLINK, SOCK_RAW, 0) < 0 && errno == EPERM);
	REQUIRE(socket(AF_PACKET, SOCK_RAW, 0) < 0 && errno == EPERM);
	REQUIRE(socket(AF_UNIX, SOCK_SEQPACKET, 0) >= 0);
	return 0;
}

static int no_processes(void)
{
	REQUIRE(execl("/bin/true", "true", NULL) < 0 && errno == EPERM);
	REQUIRE(fork() < 0 && errno == EPERM);
	REQUIRE(kill(getppid(), 0) < 0 && errno == EPERM);
	return 0;
}

static int own_files_only(void)
{
	REQUIRE(open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES);
	REQUIRE(open("/tmp/amphi-sandbox", O_WRONLY | O_CREAT, 0600) < 0 && errno == EACCES);
	REQUIRE(symlink("/etc/passwd", scratch_path("link")) < 0);
	REQUIRE(mkdir(scratch_path("folder"), 0700) == 0);
	int fd = open(scratch_path("folder/file"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	REQUIRE(fd >= 0 && write(fd, "x", 1) == 1 && fdatasync(fd) == 0);
	REQUIRE(posix_fallocate(fd, 0, 8192) == 0 && ftruncate(fd, 1) == 0);
	REQUIRE(renameat(
	                AT_FDCWD, scratch_path("folder/file"), AT_FDCWD,
	                scratch_path("folder/other")
	        ) == 0);
	REQUIRE(unlink(scratch_path("folder/other")) == 0);
	return 0;
}

static void the_network_is_out_of_reach(void **)
{
	in_sandbox(no_network);
}

static void processes_are_out_of_reach(void **)
{
	in_sandbox(no_processes);
}

static void only_recordings_are_in_reach(void **)
{
	in_sandbox(own_files_only);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_network_is_out_of_reach),
	        cmocka_unit_test(processes_are_out_of_reach),
	        cmocka_unit_test(only_recordings_are_in_reach),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

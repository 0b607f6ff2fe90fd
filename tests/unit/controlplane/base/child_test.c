// A program beside the loop: what it says, how it ends, what it inherits.
#include "test.h"

#include "base/child.h"
#include "base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TURNS 500 // of 10 ms

static struct loop *loop;
static struct child child;
static char heard[4096];
static int ends, status;

static void said(void *, const char *line)
{
	snprintf(heard + strlen(heard), sizeof(heard) - strlen(heard), "%s|", line);
}

static void ended(void *, int s)
{
	ends++;
	status = s;
}

static int begin(void **)
{
	loop = loop_create();
	child = (struct child){.said = said, .ended = ended};
	heard[0] = '\0';
	ends = 0;
	return 0;
}

static int end(void **)
{
	child_end(&child);
	loop_destroy(loop);
	return 0;
}

static void start(const char *script)
{
	const char *const arguments[] = {"sh", "-c", script, NULL};
	assert_int_equal(child_start(&child, loop, "/bin/sh", arguments), 0);
	assert_true(child.pid > 0);
}

static void wait_end(void)
{
	for (int i = 0; !ends && i < TURNS; i++)
		loop_turn(loop, 10);
	assert_int_equal(ends, 1);
	assert_int_equal(child.pid, 0);
}

static void wait_heard(const char *text)
{
	for (int i = 0; !strstr(heard, text) && i < TURNS; i++)
		loop_turn(loop, 10);
	assert_non_null(strstr(heard, text));
}

// The state of the process as /proc has it: 'T' is stopped.
static char state(void)
{
	char path[64], s = '?';

	snprintf(path, sizeof(path), "/proc/%d/stat", child.pid);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%*d %*s %c", &s), 1);
	fclose(f);
	return s;
}

static void its_lines_come_before_its_end(void **)
{
	start("echo one; echo; echo two; printf last; echo first >&2; echo why >&2; echo >&2; "
	      "exit 3");
	wait_end();
	assert_string_equal(heard, "one||two|last|");
	assert_string_equal(child.complaint, "why");
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 3);
}

static void lines_come_while_it_runs(void **)
{
	start("echo now; exec sleep 100");
	wait_heard("now|");
	assert_int_equal(ends, 0);
}

static void long_lines_are_cut(void **)
{
	char line[CHILD_LINE_MAX + 3];

	start("head -c 100000 /dev/zero | tr '\\0' a; echo; echo b");
	wait_end();
	memset(line, 'a', CHILD_LINE_MAX);
	strcpy(line + CHILD_LINE_MAX, "|");
	assert_memory_equal(heard, line, CHILD_LINE_MAX + 1);
	assert_string_equal(heard + CHILD_LINE_MAX + 1, "b|");
}

// Its end is seen although another process has its outputs, and its group is killed with it.
static void its_end_does_not_wait_for_others(void **)
{
	start("sleep 100 & echo $!");
	wait_end();
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(kill(atoi(heard), SIGKILL), 0);
}

static void a_signal_reaches_the_whole_group(void **)
{
	start("sleep 100 & echo $!; wait");
	wait_heard("|");
	child_signal(&child, SIGKILL);
	wait_end();
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	for (int i = 0; kill(atoi(heard), 0) == 0 && i < TURNS; i++) {
		waitpid(-1, NULL, WNOHANG); // if it is ours now
		usleep(10000);
	}
	assert_true(kill(atoi(heard), 0) < 0 && errno == ESRCH);
}

static void it_can_be_paused(void **)
{
	start("echo now; while :; do :; done");
	wait_heard("now|");
	child_signal(&child, SIGSTOP);
	for (int i = 0; state() != 'T' && i < TURNS; i++)
		loop_turn(loop, 10);
	assert_int_equal(state(), 'T');
	loop_turn(loop, 50);
	assert_int_equal(ends, 0); // being stopped is no end
	child_signal(&child, SIGCONT);
	for (int i = 0; state() == 'T' && i < TURNS; i++)
		loop_turn(loop, 10);
	assert_int_not_equal(state(), 'T');
	child_signal(&child, SIGSTOP);
	pid_t pid = child.pid;
	child_end(&child);
	assert_true(kill(pid, 0) < 0 && errno == ESRCH);
	loop_turn(loop, 0);
	assert_int_equal(ends, 0);
}

// Nothing of ours: no descriptor, no signal that we ignore or block.
static void it_inherits_little(void **)
{
	int fd = open("/dev/null", O_RDONLY); // without O_CLOEXEC
	unsigned long blocked, ignored;
	int group, len = 0;

	assert_true(fd > 2);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	start("ls /proc/self/fd; readlink /proc/self/fd/0; grep SigBlk /proc/$$/status;"
	      " grep SigIgn /proc/$$/status; ps -o pgid= -p $$");
	pid_t pid = child.pid;
	wait_end();
	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	close(fd);
	sscanf(heard, "0|1|2|3|/dev/null|%n", &len); // 3: the folder that ls reads
	assert_true(len > 0);
	assert_int_equal(
	        sscanf(heard + len, "SigBlk: %lx|SigIgn: %lx| %d|", &blocked, &ignored, &group), 3
	);
	assert_int_equal(blocked, 0);
	assert_int_equal(ignored & (1 << (SIGPIPE - 1) | 1 << (SIGHUP - 1)), 0);
	assert_int_equal(group, pid);
}

static void what_cannot_be_started_is_an_error(void **)
{
	const char *const arguments[] = {"none", NULL};

	assert_int_equal(child_start(&child, loop, "/none/none", arguments), -ENOENT);
	assert_int_equal(child.pid, 0);
	child_signal(&child, SIGKILL); // nobody
	child_end(&child);
	start("echo again");
	wait_end();
	assert_string_equal(heard, "again|");
}

static void a_program_is_found_beside_this_one_and_in_the_path(void **)
{
	char folder[] = "/tmp/amphi-child-XXXXXX", file[64], path[4096], relative[4096];
	const char *old = getenv("PATH");
	char *kept = strdup(old ? old : "");

	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/amphi-child-program", folder);
	close(open(file, O_CREAT | O_WRONLY, 0600));
	snprintf(relative, sizeof(relative), ":.:%s", folder);
	setenv("PATH", relative, 1);
	assert_false(child_find(path, sizeof(path), "amphi-child-program")); // no program
	chmod(file, 0700);
	assert_true(child_find(path, sizeof(path), "amphi-child-program"));
	assert_string_equal(path, file);
	assert_false(child_find(path, 16, "amphi-child-program")); // too long
	assert_int_equal(chdir(folder), 0);
	setenv("PATH", ".:relative", 1);
	assert_false(child_find(path, sizeof(path), "amphi-child-program"));
	assert_true(child_find(path, sizeof(path), "controlplane.base.child"));
	assert_int_equal(path[0], '/');
	setenv("PATH", kept, 1);
	free(kept);
	unlink(file);
	rmdir(folder);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(its_lines_come_before_its_end),
	        TEST(lines_come_while_it_runs),
	        TEST(long_lines_are_cut),
	        TEST(its_end_does_not_wait_for_others),
	        TEST(a_signal_reaches_the_whole_group),
	        TEST(it_can_be_paused),
	        TEST(it_inherits_little),
	        TEST(what_cannot_be_started_is_an_error),
	        TEST(a_program_is_found_beside_this_one_and_in_the_path),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

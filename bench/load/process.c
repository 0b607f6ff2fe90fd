#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX 32
#define STOP_MS   30000
#define POLL_MS   20

static void affinity_clear(void)
{
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);
}

static void process_exec(const char *command, const char *log)
{
	char copy[2048], *words[WORDS_MAX + 1];
	size_t n = 0;

	snprintf(copy, sizeof(copy), "%s", command);
	for (char *word = strtok(copy, " "); word && n < WORDS_MAX; word = strtok(NULL, " "))
		words[n++] = word;
	words[n] = NULL;
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd >= 0) {
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
	}
	affinity_clear();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execvp(words[0], words);
	_exit(127);
}

pid_t process_start(const char *command, const char *log)
{
	pid_t pid = fork();

	if (pid == 0)
		process_exec(command, log);
	return pid < 0 ? -errno : pid;
}

bool process_runs(pid_t pid)
{
	int status;
	return waitpid(pid, &status, WNOHANG) == 0;
}

bool process_stop(pid_t pid)
{
	int status;

	kill(pid, SIGTERM);
	for (int ms = 0; ms < STOP_MS; ms += POLL_MS) {
		pid_t ended = waitpid(pid, &status, WNOHANG);
		if (ended != 0)
			return ended == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
		usleep(POLL_MS * 1000);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return false;
}

uint64_t process_memory(pid_t pid)
{
	char path[64], line[256];
	uint64_t kb = 0, value;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	FILE *f = fopen(path, "re");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Rss: %" SCNu64, &value) == 1 ||
		    sscanf(line, "Shared_Hugetlb: %" SCNu64, &value) == 1 ||
		    sscanf(line, "Private_Hugetlb: %" SCNu64, &value) == 1)
			kb += value;
	}
	fclose(f);
	return kb * 1024;
}

// Reads one value of a thread's file in /proc.
static bool file_scan(pid_t pid, int tid, const char *file, const char *format, void *value)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", (int)pid, tid, file);
	FILE *f = fopen(path, "re");
	if (!f)
		return false;
	int n = fscanf(f, format, value);
	fclose(f);
	return n == 1;
}

uint64_t process_cpu_ns(pid_t pid, const char *name)
{
	char path[64], comm[32];
	uint64_t sum = 0, ns;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *tasks = opendir(path);
	for (struct dirent *e; tasks && (e = readdir(tasks)) != NULL;) {
		int tid = atoi(e->d_name);
		if (tid <= 0 || (name && (!file_scan(pid, tid, "comm", "%31s", comm) ||
		                          strncmp(comm, name, strlen(name)) != 0)))
			continue;
		if (file_scan(pid, tid, "schedstat", "%" SCNu64, &ns))
			sum += ns;
	}
	if (tasks)
		closedir(tasks);
	return sum;
}

uint64_t process_main_cpu_ns(pid_t pid)
{
	uint64_t ns;
	return file_scan(pid, (int)pid, "schedstat", "%" SCNu64, &ns) ? ns : 0;
}

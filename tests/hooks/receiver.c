#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "receiver.h"

#include "base/json.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_MAX_SIZE 65536

static void exec_receiver(const struct receiver *r, int input, int output, uint16_t port)
{
	char text[8];

	snprintf(text, sizeof(text), "%u", port);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(input, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	for (int fd = 3; fd < 256; fd++)
		close(fd);
	execlp("python3", "python3", RECEIVER, r->directory, "--port", text, (char *)NULL);
	_exit(127);
}

void receiver_start_again(struct receiver *r, uint16_t port)
{
	int in[2], out[2];
	unsigned ready = 0;

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	r->pid = fork();
	if (r->pid == 0) {
		exec_receiver(r, in[0], out[1], port);
	}
	assert_true(r->pid > 0);
	close(in[0]);
	close(out[1]);
	r->input = in[1];
	FILE *f = fdopen(out[0], "r");
	assert_int_equal(fscanf(f, "ready %u", &ready), 1);
	fclose(f);
	r->port = (uint16_t)ready;
}

void receiver_start(struct receiver *r)
{
	*r = (struct receiver){0};
	strcpy(r->directory, "/tmp/amphi-receiver-XXXXXX");
	assert_non_null(mkdtemp(r->directory));
	snprintf(r->authority, sizeof(r->authority), "%s/authority.pem", r->directory);
	receiver_start_again(r, 0);
}

void receiver_kill(struct receiver *r)
{
	if (r->pid <= 0)
		return;
	close(r->input);
	kill(r->pid, SIGKILL);
	waitpid(r->pid, NULL, 0);
	r->pid = 0;
}

void receiver_stop(struct receiver *r)
{
	char command[128];

	receiver_kill(r);
	snprintf(command, sizeof(command), "rm -rf %s", r->directory);
	assert_int_equal(system(command), 0);
}

const char *receiver_url(const struct receiver *r, const char *program, char *out, size_t size)
{
	snprintf(out, size, "https://localhost:%u/%s", r->port, program);
	return out;
}

struct json *receiver_log(const struct receiver *r)
{
	static char line[LINE_MAX_SIZE];
	struct json *list = json_new_array();
	char path[96];

	snprintf(path, sizeof(path), "%s/log.jsonl", r->directory);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		struct json *entry = json_parse(line, strlen(line));
		if (entry) // else the line is not complete yet
			json_push(list, entry);
	}
	if (f)
		fclose(f);
	return list;
}

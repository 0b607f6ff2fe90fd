// amphi-recorder: start and stop, in order.
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "am_log.h"
#include "recorder/config.h"
#include "recorder/recorder.h"
#include "recorder/sandbox.h"

static volatile sig_atomic_t stop;

static void on_signal(int signal)
{
	(void)signal;
	stop = true;
}

static int run(const struct config *c)
{
	char error[512];
	struct recorder *r = recorder_create(c, error, sizeof(error));

	if (!r) {
		fprintf(stderr, "amphi-recorder: %s\n", error);
		return 1;
	}
	int ret = SANDBOX_USED ? sandbox_calls() : 0;
	if (ret < 0)
		am_warning("recorder: all system calls are in reach; error=%s", strerror(-ret));
	am_info("recorder: running; directory=%s", am_log_value(c->directory));
	while (!stop)
		recorder_turn(r);
	recorder_destroy(r);
	am_log_flush();
	return 0;
}

static const char usage[] = "usage: amphi-recorder -c FILE\n"
                            "  -c, --config FILE  configuration file, such as shared/amphi.conf\n"
                            "  -h, --help         this text\n";

int main(int argc, char **argv)
{
	static const struct option options[] = {
	        {"config", required_argument, NULL, 'c'},
	        {"help", no_argument, NULL, 'h'},
	        {},
	};
	static struct config config;
	const char *path = NULL;
	char error[512];
	int option;

	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (option == 'c') {
			path = optarg;
			continue;
		}
		fputs(usage, option == 'h' ? stdout : stderr);
		return option == 'h' ? 0 : 2;
	}
	if (!path || optind != argc) {
		fputs(usage, stderr);
		return 2;
	}
	if (config_read(path, &config, error, sizeof(error)) < 0) {
		fprintf(stderr, "amphi-recorder: %s\n", error);
		return 2;
	}
	am_log_level = config.log_level;
	const struct sigaction action = {.sa_handler = on_signal};
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN); // there is nothing to reload
	signal(SIGXFSZ, SIG_IGN); // a write that fails is enough
	umask(0077);
	return run(&config);
}

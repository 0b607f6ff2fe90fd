// amphi-link: a bad cable between two interfaces. One thread, which sleeps until a frame arrives, a
// frame is due, or a command or signal comes.
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "command.h"
#include "options.h"

struct crossing {
	struct end server, client;
	struct way down, up;
	FILE *log; // NULL: none
	int64_t start_us, end_us;
	struct command_input input;
	bool input_ended;
};

static volatile sig_atomic_t stopped, asked;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		asked = 1;
	else
		stopped = 1;
}

// Lets signals arrive only while the loop sleeps.
static void signals_take(sigset_t *while_asleep)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t blocked;

	sigemptyset(&blocked);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		sigaddset(&blocked, numbers[i]);
		sigaction(numbers[i], &action, NULL);
	}
	sigprocmask(SIG_BLOCK, &blocked, while_asleep);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigdelset(while_asleep, numbers[i]);
	signal(SIGPIPE, SIG_IGN);
}

static void report(struct crossing *c)
{
	printf("{\"seconds\":%.3f,\"down\":", (double)(way_now_us() - c->start_us) / 1e6);
	way_report(&c->down, stdout);
	printf(",\"up\":");
	way_report(&c->up, stdout);
	puts("}");
	fflush(stdout);
	if (c->log)
		fflush(c->log);
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

// Sleeps until there is something to do; false when it is time to end.
static bool wait_for(struct crossing *c, struct pollfd fds[3], const sigset_t *while_asleep)
{
	int64_t next = least(lane_next_us(c->down.lane), lane_next_us(c->up.lane));
	int64_t now = way_now_us(), us = least(next, c->end_us) - now;
	struct timespec t = {0};

	if (stopped || now >= c->end_us)
		return false;
	if (us > 0)
		t = (struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
	bool never = next == INT64_MAX && c->end_us == INT64_MAX;
	fds[0] = (struct pollfd){.fd = c->server.fd, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = c->client.fd, .events = POLLIN};
	fds[2] = (struct pollfd){.fd = c->input_ended ? -1 : STDIN_FILENO, .events = POLLIN};
	if (ppoll(fds, 3, never ? NULL : &t, while_asleep) < 0)
		fds[0].revents = fds[1].revents = fds[2].revents = 0; // a signal
	return !stopped;
}

// Runs until told to end. 0, or -ENODEV if an interface is gone.
static int run(struct crossing *c, const sigset_t *while_asleep)
{
	struct pollfd fds[3];
	int ret = 0;

	while (ret == 0 && wait_for(c, fds, while_asleep)) {
		bool wanted = asked;
		asked = 0;
		if (fds[0].revents)
			ret = way_receive(&c->down, c->start_us, c->log);
		if (fds[1].revents && ret == 0)
			ret = way_receive(&c->up, c->start_us, c->log);
		way_send(&c->down, c->start_us, c->log);
		way_send(&c->up, c->start_us, c->log);
		if (fds[2].revents)
			c->input_ended =
			        !command_read(&c->input, STDIN_FILENO, &c->down, &c->up, &wanted);
		if (wanted)
			report(c);
	}
	if (ret < 0)
		fprintf(stderr, "amphi-link: an interface is gone: ending\n");
	return ret;
}

static int ways_start(struct crossing *c, struct options *o)
{
	const struct option_way {
		struct way *way;
		struct direction *direction;
	} ways[] = {{&c->down, &o->down}, {&c->up, &o->up}};

	c->start_us = way_now_us();
	c->end_us = o->for_us ? c->start_us + o->for_us : INT64_MAX;
	c->down = (struct way){.name = "down", .from = &c->server, .to = &c->client};
	c->up = (struct way){.name = "up", .from = &c->client, .to = &c->server};
	for (size_t i = 0; i < 2; i++) {
		ways[i].way->direction = *ways[i].direction; // owned by the way from now on
		*ways[i].direction = (struct direction){0};
		if (way_start(ways[i].way, c->start_us) == 0)
			continue;
		fprintf(stderr,
		        "amphi-link: %s: %s: do loss, loss-burst and loss-bad exclude each "
		        "other?\n",
		        ways[i].way->name, strerror(errno));
		return -1;
	}
	return 0;
}

// Starts both directions and opens the log and the interfaces, which crossing_fini closes. 0 or an
// exit status.
static int crossing_init(struct crossing *c, struct options *o)
{
	c->server.fd = c->client.fd = -1;
	if (ways_start(c, o) < 0)
		return 2;
	if (o->log && !(c->log = fopen(o->log, "w"))) {
		fprintf(stderr, "amphi-link: --log: cannot write %s: %s\n", o->log,
		        strerror(errno));
		return 1;
	}
	if (end_open(&c->server, o->server) < 0 || end_open(&c->client, o->client) < 0)
		return 1;
	return 0;
}

static int crossing_fini(struct crossing *c)
{
	int ret = 0;

	way_stop(&c->down);
	way_stop(&c->up);
	end_close(&c->server);
	end_close(&c->client);
	if (c->log && fclose(c->log) != 0) {
		fprintf(stderr, "amphi-link: --log: %s\n", strerror(errno));
		ret = 1;
	}
	return ret;
}

// Real-time priority, to wake on time and before the programs that send the frames.
static void punctual(void)
{
	const struct sched_param first = {.sched_priority = 1};

	prctl(PR_SET_TIMERSLACK, 1UL); // ns
	(void)sched_setscheduler(0, SCHED_FIFO, &first); // not permitted: normal priority
}

int main(int argc, char **argv)
{
	static struct crossing crossing;
	struct options options;
	sigset_t while_asleep;

	if (argc > 1 && strcmp(argv[1], "trace") == 0)
		return trace_main(argc - 1, argv + 1);
	enum options_result result = options_read(&options, argc, argv);
	int status = result == OPTIONS_WRONG ? 2 : 0;
	if (result == OPTIONS_RUN) {
		punctual();
		signals_take(&while_asleep);
		status = crossing_init(&crossing, &options);
		if (status == 0) {
			printf("ready %s %s\n", options.server, options.client);
			fflush(stdout);
			status = run(&crossing, &while_asleep) < 0 ? 1 : 0;
			report(&crossing);
		}
		status |= crossing_fini(&crossing);
	}
	options_fini(&options);
	return status;
}

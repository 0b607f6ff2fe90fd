#include "options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "units.h"

#define SCOPES       3 // both ways, down, up
#define SETTINGS_MAX 16
#define NAME_MAX_LEN 32
#define SECONDS_MAX  (7 * 24 * 3600)

enum { OPTION_SEED = 1, OPTION_LOG, OPTION_FOR, OPTION_HELP, OPTION_SETTING };

static const struct option fixed[] = {
        {"seed", required_argument, NULL, OPTION_SEED},
        {"log", required_argument, NULL, OPTION_LOG},
        {"for", required_argument, NULL, OPTION_FOR},
        {"help", no_argument, NULL, OPTION_HELP},
};
#define FIXED (sizeof(fixed) / sizeof(fixed[0]))

static const char *scopes[SCOPES] = {"", "down-", "up-"};

static void usage(void)
{
	puts("usage: amphi-link [option…] SERVER CLIENT\n"
	     "       amphi-link trace KIND [option…]   (see amphi-link trace --help)\n"
	     "\n"
	     "Emulates a slow, long or bad cable between two interfaces of this machine:\n"
	     "forwards every Ethernet frame from one to the other and back. Down is the\n"
	     "direction from SERVER to CLIENT. Sizes are bytes after the Ethernet header, so\n"
	     "they include IP and UDP. Requires root.\n"
	     "\n"
	     "Each of these is --down-NAME, --up-NAME, or --NAME for both directions:");
	for (size_t i = 0; i < settings_n; i++)
		printf("  %-13s %-6s %s\n", settings[i].name, settings[i].value, settings[i].help);
	puts("\n"
	     "For both directions together:\n"
	     "  --seed N      seed of all random choices (1)\n"
	     "  --log FILE    log a JSON line for each packet that leaves or is lost\n"
	     "  --for SECONDS how long to run (until Ctrl-C or TERM)\n"
	     "  --help        show this help\n"
	     "\n"
	     "Prints \"ready SERVER CLIENT\" once it forwards, and a JSON line with the figures\n"
	     "of both directions at the end and on SIGUSR1. While it runs, it reads lines from\n"
	     "its standard input: WAY NAME VALUE, where WAY is down, up or both, such as\n"
	     "\"down rate 250k\"; or \"report\".\n"
	     "\n"
	     "Examples:\n"
	     "  amphi-link --down-rate 600k --down-queue 200ms --delay 20ms veth0 veth1\n"
	     "  amphi-link --down-steps 2m@0,600k@20,2m@40 --down-depth 6k --log queue.jsonl veth0 "
	     "veth1\n"
	     "  amphi-link --down-loss 5% --down-loss-burst 4 --jitter 10ms --for 60 veth0 veth1\n"
	     "  amphi-link trace lte --rate 3m --seconds 120 >lte && amphi-link --down-trace lte "
	     "veth0 veth1");
}

static int wrong(const char *option, const char *accepted, const char *text)
{
	fprintf(stderr, "amphi-link: %s takes %s, not %s; see amphi-link --help\n", option,
	        accepted, text);
	return -1;
}

// All options in the form of getopt_long; each setting has one for each scope.
static void table_fill(
        struct option table[FIXED + SCOPES * SETTINGS_MAX + 1],
        char names[SCOPES * SETTINGS_MAX][NAME_MAX_LEN]
)
{
	size_t n = 0;

	for (size_t i = 0; i < settings_n && i < SETTINGS_MAX; i++)
		for (int scope = 0; scope < SCOPES; scope++, n++) {
			snprintf(names[n], NAME_MAX_LEN, "%s%s", scopes[scope], settings[i].name);
			table[n] = (struct option
			){names[n], required_argument, NULL, OPTION_SETTING + (int)n};
		}
	memcpy(&table[n], fixed, sizeof(fixed));
	table[n + FIXED] = (struct option){0};
}

// Takes the value of option number n among those of settings.
static int setting_take(struct options *o, int n, const char *text)
{
	const struct setting *s = &settings[n / SCOPES];
	int scope = n % SCOPES;
	char option[NAME_MAX_LEN + 2];

	snprintf(option, sizeof(option), "--%s%s", scopes[scope], s->name);
	if ((scope != 2 && !direction_set(&o->down, s, text)) ||
	    (scope != 1 && !direction_set(&o->up, s, text)))
		return wrong(option, s->accepted, text);
	return 0;
}

static int fixed_take(struct options *o, int option, const char *text)
{
	double number;

	switch (option) {
	case OPTION_SEED:
		if (!unit_number(text, 0, 1e15, &number))
			return wrong("--seed", "a whole number", text);
		o->seed = (uint64_t)number;
		return 0;
	case OPTION_FOR:
		if (!unit_number(text, 0, SECONDS_MAX, &number) || number == 0)
			return wrong("--for", "seconds, up to a week, such as 60", text);
		o->for_us = (int64_t)(number * 1e6);
		return 0;
	default: o->log = text; return 0;
	}
}

// Reports an unknown option or a missing value, in one line.
static int unknown(int result, char **argv)
{
	if (result == ':')
		fprintf(stderr, "amphi-link: %s takes a value; see amphi-link --help\n",
		        argv[optind - 1]);
	else
		fprintf(stderr, "amphi-link: unknown option %s; see amphi-link --help\n",
		        argv[optind - 1]);
	return -1;
}

static int interfaces_take(struct options *o, int argc, char **argv)
{
	if (argc - optind != 2) {
		fprintf(stderr,
		        "amphi-link: takes two interfaces, SERVER and CLIENT, not %d; see "
		        "amphi-link --help\n",
		        argc - optind);
		return -1;
	}
	o->server = argv[optind];
	o->client = argv[optind + 1];
	if (strcmp(o->server, o->client) == 0) {
		fprintf(stderr, "amphi-link: SERVER and CLIENT are both %s; they must differ\n",
		        o->server);
		return -1;
	}
	return 0;
}

enum options_result options_read(struct options *o, int argc, char **argv)
{
	struct option table[FIXED + SCOPES * SETTINGS_MAX + 1];
	char names[SCOPES * SETTINGS_MAX][NAME_MAX_LEN];
	int option, ret = 0;

	*o = (struct options){.seed = 1};
	direction_init(&o->down);
	direction_init(&o->up);
	table_fill(table, names);
	while (ret == 0 && (option = getopt_long(argc, argv, ":h", table, NULL)) >= 0) {
		if (option == OPTION_HELP || option == 'h') {
			usage();
			return OPTIONS_DONE;
		}
		if (option == '?' || option == ':')
			ret = unknown(option, argv);
		else if (option >= OPTION_SETTING)
			ret = setting_take(o, option - OPTION_SETTING, optarg);
		else
			ret = fixed_take(o, option, optarg);
	}
	if (ret == 0)
		ret = interfaces_take(o, argc, argv);
	o->down.config.seed = 2 * o->seed;
	o->up.config.seed = 2 * o->seed + 1;
	return ret == 0 ? OPTIONS_RUN : OPTIONS_WRONG;
}

void options_fini(struct options *o)
{
	direction_fini(&o->down);
	direction_fini(&o->up);
}

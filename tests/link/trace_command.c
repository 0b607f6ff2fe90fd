#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "units.h"

struct wish {
	const char *kind;
	int64_t mean_bit_s;
	uint32_t duration_ms;
	uint64_t seed;
	struct rate_step *steps; // owned
	uint32_t steps_n;
};

static void usage(void)
{
	puts("usage: amphi-link trace KIND [option…]\n"
	     "\n"
	     "Prints a trace in mahimahi's form, each line a millisecond at which 1500 bytes may "
	     "pass:\n"
	     "  steps           rates that change at given times\n"
	     "  lte             a random walk around the mean, with fades of 0.3 to 2 s\n"
	     "  wifi            bursts, and stalls of 50 to 400 ms\n"
	     "\n"
	     "  --rate RATE     the mean rate of lte and wifi, in bit/s (2m)\n"
	     "  --steps STEPS   for steps: RATE@SECOND,… from 0 on, such as 2m@0,600k@20,2m@40\n"
	     "  --seconds N     the length of the trace, after which it repeats (60)\n"
	     "  --seed N        the same seed makes the same trace (1)\n"
	     "  --help          this\n"
	     "\n"
	     "Examples:\n"
	     "  amphi-link trace lte --rate 3m --seconds 120 --seed 7 >lte\n"
	     "  amphi-link trace steps --steps 1m@0,2.5m@40,600k@60,1m@80 --seconds 100 >rfc8867");
}

static int wrong(const char *option, const char *accepted, const char *text)
{
	fprintf(stderr, "amphi-link trace: %s takes %s, not %s; see amphi-link trace --help\n",
	        option, accepted, text);
	return -1;
}

static int wish_take(struct wish *w, int option, const char *text)
{
	double number;

	switch (option) {
	case 'r':
		if (!unit_rate(text, &w->mean_bit_s) || w->mean_bit_s <= 0)
			return wrong("--rate", "600k, 2.5m or 1g", text);
		return 0;
	case 't':
		free(w->steps);
		w->steps = unit_steps(text, &w->steps_n);
		return w->steps ? 0 : wrong("--steps", setting_find("steps")->accepted, text);
	case 'n':
		if (!unit_number(text, 0.001, TRACE_MS_MAX / 1000.0, &number))
			return wrong("--seconds", "0.001 to 3600", text);
		w->duration_ms = (uint32_t)(number * 1000 + 0.5);
		return 0;
	default:
		if (!unit_number(text, 0, 1e15, &number))
			return wrong("--seed", "a whole number", text);
		w->seed = (uint64_t)number;
		return 0;
	}
}

static int trace_make(struct trace *t, const struct wish *w)
{
	if (strcmp(w->kind, "lte") == 0)
		return trace_lte(t, w->mean_bit_s, w->duration_ms, w->seed);
	if (strcmp(w->kind, "wifi") == 0)
		return trace_wifi(t, w->mean_bit_s, w->duration_ms, w->seed);
	return trace_steps(t, w->steps, w->steps_n, w->duration_ms);
}

static int trace_print(const struct wish *w)
{
	struct trace t;
	int ret = trace_make(&t, w);

	if (ret == -EINVAL)
		fprintf(stderr, "amphi-link trace: this rate for this long is more than %d lines\n",
		        TRACE_LINES_MAX);
	if (ret == 0) {
		ret = trace_write(&t, stdout);
		trace_fini(&t);
	}
	if (ret < 0 && ret != -EINVAL)
		fprintf(stderr, "amphi-link trace: %s\n", strerror(-ret));
	return ret < 0 ? 1 : 0;
}

static int kind_take(struct wish *w, int argc, char **argv)
{
	static const char *kinds[] = {"steps", "lte", "wifi"};

	w->kind = optind < argc ? argv[optind] : "none";
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (argc - optind == 1 && strcmp(w->kind, kinds[i]) == 0) {
			if (i == 0 && !w->steps)
				return wrong("steps", "--steps as well", "none");
			return 0;
		}
	return wrong("KIND", "steps, lte or wifi", argc - optind > 1 ? argv[optind + 1] : w->kind);
}

int trace_main(int argc, char **argv)
{
	static const struct option table[] = {
	        {"rate", required_argument, NULL, 'r'},    {"steps", required_argument, NULL, 't'},
	        {"seconds", required_argument, NULL, 'n'}, {"seed", required_argument, NULL, 's'},
	        {"help", no_argument, NULL, 'h'},          {0}};
	struct wish w = {.mean_bit_s = 2000000, .duration_ms = 60000, .seed = 1};
	int option, ret = 0;

	while (ret == 0 && (option = getopt_long(argc, argv, ":h", table, NULL)) >= 0) {
		if (option == 'h') {
			usage();
			free(w.steps);
			return 0;
		}
		ret = option == '?' || option == ':'
		              ? wrong("trace",
		                      "KIND, --rate, --steps, --seconds and --seed with a value",
		                      argv[optind - 1])
		              : wish_take(&w, option, optarg);
	}
	if (ret == 0)
		ret = kind_take(&w, argc, argv);
	ret = ret == 0 ? trace_print(&w) : 2;
	free(w.steps);
	return ret;
}

// What recording costs, and what a recorder that dies loses:
// bench-recorder FIGURES.jsonl RECORDER CLIPS MARKS SKEW SECONDS KILLS
#include "recorder_bench.h"

#include "test.h"

static struct recorder_bench bench;

static void cost(void **)
{
	measure_cost(&bench);
}

static void skew(void **)
{
	measure_skew(&bench);
}

static void kills(void **)
{
	measure_kills(&bench);
}

static void leftovers(void **)
{
	measure_leftovers(&bench);
}

static const struct film *film_of(const char *folder)
{
	char picture[512], sound[512];

	snprintf(picture, sizeof(picture), "%s/720p.ivf", folder);
	snprintf(sound, sizeof(sound), "%s/sound.opus", folder);
	return clip_film(picture, sound);
}

int main(int argc, char **argv)
{
	// What goes wrong is found by the assertions of the studio, so each case is a test.
	const struct CMUnitTest cases[] = {
	        cmocka_unit_test(cost),
	        cmocka_unit_test(skew),
	        cmocka_unit_test(kills),
	        cmocka_unit_test(leftovers),
	};

	if (argc != 8 || !freopen("/dev/null", "r", stdin)) { // ffmpeg would take commands
		fputs("usage: bench-recorder FIGURES.jsonl RECORDER CLIPS MARKS SKEW SECONDS "
		      "KILLS\n",
		      stderr);
		return 2;
	}
	bench = (struct recorder_bench){
	        .json = fopen(argv[1], "a"),
	        .recorder = argv[2],
	        .demo = film_of(argv[3]),
	        .marks = film_of(argv[4]),
	        .skew = argv[5],
	        .seconds = atoi(argv[6]),
	        .kills = atoi(argv[7]),
	};
	if (!bench.json) {
		perror("bench-recorder");
		return 1;
	}
	int ret = cmocka_run_group_tests(cases, NULL, NULL);
	fclose(bench.json);
	return ret;
}

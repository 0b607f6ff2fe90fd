#include "floor.h"

#include "record.h"

#include <stdbool.h>
#include <string.h>

static int usage(void)
{
	fprintf(stderr, "usage: bench-floor FILE title\n"
	                "       bench-floor FILE crypto\n"
	                "       bench-floor FILE transmit NAME DEVICE[,ARGUMENTS] "
	                "[PEER[,ARGUMENTS]]\n");
	return 2;
}

int main(int argc, char **argv)
{
	const char *what = argc >= 3 ? argv[2] : "";
	bool title = argc == 3 && strcmp(what, "title") == 0;
	bool crypto = argc == 3 && strcmp(what, "crypto") == 0;
	bool transmit = (argc == 5 || argc == 6) && strcmp(what, "transmit") == 0;
	int ret = 0;

	if (!title && !crypto && !transmit)
		return usage();
	FILE *json = fopen(argv[1], "ae");
	if (json == NULL) {
		perror(argv[1]);
		return 1;
	}
	if (title)
		record_title();
	if (crypto)
		ret = floor_crypto(json);
	if (transmit)
		ret = floor_transmit(json, argv[3], argv[4], argc == 6 ? argv[5] : NULL);
	fclose(json);
	return ret < 0 ? 1 : 0;
}

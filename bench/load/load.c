#include "load.h"

#include <stddef.h>
#include <string.h>

const struct load loads[] = {
        {"keynote", .speakers = 1, .large = 1, .voices = 1},
        {"webinar", .speakers = 20, .large = 1, .voices = 3},
        {"full", .speakers = 20, .large = 20, .voices = 20},
};
const uint16_t load_count = sizeof(loads) / sizeof(loads[0]);

const struct load *load_find(const char *name)
{
	for (uint16_t i = 0; i < load_count; i++) {
		if (strcmp(loads[i].name, name) == 0)
			return &loads[i];
	}
	return NULL;
}

#include "terms/id.h"

#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void id_print(am_id id, char out[ID_TEXT_SIZE])
{
	snprintf(out, ID_TEXT_SIZE, "%016llx", (unsigned long long)id);
}

am_id id_read(const char *text)
{
	if (!text || strspn(text, "0123456789abcdef") != ID_TEXT_SIZE - 1 ||
	    text[ID_TEXT_SIZE - 1] != '\0')
		return 0;
	return strtoull(text, NULL, 16);
}

void json_add_id(struct json *j, const char *key, am_id id)
{
	char text[ID_TEXT_SIZE];
	id_print(id, text);
	json_add_string(j, key, text);
}

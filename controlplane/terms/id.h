// Ids of the shared region as clients see them: 16 hexadecimal digits.
#pragma once

#include "am_schema.h"

#define ID_TEXT_SIZE 17

struct json;

void id_print(am_id, char out[ID_TEXT_SIZE]);
am_id id_read(const char *text); // 0 if text is NULL or not an id
void json_add_id(struct json *, const char *key, am_id);

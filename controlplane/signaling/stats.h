// Answers to getTransportStats and the like.
#pragma once

#include <stdint.h>

struct connection;
struct json;

// The list, which the newer vocabulary has in an object. Taken over.
void stats_send(struct connection *, int64_t id, struct json *list);

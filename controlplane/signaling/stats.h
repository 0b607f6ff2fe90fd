// Answers to getTransportStats and the like.
#pragma once

#include <stdint.h>

struct connection;
struct json;

// Sends the list, which the newer vocabulary has inside an object. Takes over the list.
void stats_send(struct connection *, int64_t id, struct json *list);

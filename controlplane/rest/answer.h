// Answers in JSON.
#pragma once

#include <stdint.h>

struct http_response;
struct json;

// Answers with JSON, and takes over the body. All JSON is sent through this function.
void rest_answer(struct http_response *, unsigned status, struct json *body);

// The same for a deferred answer: a hook_replay_done and statistics_done whose owner is the struct
// http_later.
void rest_answer_later(void *later, uint64_t call, unsigned status, struct json *body);

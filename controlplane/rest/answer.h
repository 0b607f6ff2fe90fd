// Answers in JSON.
#pragma once

#include <stdint.h>

struct http_later;
struct http_response;
struct json;

// Answers with JSON, and takes over the body. All JSON is sent through this function.
void rest_answer(struct http_response *, unsigned status, struct json *body);

// Answers with {"error":text}.
void rest_answer_error(struct http_response *, unsigned status, const char *text);

// The same for a deferred answer: a hook_replay_done and statistics_done whose owner is the struct
// http_later.
void rest_answer_later(void *later, uint64_t call, unsigned status, struct json *body);
void rest_answer_error_later(struct http_later *, unsigned status, const char *text);

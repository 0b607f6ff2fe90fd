// The built web client: files under one directory, and the addresses of its one page.
#pragma once

#include <stdbool.h>

struct http_request;
struct http_response;
struct pages;

// NULL after a line in the log if the directory cannot be opened.
[[nodiscard]] struct pages *pages_open(const char *directory);
void pages_close(struct pages *);

// Fills in the response: a file, 404, or 405. frame_ancestors: the directive that says who may
// embed pages. player: the room's page will show an external player.
void pages_respond(
        const struct pages *p, const char *frame_ancestors, bool player,
        const struct http_request *q, struct http_response *r
);

// What amphictl asks: a Unix socket that its owner alone may open, and who opens it may do
// everything. One request a connection, an object of JSON and a newline; then the answer, likewise:
//
//     {"command":"account.show","account":"company"}
//     {"ok":true,"data":{…}}                  or {"ok":false,"error":"…"}
//
// A change is answered once it is in the file, so that what an operator was told stays; after
// ADMIN_WRITE_MS without success with a "warning" beside its data.
#pragma once

#include <stddef.h>

#define ADMIN_REQUEST_MAX    65536 // bytes
#define ADMIN_CONNECTION_MAX 16
#define ADMIN_IDLE_MS        10000
#define ADMIN_WRITE_MS       5000

struct account_error;
struct accounts;
struct admin;
struct json;
struct loop;

// Takes the place of a socket that another process has left there. NULL after one line in the log.
[[nodiscard]] struct admin *admin_create(struct loop *, const char *path, struct accounts *);
void admin_destroy(struct admin *);

// admin_command.c: carries a request out. 0 with *data, which the caller owns, or -errno with a
// sentence.
[[nodiscard]] int admin_run(
        struct accounts *s, const struct json *request, struct json **data, struct account_error *e
);

// The Unix socket that amphictl connects to. Only its owner may open it, and whoever can open it
// may do everything. Each connection carries one request, a JSON object and a newline, and then an
// answer in the same form:
//
//     {"command":"account.show","account":"company"}
//     {"ok":true,"data":{…}}                  or {"ok":false,"error":"…"}
//
// A change is answered once it is in the file, so that what the operator was told stays true. If it
// is not in the file within ADMIN_WRITE_MS, the answer has a "warning" beside its data.
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

// Replaces a socket that an earlier process has left at the path. NULL after one line in the log.
[[nodiscard]] struct admin *admin_create(struct loop *, const char *path, struct accounts *);
void admin_destroy(struct admin *);

// Carries out a request (admin_command.c). Returns 0 with *data, which the caller owns, or -errno
// with a sentence.
[[nodiscard]] int admin_run(
        struct accounts *s, const struct json *request, struct json **data, struct account_error *e
);

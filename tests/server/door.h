// The entrance of the real server, where pages request admission: accounts in their file, tokens
// with real signatures, and a real HTTPS server that receives the server's requests.
#pragma once

#include "base/json.h"
#include "integrator.h"
#include "test.h"

extern struct integrator integrator;

// cmocka's group setup and teardown.
int door_setup(void **);
int door_teardown(void **);

// A page of the account requests admission. more: further headers.
void enter(struct page *, const char *account, const char *where, const char *more);

// The data of `admitted`, freed by the caller.
struct json *admit(struct page *, const char *account, const char *where, const char *more);
void let_in(struct page *, const char *account, const char *where, const char *more);

// The data of sessionClosed with this reason, freed by the caller.
struct json *
turn_away(const char *account, const char *where, const char *more, const char *reason);
void refuse(const char *account, const char *where, const char *more, const char *reason);

// Writes the content of attributesIgnored as "name:reason name:reason …".
void ignored(struct page *, char *out, size_t size);

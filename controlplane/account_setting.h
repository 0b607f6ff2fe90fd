// The settings of an account that have one value, under the names that operators give them.
#pragma once

#include "account_edit.h"

struct account_setting {
	const char *name; // "jwt-required"
	const char *accepted; // "on|off"
	const char *help;
};

// In the order in which they are shown; ends with a NULL name.
extern const struct account_setting account_settings[];

// value "none" takes a URL, a header or a secret away; hook-secret "new" makes one.
[[nodiscard]] int
account_set(struct account *a, const char *name, const char *value, struct account_error *e);

// The setting's value as account_set takes it, also where it is a secret. The account's memory.
const char *account_get(const struct account *, const char *name);

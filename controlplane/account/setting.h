// The settings of an account that have a single value, under the names that operators use.
#pragma once

#include "account/edit.h"

struct account_setting {
	const char *name; // "jwt-required"
	const char *accepted; // "on|off"
	const char *help;
};

// In the order in which they are shown; ends with a NULL name.
extern const struct account_setting account_settings[];

// value "none" removes a URL, a header or a secret; "new" makes a hook-secret.
[[nodiscard]] int
account_set(struct account *a, const char *name, const char *value, struct account_error *e);

#define ACCOUNT_NUMBER_SIZE 12

// The setting's value as account_set takes it, even if it is a secret. The text is in the account's
// memory or in `scratch`.
const char *
account_get(const struct account *a, const char *name, char scratch[ACCOUNT_NUMBER_SIZE]);

// Writes the settings that have no column of their own in the accounts' file as a JSON object: only
// those that differ from the settings of a new account. Freed with free().
[[nodiscard]] char *account_settings_write(const struct account *);

// Reads these settings into a new account. 0 or -EINVAL.
[[nodiscard]] int account_settings_read(struct account *, const char *text);

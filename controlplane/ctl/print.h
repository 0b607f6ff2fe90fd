// Prints answers for people.
#pragma once

struct json;

// One line of JSON.
void print_json(const struct json *);

// Accounts, one per line.
void print_accounts(const struct json *list);

// One account with all its values.
void print_account(const struct json *);

// Strings, one per line.
void print_strings(const struct json *list);

// Keys or API tokens of an account: their names, the size of keys, and when they were made.
void print_keys(const struct json *list);
void print_tokens(const struct json *list);

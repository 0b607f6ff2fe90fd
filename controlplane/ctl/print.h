// Answers for people.
#pragma once

struct json;

// One line of JSON.
void print_json(const struct json *);

// Accounts, one a line.
void print_accounts(const struct json *list);

// One account with all that it has.
void print_account(const struct json *);

// Strings, one a line.
void print_strings(const struct json *list);

// Keys or API tokens of an account: their names, the size of keys, and since when they exist.
void print_keys(const struct json *list);
void print_tokens(const struct json *list);

// Reads and writes JSON; the only user of cJSON. Getters treat the document as hostile: a missing
// key, a wrong type and a value out of bounds all count as absent. A NULL object has no members, so
// that getters can be nested. Builders never fail (memory.h).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json;

// NULL if the text is not exactly one JSON value, or contains a NUL. A \u0000 in a string becomes
// \u0001, which is just as unprintable but does not end a C string, so half a value never passes
// for a whole one.
[[nodiscard]] struct json *json_parse(const char *text, size_t len);
void json_free(struct json *);

// Compact text, freed with free().
[[nodiscard]] char *json_print(const struct json *);

bool json_is_object(const struct json *);
bool json_is_array(const struct json *);
bool json_is_null(const struct json *);

// True if the object has the key, whatever its value, and it is not null.
bool json_has(const struct json *, const char *key);

// Members of an object, or NULL.
const struct json *json_member(const struct json *, const char *key);
const struct json *json_object(const struct json *, const char *key);
const struct json *json_array(const struct json *, const char *key);

// A string member of 0 to max bytes, or NULL. The object owns the string.
const char *json_string(const struct json *, const char *key, size_t max);

// A whole number in [min, max].
[[nodiscard]] bool
json_int(const struct json *, const char *key, int64_t min, int64_t max, int64_t *out);

// An id of at most size - 1 bytes: a string or a whole number, since integrators use both. size
// must be 24 or more.
[[nodiscard]] bool json_id(const struct json *, const char *key, char *out, size_t size);

// True only for true.
bool json_is_true(const struct json *, const char *key);

// Elements of an array, or members of an object, in order; NULL at the end.
const struct json *json_first(const struct json *);
const struct json *json_next(const struct json *);
size_t json_count(const struct json *);

// The key of a member; a value's text, or NULL if it is not a string; its number, or false if it is
// not one.
const char *json_key(const struct json *);
const char *json_text(const struct json *, size_t max);
[[nodiscard]] bool json_number(const struct json *, double *out);
[[nodiscard]] bool json_bool(const struct json *, bool *out);

// True if any object in the document has a key twice: parsers differ in which of them they take.
bool json_has_duplicates(const struct json *);

// True if text_is_printable accepts every key and string in the document.
bool json_is_printable(const struct json *);

// Builders. They take ownership of children.
struct json *json_new_object(void);
struct json *json_new_array(void);
struct json *json_new_string(const char *);
struct json *json_new_bool(bool);
struct json *json_new_raw(const char *); // printed as it is: only for text of our own
struct json *json_copy(const struct json *);
void json_add(struct json *, const char *key, struct json *child);
void json_add_string(struct json *, const char *key, const char *);
void json_add_int(struct json *, const char *key, int64_t); // up to 2^53
void json_add_number(struct json *, const char *key, double);
void json_add_bool(struct json *, const char *key, bool);
void json_add_null(struct json *, const char *key);
void json_set_string(struct json *, const char *key, const char *); // replaces
void json_push(struct json *array, struct json *child);

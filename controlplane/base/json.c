#include "base/json.h"

#include "base/memory.h"
#include "base/text.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const cJSON *in(const struct json *j)
{
	return (const cJSON *)j;
}

static cJSON *out(struct json *j)
{
	return (cJSON *)j;
}

static void *allocate(size_t size)
{
	return memory_new(1, size);
}

__attribute__((constructor)) static void hooks_set(void)
{
	cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = allocate, .free_fn = free});
}

// Finds the next \u0000, which would end a C string. NULL if there is none. Outside strings, JSON
// has no backslash.
static const char *nul_find(const char *s, const char *end)
{
	while ((s = memchr(s, '\\', (size_t)(end - s))) && end - s >= 6) {
		if (memcmp(s, "\\u0000", 6) == 0)
			return s;
		s += 2;
	}
	return NULL;
}

static struct json *parse(const char *text, size_t len)
{
	const char *end = NULL;
	cJSON *j = cJSON_ParseWithLengthOpts(text, len, &end, 0);

	if (!j)
		return NULL;
	while (end < text + len && strchr(" \t\r\n", *end) && *end)
		end++;
	if (end == text + len)
		return (struct json *)j;
	cJSON_Delete(j);
	return NULL;
}

struct json *json_parse(const char *text, size_t len)
{
	const char *nul;

	if (len == 0 || memchr(text, '\0', len))
		return NULL;
	if (!(nul = nul_find(text, text + len)))
		return parse(text, len);
	char *copy = memory_new(1, len);
	memcpy(copy, text, len);
	for (; nul; nul = nul_find(nul, text + len)) {
		copy[nul - text + 5] = '1';
		nul += 6;
	}
	struct json *j = parse(copy, len);
	free(copy);
	return j;
}

void json_free(struct json *j)
{
	cJSON_Delete(out(j));
}

char *json_print(const struct json *j)
{
	return cJSON_PrintUnformatted(in(j));
}

bool json_is_object(const struct json *j)
{
	return cJSON_IsObject(in(j));
}

bool json_is_array(const struct json *j)
{
	return cJSON_IsArray(in(j));
}

bool json_is_null(const struct json *j)
{
	return cJSON_IsNull(in(j));
}

static const cJSON *member(const struct json *j, const char *key)
{
	return json_is_object(j) ? cJSON_GetObjectItemCaseSensitive(in(j), key) : NULL;
}

bool json_has(const struct json *j, const char *key)
{
	const cJSON *m = member(j, key);
	return m && !cJSON_IsNull(m);
}

const struct json *json_member(const struct json *j, const char *key)
{
	return (const struct json *)member(j, key);
}

const struct json *json_object(const struct json *j, const char *key)
{
	const cJSON *m = member(j, key);
	return cJSON_IsObject(m) ? (const struct json *)m : NULL;
}

const struct json *json_array(const struct json *j, const char *key)
{
	const cJSON *m = member(j, key);
	return cJSON_IsArray(m) ? (const struct json *)m : NULL;
}

const char *json_text(const struct json *j, size_t max)
{
	const char *s = cJSON_IsString(in(j)) ? in(j)->valuestring : NULL;
	return s && strnlen(s, max + 1) <= max ? s : NULL;
}

const char *json_string(const struct json *j, const char *key, size_t max)
{
	return json_text((const struct json *)member(j, key), max);
}

bool json_number(const struct json *j, double *value)
{
	if (!cJSON_IsNumber(in(j)) || !isfinite(in(j)->valuedouble))
		return false;
	*value = in(j)->valuedouble;
	return true;
}

bool json_bool(const struct json *j, bool *value)
{
	*value = cJSON_IsTrue(in(j));
	return cJSON_IsBool(in(j));
}

// Recurses no deeper than cJSON parses.
bool json_has_duplicates(const struct json *j)
{
	for (const cJSON *a = in(j)->child; a; a = a->next) {
		for (const cJSON *b = a->next; cJSON_IsObject(in(j)) && b; b = b->next) {
			if (strcmp(a->string, b->string) == 0)
				return true;
		}
		if (json_has_duplicates((const struct json *)a))
			return true;
	}
	return false;
}

// Recurses no deeper than cJSON parses.
bool json_is_printable(const struct json *j)
{
	const cJSON *v = in(j);

	if ((v->string && !text_is_printable(v->string, 0, SIZE_MAX)) ||
	    (cJSON_IsString(v) && !text_is_printable(v->valuestring, 0, SIZE_MAX)))
		return false;
	for (const cJSON *child = v->child; child; child = child->next) {
		if (!json_is_printable((const struct json *)child))
			return false;
	}
	return true;
}

bool json_int(const struct json *j, const char *key, int64_t min, int64_t max, int64_t *value)
{
	double d;

	if (!json_number((const struct json *)member(j, key), &d))
		return false;
	// Compare as doubles first: converting a double that is out of range is undefined.
	if (d < (double)min || d > (double)max || d != trunc(d))
		return false;
	*value = (int64_t)d;
	return true;
}

bool json_id(const struct json *j, const char *key, char *out, size_t size)
{
	const char *text = json_string(j, key, size - 1);
	int64_t number;

	if (text)
		strcpy(out, text);
	else if (json_int(j, key, 0, INT64_C(1) << 53, &number))
		snprintf(out, size, "%" PRId64, number);
	else
		return false;
	return true;
}

bool json_is_true(const struct json *j, const char *key)
{
	return cJSON_IsTrue(member(j, key));
}

const struct json *json_first(const struct json *j)
{
	return j ? (const struct json *)in(j)->child : NULL;
}

const struct json *json_next(const struct json *j)
{
	return (const struct json *)in(j)->next;
}

size_t json_count(const struct json *j)
{
	size_t n = 0;
	for (const struct json *e = json_first(j); e; e = json_next(e))
		n++;
	return n;
}

const char *json_key(const struct json *j)
{
	return in(j)->string ? in(j)->string : "";
}

struct json *json_new_object(void)
{
	return (struct json *)cJSON_CreateObject();
}

struct json *json_new_array(void)
{
	return (struct json *)cJSON_CreateArray();
}

struct json *json_new_string(const char *s)
{
	return (struct json *)cJSON_CreateString(s);
}

struct json *json_new_bool(bool v)
{
	return (struct json *)cJSON_CreateBool(v);
}

struct json *json_new_raw(const char *text)
{
	return (struct json *)cJSON_CreateRaw(text);
}

struct json *json_copy(const struct json *j)
{
	return (struct json *)cJSON_Duplicate(in(j), 1);
}

void json_add(struct json *j, const char *key, struct json *child)
{
	cJSON_AddItemToObject(out(j), key, out(child));
}

void json_add_string(struct json *j, const char *key, const char *s)
{
	cJSON_AddStringToObject(out(j), key, s);
}

void json_add_int(struct json *j, const char *key, int64_t v)
{
	cJSON_AddNumberToObject(out(j), key, (double)v);
}

void json_add_number(struct json *j, const char *key, double v)
{
	cJSON_AddNumberToObject(out(j), key, v);
}

void json_add_bool(struct json *j, const char *key, bool v)
{
	cJSON_AddBoolToObject(out(j), key, v);
}

void json_add_null(struct json *j, const char *key)
{
	cJSON_AddNullToObject(out(j), key);
}

void json_set_string(struct json *j, const char *key, const char *s)
{
	cJSON_DeleteItemFromObjectCaseSensitive(out(j), key);
	json_add_string(j, key, s);
}

void json_push(struct json *array, struct json *child)
{
	cJSON_AddItemToArray(out(array), out(child));
}

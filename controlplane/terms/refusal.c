#include "terms/refusal.h"

#include "base/json.h"

#include <string.h>

static const struct {
	const char *code;
	unsigned status;
	const char *english, *russian;
} refusals[] = {
#define REFUSAL_ROW(name, code, status, english, russian)                                          \
	[REFUSAL_##name] = {code, status, english, russian},
        REFUSALS(REFUSAL_ROW)
#undef REFUSAL_ROW
};

const char *refusal_code(enum refusal r)
{
	return refusals[r].code;
}

enum refusal refusal_by_code(const char *code)
{
	int i = REFUSAL_COUNT;

	while (--i > REFUSAL_NONE && strcmp(refusals[i].code, code) != 0)
		;
	return (enum refusal)i;
}

unsigned refusal_status(enum refusal r)
{
	return refusals[r].status;
}

const char *refusal_text(enum refusal r)
{
	return refusals[r].english;
}

const char *refusal_text_russian(enum refusal r)
{
	return refusals[r].russian;
}

struct json *refusal_json(enum refusal r, const char *message)
{
	struct json *j = json_new_object();

	json_add_string(j, "reason", refusal_code(r));
	json_add_int(j, "status", refusal_status(r));
	json_add_string(j, "message", message);
	json_add_string(j, "messageRu", refusal_text_russian(r));
	return j;
}

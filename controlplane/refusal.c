#include "refusal.h"

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

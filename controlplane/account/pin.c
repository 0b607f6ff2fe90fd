#include "account/pin.h"

#include "base/address.h"
#include "base/shelf.h"
#include "base/text.h"
#include "terms/kinds.h"

#include <stdio.h>

#define KEY_SIZE (ROOM_KEY_SIZE + 1 + ADDRESS_TEXT_SIZE)

struct tries {
	uint64_t since_ms; // CLOCK_MONOTONIC
	uint32_t count; // wrong PINs since then
};

struct pins *pins_create(void)
{
	return (struct pins *)shelf_create(PIN_CLIENT_MAX, sizeof(struct tries));
}

void pins_destroy(struct pins *p)
{
	shelf_destroy((struct shelf *)p);
}

enum refusal pins_check(
        struct pins *p, const char *room, const char *client, const char *pin, const char *given,
        uint64_t now_ms
)
{
	struct shelf *shelf = (struct shelf *)p;
	char key[KEY_SIZE];

	if (!pin[0])
		return REFUSAL_NONE;
	if (!given[0])
		return REFUSAL_PIN_REQUIRED;
	snprintf(key, sizeof(key), "%s %s", room, client);
	struct tries *t = shelf_find(shelf, key);
	if (t && now_ms - t->since_ms >= PIN_TRIES_MS)
		*t = (struct tries){.since_ms = now_ms};
	if (t && t->count >= PIN_TRIES) // even with the right PIN, so that guessing reveals nothing
		return REFUSAL_PIN_LOCKED;
	if (text_equals_secret(given, pin))
		return REFUSAL_NONE;
	t = shelf_put(shelf, key);
	if (t->count++ == 0)
		t->since_ms = now_ms;
	return REFUSAL_PIN_WRONG;
}

#include "signaling/pin.h"

#include "base/address.h"
#include "base/memory.h"
#include "base/shelf.h"
#include "base/text.h"
#include "terms/kinds.h"

#include <stdio.h>
#include <stdlib.h>

#define KEY_SIZE (ROOM_KEY_SIZE + 1 + ADDRESS_TEXT_SIZE)

struct tries {
	uint64_t since_ms; // CLOCK_MONOTONIC
	uint32_t count; // wrong PINs since then
};

struct pins {
	struct shelf *tries; // by room and client
};

struct pins *pins_create(void)
{
	struct pins *p = memory_new(1, sizeof(*p));

	p->tries = shelf_create(PIN_CLIENT_MAX, sizeof(struct tries));
	return p;
}

void pins_destroy(struct pins *p)
{
	shelf_destroy(p->tries);
	free(p);
}

enum refusal pins_check(
        struct pins *p, const char *room, const char *client, const char *pin, const char *given,
        uint64_t now_ms
)
{
	char key[KEY_SIZE];

	if (!pin[0])
		return REFUSAL_NONE;
	if (!given[0])
		return REFUSAL_PIN_REQUIRED;
	snprintf(key, sizeof(key), "%s %s", room, client);
	struct tries *t = shelf_find(p->tries, key);
	if (t && now_ms - t->since_ms >= PIN_TRIES_MS)
		*t = (struct tries){.since_ms = now_ms};
	if (t && t->count >= PIN_TRIES) // even with the right PIN, so that guessing reveals nothing
		return REFUSAL_PIN_LOCKED;
	if (text_equals_secret(given, pin))
		return REFUSAL_NONE;
	t = shelf_put(p->tries, key);
	if (t->count++ == 0)
		t->since_ms = now_ms;
	return REFUSAL_PIN_WRONG;
}

// Attributes of a participant that the server knows. They come from a token's claims or from the
// page's URL, under the same names and with the same rules for values. A bad value does no harm: it
// is ignored, and reported so that the page can warn of it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "terms/kinds.h"

#define ATTRIBUTE_URL_MAX    1024 // bytes
#define ATTRIBUTE_HEADER_MAX 1024 // of an Authorization value
#define ATTRIBUTE_TOKEN_MAX  2048 // of an access token

#define ATTRIBUTE_LIFETIME_MAX_MS ((int64_t)100 * 365 * 86400 * 1000)

struct json;

enum attribute {
	ATTRIBUTE_ACCESS_TOKEN,
	ATTRIBUTE_AUTO_RECORD, // in tokens only, like the next one
	ATTRIBUTE_CAN_RECORD,
	ATTRIBUTE_DISPLAY_NAME,
	ATTRIBUTE_ITISPARTICIPANT,
	ATTRIBUTE_PEER_ID,
	ATTRIBUTE_ROLE, // in tokens only
	ATTRIBUTE_TOKEN_LIFETIME,
	ATTRIBUTE_VIDEO,
	ATTRIBUTE_WAITING_ROOM, // in tokens only
	ATTRIBUTE_ACCESS_URL,
	ATTRIBUTE_API_EVENT,
	ATTRIBUTE_AUTH_EVENT,
	ATTRIBUTE_AUTHORIZATION_ACCESS,
	ATTRIBUTE_ROOM_ID,
	ATTRIBUTE_START_TIME, // in tokens only
	ATTRIBUTE_MAX_BROADCASTERS, // in tokens only
	ATTRIBUTE_MAX_WATCHERS, // in tokens only
	ATTRIBUTE_PIN,
	ATTRIBUTE_HAND_ENABLED,
	ATTRIBUTE_COUNT,
	ATTRIBUTE_NONE = ATTRIBUTE_COUNT,
};

// A field is valid only if attributes_have says so; otherwise it is zero or empty.
struct attributes {
	uint32_t present; // a bit for each enum attribute with a good value
	uint32_t ignored; // a bit for each attribute with a bad value
	bool auto_record;
	bool can_record;
	bool hand_enabled;
	bool itisparticipant;
	bool moderator; // from the attribute role
	bool waiting_room;
	int64_t token_lifetime_ms;
	int64_t start_time_ms; // CLOCK_REALTIME
	int64_t max_broadcasters;
	int64_t max_watchers;
	char pin[ROOM_PIN_MAX + 1];
	char room_id[ROOM_NAME_MAX + 1];
	char peer_id[PEER_ID_SIZE];
	char display_name[PEER_NAME_SIZE]; // as text_clean_name writes it
	char access_token[ATTRIBUTE_TOKEN_MAX + 1];
	char video[ATTRIBUTE_URL_MAX + 1];
	char access_url[ATTRIBUTE_URL_MAX + 1];
	char api_event[ATTRIBUTE_URL_MAX + 1];
	char auth_event[ATTRIBUTE_HEADER_MAX + 1];
	char authorization_access[ATTRIBUTE_HEADER_MAX + 1];
};

// The attribute of this name, or ATTRIBUTE_NONE. Accepts peerID for peerId.
enum attribute attribute_find(const char *name);
const char *attribute_name(enum attribute);

// True for those that only a token may set (canRecord, role, waitingRoom, …).
bool attribute_is_jwt_only(enum attribute);

bool attributes_have(const struct attributes *, enum attribute);

// Sets an attribute from its unescaped text in a URL. Empty text sets nothing; a bad value marks
// the attribute as ignored. The caller must know whether this attribute is allowed in a URL.
void attributes_set(struct attributes *, enum attribute, const char *value);

// Sets an attribute from a claim, in which true and 1 mean the same as "true".
void attributes_set_json(struct attributes *, enum attribute, const struct json *value);

// Removes a value that the caller's rules do not allow, and marks the attribute as ignored.
void attributes_ignore(struct attributes *, enum attribute);

// Replaces the URL's values by those of a token's claims. A claim with a bad value removes the
// URL's value, too: a visitor must not choose what an integrator meant to fix.
void attributes_override(struct attributes *of_url, const struct attributes *of_claims);

// Rules that accounts share with attributes.
[[nodiscard]] bool attribute_url_is_good(const char *); // https, a host, printable ASCII
// As above, but without query and fragment; out has no slashes at its end.
[[nodiscard]] bool attribute_base_url_read(char *out, size_t size, const char *);
[[nodiscard]] bool attribute_header_is_good(const char *); // printable ASCII, no CR or LF

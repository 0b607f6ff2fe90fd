#include "account/attribute.h"

#include "base/iso8601.h"
#include "base/json.h"
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define START_S_MAX ((int64_t)100000000000) // anything larger is in milliseconds
#define COUNT_MAX   1000000 // people: as good as no limit
#define TIME_MS_MAX ((int64_t)253402300799999) // the end of year 9999

enum type {
	TYPE_BOOL,
	TYPE_TEXT,
	TYPE_NAME,
	TYPE_PEER_ID,
	TYPE_ROLE,
	TYPE_ROOM_ID,
	TYPE_DURATION,
	TYPE_TIME,
	TYPE_COUNT,
	TYPE_PIN,
	TYPE_URL,
	TYPE_BASE_URL, // paths are appended to it
	TYPE_HEADER,
};

#define AT(field) offsetof(struct attributes, field), sizeof(((struct attributes *)0)->field)

static const struct definition {
	const char *name;
	enum type type;
	size_t offset, size;
	bool jwt_only;
} definitions[ATTRIBUTE_COUNT] = {
        [ATTRIBUTE_ACCESS_TOKEN] = {"accessToken", TYPE_TEXT, AT(access_token)},
        [ATTRIBUTE_AUTO_RECORD] = {"autoRecord", TYPE_BOOL, AT(auto_record), true},
        [ATTRIBUTE_CAN_RECORD] = {"canRecord", TYPE_BOOL, AT(can_record), true},
        [ATTRIBUTE_DISPLAY_NAME] = {"displayName", TYPE_NAME, AT(display_name)},
        [ATTRIBUTE_ITISPARTICIPANT] = {"itisparticipant", TYPE_BOOL, AT(itisparticipant)},
        [ATTRIBUTE_PEER_ID] = {"peerId", TYPE_PEER_ID, AT(peer_id)},
        [ATTRIBUTE_ROLE] = {"role", TYPE_ROLE, AT(moderator), true},
        [ATTRIBUTE_TOKEN_LIFETIME] = {"tokenLifetime", TYPE_DURATION, AT(token_lifetime_ms)},
        [ATTRIBUTE_VIDEO] = {"video", TYPE_URL, AT(video)},
        [ATTRIBUTE_WAITING_ROOM] = {"waitingRoom", TYPE_BOOL, AT(waiting_room), true},
        [ATTRIBUTE_ACCESS_URL] = {"accessUrl", TYPE_URL, AT(access_url)},
        [ATTRIBUTE_API_EVENT] = {"apiEvent", TYPE_BASE_URL, AT(api_event)},
        [ATTRIBUTE_AUTH_EVENT] = {"authEvent", TYPE_HEADER, AT(auth_event)},
        [ATTRIBUTE_AUTHORIZATION_ACCESS] =
                {"authorizationAccess", TYPE_HEADER, AT(authorization_access)},
        [ATTRIBUTE_ROOM_ID] = {"roomId", TYPE_ROOM_ID, AT(room_id)},
        [ATTRIBUTE_START_TIME] = {"startTime", TYPE_TIME, AT(start_time_ms), true},
        [ATTRIBUTE_MAX_BROADCASTERS] = {"maxBroadcasters", TYPE_COUNT, AT(max_broadcasters), true},
        [ATTRIBUTE_MAX_WATCHERS] = {"maxWatchers", TYPE_COUNT, AT(max_watchers), true},
        [ATTRIBUTE_PIN] = {"pin", TYPE_PIN, AT(pin)},
        [ATTRIBUTE_HAND_ENABLED] = {"handEnabled", TYPE_BOOL, AT(hand_enabled)},
};

enum attribute attribute_find(const char *name)
{
	if (strcmp(name, "peerID") == 0) // integrators use this spelling, too
		name = "peerId";
	for (int i = 0; i < ATTRIBUTE_COUNT; i++) {
		if (strcmp(name, definitions[i].name) == 0)
			return (enum attribute)i;
	}
	return ATTRIBUTE_NONE;
}

const char *attribute_name(enum attribute a)
{
	return definitions[a].name;
}

bool attribute_is_jwt_only(enum attribute a)
{
	return definitions[a].jwt_only;
}

bool attributes_have(const struct attributes *s, enum attribute a)
{
	return s->present >> a & 1;
}

// RFC 3986 2: characters that are allowed in URLs at all.
static bool url_characters_are_good(const char *s)
{
	for (; *s; s++) {
		if (!isalnum((unsigned char)*s) && !strchr("-._~:/?#[]@!$&'()*+,;=%", *s))
			return false;
	}
	return true;
}

// A name, an IPv4 address or an IPv6 address in brackets, optionally with a port.
static bool authority_is_good(const char *s, size_t len)
{
	size_t host = 0;

	if (len > 0 && s[0] == '[') {
		host = 1 + strspn(s + 1, "0123456789abcdefABCDEF:.");
		if (host < 4 || s[host++] != ']')
			return false;
	} else {
		while (host < len && (isalnum((unsigned char)s[host]) || strchr("-.", s[host])))
			host++;
	}
	if (host == 0 || s[0] == '.' || s[0] == '-')
		return false;
	if (host == len)
		return true;
	size_t digits = strspn(s + host + 1, "0123456789");
	long port = strtol(s + host + 1, NULL, 10);
	return s[host] == ':' && digits <= 5 && host + 1 + digits == len && port >= 1 &&
	       port <= 65535;
}

bool attribute_url_is_good(const char *s)
{
	size_t scheme = strlen("https://");

	return strnlen(s, ATTRIBUTE_URL_MAX + 1) <= ATTRIBUTE_URL_MAX &&
	       strncasecmp(s, "https://", scheme) == 0 && url_characters_are_good(s) &&
	       authority_is_good(s + scheme, strcspn(s + scheme, "/?#"));
}

bool attribute_base_url_read(char *out, size_t size, const char *s)
{
	if (!attribute_url_is_good(s) || strpbrk(s, "?#") || strlen(s) >= size)
		return false;
	size_t len = strlen(s);
	while (s[len - 1] == '/') // stops at the host at the latest
		len--;
	memcpy(out, s, len);
	out[len] = '\0';
	return true;
}

bool attribute_header_is_good(const char *s)
{
	size_t len = strnlen(s, ATTRIBUTE_HEADER_MAX + 1);

	if (len == 0 || len > ATTRIBUTE_HEADER_MAX || s[0] == ' ' || s[len - 1] == ' ')
		return false;
	for (; *s; s++) {
		if (*s < 0x20 || *s > 0x7e)
			return false;
	}
	return true;
}

static bool integer_read(const char *s, int64_t min, int64_t max, int64_t *out)
{
	char *end;

	if (!isdigit((unsigned char)*s))
		return false;
	errno = 0;
	*out = strtoll(s, &end, 10);
	return errno == 0 && !*end && *out >= min && *out <= max;
}

static bool bool_read(const char *s, bool *out)
{
	*out = text_is_true(s);
	return *out || strcmp(s, "false") == 0 || strcmp(s, "0") == 0;
}

static bool time_read(const char *s, int64_t *ms)
{
	if (!integer_read(s, 0, TIME_MS_MAX, ms))
		return iso8601_parse(s, ms);
	if (*ms < START_S_MAX)
		*ms *= 1000;
	return true;
}

// Whether text of this type may be copied as it is.
static bool text_is_good(enum type type, const char *s, size_t size)
{
	if (strlen(s) >= size)
		return false;
	switch (type) {
	case TYPE_TEXT: return text_is_printable(s, 1, size);
	case TYPE_PEER_ID: return text_is_printable(s, 1, PEER_ID_MAX);
	case TYPE_ROOM_ID: return text_is_token(s, ROOM_NAME_MAX);
	case TYPE_PIN: return text_is_token(s, ROOM_PIN_MAX) && strlen(s) >= ROOM_PIN_MIN;
	case TYPE_URL: return attribute_url_is_good(s);
	case TYPE_HEADER: return attribute_header_is_good(s);
	default: return false;
	}
}

static bool value_read(const struct definition *d, const char *value, void *out)
{
	switch (d->type) {
	case TYPE_BOOL: return bool_read(value, out);
	case TYPE_DURATION: return integer_read(value, 1, ATTRIBUTE_LIFETIME_MAX_MS, out);
	case TYPE_TIME: return time_read(value, out);
	case TYPE_COUNT: return integer_read(value, 1, COUNT_MAX, out);
	case TYPE_ROLE:
		*(bool *)out = strcasecmp(value, "moderator") == 0; // integrators use both cases
		return *(bool *)out;
	case TYPE_BASE_URL: return attribute_base_url_read(out, d->size, value);
	case TYPE_NAME: return text_clean_name(out, PEER_NAME_MAX, value) > 0;
	default:
		if (!text_is_good(d->type, value, d->size))
			return false;
		strcpy(out, value);
		return true;
	}
}

void attributes_ignore(struct attributes *s, enum attribute a)
{
	memset((char *)s + definitions[a].offset, 0, definitions[a].size);
	s->present &= ~(1u << a);
	s->ignored |= 1u << a;
}

void attributes_set(struct attributes *s, enum attribute a, const char *value)
{
	const struct definition *d = &definitions[a];

	if (!*value)
		return;
	if (value_read(d, value, (char *)s + d->offset))
		s->present |= 1u << a;
	else
		attributes_ignore(s, a);
}

// The value as it would be in a URL; NULL if its type does not fit. Numbers are accepted for
// numeric attributes and as a peerId, which may be a "number, GUID, or email".
static const char *text_of(enum type type, const struct json *value, char number[24])
{
	bool truth;
	double d;

	if (json_bool(value, &truth))
		return type != TYPE_BOOL ? NULL : truth ? "true" : "false";
	if (!json_number(value, &d))
		return json_text(value, ATTRIBUTE_TOKEN_MAX);
	if (type != TYPE_BOOL && type != TYPE_DURATION && type != TYPE_TIME && type != TYPE_COUNT &&
	    type != TYPE_PIN && type != TYPE_PEER_ID)
		return NULL;
	if (d < 0 || d > (double)((int64_t)1 << 53) || d != (double)(int64_t)d)
		return NULL;
	snprintf(number, 24, "%" PRId64, (int64_t)d);
	return number;
}

void attributes_set_json(struct attributes *s, enum attribute a, const struct json *value)
{
	char number[24];
	const char *text = text_of(definitions[a].type, value, number);

	if (text)
		attributes_set(s, a, text);
	else
		attributes_ignore(s, a);
}

void attributes_override(struct attributes *s, const struct attributes *claims)
{
	for (int i = 0; i < ATTRIBUTE_COUNT; i++) {
		const struct definition *d = &definitions[i];
		if (claims->ignored >> i & 1)
			attributes_ignore(s, (enum attribute)i);
		if (!attributes_have(claims, (enum attribute)i))
			continue;
		memcpy((char *)s + d->offset, (const char *)claims + d->offset, d->size);
		s->present |= 1u << i;
	}
}

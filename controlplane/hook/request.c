#include "hook/request.h"

#include "base/iso8601.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SECRET_PREFIX    "whsec_"
#define SECRET_BYTES_MAX 256
#define MESSAGE_TEXT_MAX 4096

static const struct {
	const char *name;
	const char *suffix; // of the event's id
} kinds[HOOK_EVENT_KINDS] = {
        [HOOK_JOIN_PEER] = {"joinPeer", "join"},
        [HOOK_CLOSE_PEER] = {"closePeer", "close"},
        [HOOK_RECORDING_STARTED] = {"recordingStarted", "started"},
        [HOOK_RECORDING_STOPPED] = {"recordingStopped", "stopped"},
        [HOOK_RECORDING_READY] = {"recordingReady", "ready"},
        [HOOK_RECORDING_COMPOSED] = {"recordingComposed", "composed"},
};

const char *hook_event_name(enum hook_event_kind kind)
{
	return kinds[kind].name;
}

void hook_event_id(char out[HOOK_EVENT_ID_SIZE], const struct hook_event *e)
{
	int len = snprintf(
	        out, HOOK_EVENT_ID_SIZE, "%016" PRIx64 "-%s", e->subject, kinds[e->kind].suffix
	);

	if (e->kind == HOOK_RECORDING_COMPOSED) // the only one that a recording may have twice
		snprintf(out + len, HOOK_EVENT_ID_SIZE - (size_t)len, "-%" PRId64, e->sequence);
}

// Percent-encodes all but the unreserved characters of RFC 3986. Returns the end of the text; out
// has 3 bytes for each byte of s.
static char *escape(char *out, const char *s)
{
	static const char unreserved[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (; *s; s++) {
		if (strchr(unreserved, *s))
			*out++ = *s;
		else
			out += sprintf(out, "%%%02X", (unsigned char)*s);
	}
	return out;
}

char *hook_request_url(const struct hook_peer *p, enum hook_event_kind kind)
{
	const struct {
		const char *name, *value;
	} values[] = {
	        {"roomId", p->room_id},
	        {"peerId", p->peer_id},
	        {"displayName", p->display_name},
	        {"token", p->token},
	};
	size_t base = strcspn(p->url, "?#"), size = strlen(p->url) + 64;

	for (int i = 0; i < 4; i++)
		size += 16 + 3 * strlen(values[i].value);
	char *url = memory_new(size, 1), *out = url;
	const char *query = p->url + base;
	while (base > 0 && p->url[base - 1] == '/')
		base--;
	out += sprintf(out, "%.*s/%s?", (int)base, p->url, hook_event_name(kind));
	for (int i = 0; i < 4; i++) {
		out += sprintf(out, "%s%s=", i ? "&" : "", values[i].name);
		out = escape(out, values[i].value);
	}
	if (query[0] == '?' && query[1])
		out += sprintf(out, "&%.*s", (int)strcspn(query + 1, "#"), query + 1);
	*out = '\0';
	return url;
}

static char *print_and_free(struct json *j)
{
	char *text = json_print(j);
	json_free(j);
	return text;
}

char *hook_request_access(const struct hook_peer *p, const char *access_token)
{
	struct json *j = json_new_object();

	json_add_string(j, "accessToken", access_token);
	json_add_string(j, "roomId", p->room_id);
	json_add_string(j, "peerId", p->peer_id);
	return print_and_free(j);
}

static void visit_add(struct json *j, const struct hook_event *e)
{
	char visit[17];

	snprintf(visit, sizeof(visit), "%016" PRIx64, e->subject);
	json_add_string(j, "visitId", visit);
	json_add_string(j, "roomId", e->room_id);
	json_add_string(j, "peerId", e->peer_id);
	json_add_string(j, "displayName", e->display_name);
}

struct json *hook_event_json(const struct hook_event *e)
{
	struct json *j = json_new_object();
	char id[HOOK_EVENT_ID_SIZE], time[ISO8601_SIZE];

	hook_event_id(id, e);
	iso8601_print(time, e->time_ms);
	json_add_string(j, "event", hook_event_name(e->kind));
	json_add_string(j, "eventId", id);
	json_add_int(j, "sequence", e->sequence);
	json_add_string(j, "time", time);
	if (!hook_event_is_of_recording(e->kind)) {
		visit_add(j, e);
		return j;
	}
	json_add_string(j, "roomId", e->room_id);
	json_add(j, "recording", json_new_raw(e->recording[0] ? e->recording : "null"));
	return j;
}

char *hook_request_event(const struct hook_event *e, const char *token)
{
	struct json *j = hook_event_json(e);

	if (token)
		json_add_string(j, "token", token);
	return print_and_free(j);
}

// Decodes the base64 after "whsec_". Returns the number of bytes, or 0 if the secret does not have
// that form.
static size_t secret_decode(unsigned char key[SECRET_BYTES_MAX], const char *secret)
{
	const char *text = secret + sizeof(SECRET_PREFIX) - 1;

	if (strncmp(secret, SECRET_PREFIX, sizeof(SECRET_PREFIX) - 1) != 0 ||
	    strlen(text) > SECRET_BYTES_MAX / 3 * 4)
		return 0;
	size_t padding = strlen(text) - strcspn(text, "=");
	int n = EVP_DecodeBlock(key, (const unsigned char *)text, (int)strlen(text));
	return n > (int)padding ? (size_t)n - padding : 0;
}

void hook_request_sign(
        char out[HOOK_SIGNATURE_SIZE], const char *secret, const char *event_id, int64_t seconds,
        const char *body
)
{
	unsigned char key[SECRET_BYTES_MAX], digest[EVP_MAX_MD_SIZE];
	unsigned digest_len = 0;
	size_t decoded = secret_decode(key, secret), size = strlen(event_id) + strlen(body) + 32;
	char *text = memory_new(size, 1);

	int len = snprintf(text, size, "%s.%" PRId64 ".%s", event_id, seconds, body);
	HMAC(EVP_sha256(), decoded ? (const void *)key : secret,
	     (int)(decoded ? decoded : strlen(secret)), (const unsigned char *)text, (size_t)len,
	     digest, &digest_len);
	strcpy(out, "v1,");
	EVP_EncodeBlock((unsigned char *)out + 3, digest, (int)digest_len);
	explicit_bzero(key, sizeof(key));
	free(text);
}

enum hook_verdict hook_verdict_of(unsigned status, bool join)
{
	if (status == 200)
		return HOOK_ADMIT;
	if (status == 423)
		return HOOK_LOCKED;
	if (status == 425)
		return HOOK_NOT_STARTED;
	return join && status >= 500 ? HOOK_UNAVAILABLE : HOOK_DECLINED;
}

static bool type_is(const char *type, const char *wanted)
{
	size_t len = strlen(wanted);

	return strncasecmp(type, wanted, len) == 0 && (!type[len] || strchr("; ", type[len]));
}

// Makes one line of a text: runs of blanks and control characters become one blank. Cuts a long
// text between characters.
static void line_make(char out[HOOK_MESSAGE_MAX + 1], const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n <= HOOK_MESSAGE_MAX; i++) {
		bool blank = (unsigned char)text[i] <= ' ' || text[i] == 0x7f;
		if (!blank)
			out[n++] = text[i];
		else if (n > 0 && out[n - 1] != ' ' && n < HOOK_MESSAGE_MAX)
			out[n++] = ' ';
		if (n > HOOK_MESSAGE_MAX) { // the last character may be incomplete: remove it
			while (n > 0 && ((unsigned char)out[n - 1] & 0xc0) == 0x80)
				n--;
			n--;
			break;
		}
	}
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

void hook_message_read(
        char out[HOOK_MESSAGE_MAX + 1], const char *type, const char *body, size_t len
)
{
	struct json *j = NULL;

	if (type_is(type, "application/json")) {
		j = json_parse(body, len);
		body = json_string(j, "message", MESSAGE_TEXT_MAX);
		len = body ? strlen(body) : 0;
	} else if (type_is(type, "text/html") && memchr(body, '<', len)) {
		len = 0; // looks like a page, not a sentence
	}
	line_make(out, body, len);
	if (!text_is_printable(out, 1, HOOK_MESSAGE_MAX))
		out[0] = '\0';
	json_free(j);
}

#include "account/setting.h"

#include "account/attribute.h"
#include "base/address.h"
#include "base/json.h"
#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX          4096 // characters, as in the operator's command
#define SECRET_MIN         16 // characters of a secret that the operator gives
#define HOOK_SECRET_PREFIX "whsec_"
#define HOOK_SECRET_BYTES  32
#define HOOK_SECRET_SIZE   (sizeof(HOOK_SECRET_PREFIX) + (HOOK_SECRET_BYTES + 2) / 3 * 4)

enum kind {
	KIND_SWITCH, // bool
	KIND_FAIL, // bool, true: open
	KIND_CONSENT, // bool, true: ask
	KIND_VERSION, // uint8_t
	KIND_URL,
	KIND_BASE_URL,
	KIND_HEADER,
	KIND_SECRET,
	KIND_ADDRESSES,
	KIND_NUMBER, // uint32_t, from 1
	KIND_LIMIT, // uint32_t, 0: none
};

const struct account_setting account_settings[] = {
        {"jwt-required", "on|off", "refuse people who have no valid token"},
        {"debug", "on|off",
         "honour accessUrl, apiEvent and their headers in the page's URL, whatever host they name"},
        {"enforce-start-time", "on|off", "refuse people before their token's startTime"},
        {"access-url", "https://URL|none", "decides whether an accessToken admits"},
        {"authorization-access", "HEADER|none", "value of Authorization for access-url"},
        {"api-event", "https://URL|none", "receives joinPeer and closePeer"},
        {"auth-event", "HEADER|none", "value of Authorization for api-event"},
        {"hook-fail", "open|closed", "whether people can join while api-event does not answer"},
        {"hook-version", "1|2", "1: GET; 2: POST of signed JSON"},
        {"hook-secret", "new|SECRET|none",
         "signs version 2; new creates a secret and shows it only once"},
        {"native-clients", "on|off",
         "WebSockets without an Origin, such as those of apps, require no token"},
        {"waiting-room", "on|off", "in all rooms, people wait until a moderator admits them"},
        {"rest-addresses", "ADDRESS[/BITS],...|none",
         "can use REST at the account's hosts without an API token; list no proxies"},
        {"record-consent", "notice|ask",
         "notice: people are told of a recording; ask: speakers are recorded once they consent"},
        {"record-tracks", "on|off", "also record a file for each camera, microphone and screen"},
        {"record-days", "NUMBER|none", "remove recordings so many days after they were started"},
        {"max-recorded-mib", "NUMBER|none", "MiB of recordings that the account may have"},
#define QUOTA_SETTING(quota, setting, standard, help) {setting, "NUMBER", help},
        QUOTAS(QUOTA_SETTING)
#undef QUOTA_SETTING
                {0},
};

// Kinds and members of the settings above, in the same order. New settings need no column in the
// file.
static const struct {
	enum kind kind;
	size_t offset;
} fields[] = {
        {KIND_SWITCH, offsetof(struct account, jwt_required)},
        {KIND_SWITCH, offsetof(struct account, debug)},
        {KIND_SWITCH, offsetof(struct account, enforce_start_time)},
        {KIND_URL, offsetof(struct account, access_url)},
        {KIND_HEADER, offsetof(struct account, authorization_access)},
        {KIND_BASE_URL, offsetof(struct account, api_event)},
        {KIND_HEADER, offsetof(struct account, auth_event)},
        {KIND_FAIL, offsetof(struct account, hook_fail_open)},
        {KIND_VERSION, offsetof(struct account, hook_version)},
        {KIND_SECRET, offsetof(struct account, hook_secret)},
        {KIND_SWITCH, offsetof(struct account, native_clients)},
        {KIND_SWITCH, offsetof(struct account, waiting_room)},
        {KIND_ADDRESSES, offsetof(struct account, rest_addresses)},
        {KIND_CONSENT, offsetof(struct account, record_consent_asks)},
        {KIND_SWITCH, offsetof(struct account, record_tracks)},
        {KIND_LIMIT, offsetof(struct account, record_days)},
        {KIND_LIMIT, offsetof(struct account, recorded_mib_max)},
#define QUOTA_FIELD(quota, setting, standard, help)                                                \
	{KIND_NUMBER, offsetof(struct account, quotas[QUOTA_##quota])},
        QUOTAS(QUOTA_FIELD)
#undef QUOTA_FIELD
};
#define WITH_COLUMN 10 // so many of the first ones have a column in the file
static_assert(
        sizeof(fields) / sizeof(fields[0]) + 1 ==
        sizeof(account_settings) / sizeof(account_settings[0])
);

static int setting_find(const char *name)
{
	for (int i = 0; account_settings[i].name; i++) {
		if (strcmp(account_settings[i].name, name) == 0)
			return i;
	}
	return -1;
}

// Returns 0 or 1 for one of two words, else -1.
static int word_read(const char *value, const char *zero, const char *one)
{
	return strcmp(value, one) == 0 ? 1 : strcmp(value, zero) == 0 ? 0 : -1;
}

// Makes a secret as libraries for Standard Webhooks expect it: "whsec_" and base64.
static void hook_secret_make(char out[HOOK_SECRET_SIZE])
{
	unsigned char random[HOOK_SECRET_BYTES];

	memory_random(random, sizeof(random));
	strcpy(out, HOOK_SECRET_PREFIX);
	EVP_EncodeBlock((unsigned char *)out + strlen(out), random, sizeof(random));
	OPENSSL_cleanse(random, sizeof(random));
}

static bool text_set(enum kind kind, char **field, const char *value)
{
	char base[ATTRIBUTE_URL_MAX + 1], secret[HOOK_SECRET_SIZE];

	if (strcmp(value, "none") == 0) {
		value = NULL;
	} else if (kind == KIND_URL) {
		if (!attribute_url_is_good(value) || strchr(value, '#'))
			return false;
	} else if (kind == KIND_BASE_URL) {
		if (!attribute_base_url_read(base, sizeof(base), value))
			return false;
		value = base;
	} else if (kind == KIND_SECRET && strcmp(value, "new") == 0) {
		hook_secret_make(secret);
		value = secret;
	} else if (kind == KIND_ADDRESSES) {
		if (!address_list_is_good(value))
			return false;
	} else if (!attribute_header_is_good(value)) {
		return false;
	} else if (kind == KIND_SECRET && strlen(value) < SECRET_MIN) {
		return false;
	}
	account_secret_free(*field);
	*field = value ? memory_copy_string(value) : NULL;
	return true;
}

static bool number_set(uint32_t *field, const char *value)
{
	size_t digits = strspn(value, "0123456789");

	if (digits == 0 || digits > 9 || value[digits] || strtoul(value, NULL, 10) == 0)
		return false;
	*field = (uint32_t)strtoul(value, NULL, 10);
	return true;
}

static bool limit_set(uint32_t *field, const char *value)
{
	if (strcmp(value, "none") != 0)
		return number_set(field, value);
	*field = 0;
	return true;
}

static bool value_set(enum kind kind, void *field, const char *value)
{
	int word;

	switch (kind) {
	case KIND_SWITCH: word = word_read(value, "off", "on"); break;
	case KIND_FAIL: word = word_read(value, "closed", "open"); break;
	case KIND_CONSENT: word = word_read(value, "notice", "ask"); break;
	case KIND_VERSION:
		word = word_read(value, "1", "2");
		if (word >= 0)
			*(uint8_t *)field = (uint8_t)(word + 1);
		return word >= 0;
	case KIND_NUMBER: return number_set(field, value);
	case KIND_LIMIT: return limit_set(field, value);
	default: return text_set(kind, field, value);
	}
	if (word >= 0)
		*(bool *)field = word;
	return word >= 0;
}

static const char *hint(enum kind kind)
{
	switch (kind) {
	case KIND_URL:
	case KIND_BASE_URL:
		return " (an https URL without user and fragment; api-event also without query)";
	case KIND_HEADER: return " (1 to 1024 printable ASCII characters)";
	case KIND_SECRET: return " (16 to 1024 printable ASCII characters)";
	case KIND_NUMBER:
	case KIND_LIMIT: return " (1 to 999999999)";
	case KIND_ADDRESSES: return ", such as 192.0.2.7,10.0.0.0/8,2001:db8::/48";
	default: return "";
	}
}

int account_set(struct account *a, const char *name, const char *value, struct account_error *e)
{
	int i = setting_find(name);

	if (i < 0)
		return account_fail(e, -EINVAL, "there is no setting %.80s", name);
	if (value_set(fields[i].kind, (char *)a + fields[i].offset, value))
		return 0;
	return account_fail(
	        e, -EINVAL, "%s does not take \"%.80s\"; accepted: %s%s", name, value,
	        account_settings[i].accepted, hint(fields[i].kind)
	);
}

const char *
account_get(const struct account *a, const char *name, char scratch[ACCOUNT_NUMBER_SIZE])
{
	int i = setting_find(name);
	const char *field = (const char *)a + fields[i].offset;

	switch (fields[i].kind) {
	case KIND_SWITCH: return *(const bool *)field ? "on" : "off";
	case KIND_FAIL: return *(const bool *)field ? "open" : "closed";
	case KIND_CONSENT: return *(const bool *)field ? "ask" : "notice";
	case KIND_VERSION: return *(const uint8_t *)field == 2 ? "2" : "1";
	case KIND_LIMIT:
		if (*(const uint32_t *)field == 0)
			return "none";
		[[fallthrough]];
	case KIND_NUMBER:
		snprintf(scratch, ACCOUNT_NUMBER_SIZE, "%u", *(const uint32_t *)field);
		return scratch;
	default: return *(char *const *)field ? *(char *const *)field : "none";
	}
}

char *account_settings_write(const struct account *a)
{
	char one[ACCOUNT_NUMBER_SIZE], other[ACCOUNT_NUMBER_SIZE];
	struct account *first = account_create(ACCOUNT_DEFAULT, &(struct account_error){0});
	struct json *j = json_new_object();

	for (const struct account_setting *s = account_settings + WITH_COLUMN; s->name; s++) {
		const char *value = account_get(a, s->name, one);
		if (strcmp(value, account_get(first, s->name, other)) != 0)
			json_add_string(j, s->name, value);
	}
	char *text = json_print(j);
	json_free(j);
	account_free(first);
	return text;
}

int account_settings_read(struct account *a, const char *text)
{
	struct json *j = text ? json_parse(text, strlen(text)) : NULL;
	int ret = json_is_object(j) ? 0 : -EINVAL;
	struct account_error e;

	for (const struct json *m = ret < 0 ? NULL : json_first(j); m && ret == 0;
	     m = json_next(m)) {
		const char *value = json_text(m, VALUE_MAX);
		ret = value ? account_set(a, json_key(m), value, &e) : -EINVAL;
	}
	json_free(j);
	return ret;
}

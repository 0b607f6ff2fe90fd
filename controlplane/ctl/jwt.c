#include "jwt.h"

#include "account/account.h"
#include "account/attribute.h"
#include "account/token.h"
#include "base/base64url.h"
#include "base/json.h"
#include "base/memory.h"
#include "print.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LIFETIME_S "3600"

const struct option jwt_keygen_options[] = {
        {"--bits", "2048|3072|4096", "size of the key; 2048 is recommended, and the default"},
        {0},
};

const struct option jwt_sign_options[] = {
        {"--room", "ROOM", "the only room that the token opens; default: all rooms"},
        {"--claim", "NAME=VALUE", "such as role=moderator; can be repeated"},
        {"--expires", "SECONDS", "from now; default: " LIFETIME_S "; 0: never"},
        {"--kid", "KID", "names the key for the server; without it, the server tries all"},
        {0},
};

static FILE *file_make(const char *path, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f)
		fail(STATUS_REFUSED, "%s cannot be created: %s", path, strerror(errno));
	return f;
}

static enum status pair_write(EVP_PKEY *key, const char *path, const char *public_path)
{
	FILE *f = file_make(path, 0600);

	if (!f)
		return STATUS_REFUSED;
	bool good = PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1;
	good &= fclose(f) == 0;
	f = good ? file_make(public_path, 0644) : NULL;
	if (f) {
		good = PEM_write_PUBKEY(f, key) == 1;
		good &= fclose(f) == 0;
	}
	if (f && good)
		return STATUS_DONE;
	unlink(path);
	return f || !good ? fail(STATUS_REFUSED, "%s cannot be written", path) : STATUS_REFUSED;
}

static void pair_print(const char *path, const char *public_path)
{
	struct json *j = json_new_object();

	json_add_string(j, "private", path);
	json_add_string(j, "public", public_path);
	print_json(j);
	json_free(j);
}

enum status jwt_keygen(const struct arguments *a)
{
	const char *bits = option_get(a, "bits", "2048");
	char public_path[4096];

	if (strcmp(bits, "2048") != 0 && strcmp(bits, "3072") != 0 && strcmp(bits, "4096") != 0)
		return fail(
		        STATUS_USAGE, "--bits does not take %s; accepted: 2048, 3072, 4096", bits
		);
	snprintf(public_path, sizeof(public_path), "%s.pub", a->list[0]);
	EVP_PKEY *key = EVP_RSA_gen((size_t)atoi(bits));
	if (!key)
		return fail(STATUS_REFUSED, "the key could not be created");
	enum status s = pair_write(key, a->list[0], public_path);
	if (s == STATUS_DONE && a->json)
		pair_print(a->list[0], public_path);
	else if (s == STATUS_DONE)
		printf("%s is secret: it signs tokens. Register the public key:\n"
		       "  amphictl key add ACCOUNT %s\n",
		       a->list[0], public_path);
	EVP_PKEY_free(key);
	return s;
}

static EVP_PKEY *private_key_read(const char *path)
{
	FILE *f = fopen(path, "r");
	EVP_PKEY *key = f ? PEM_read_PrivateKey(f, NULL, NULL, "") : NULL;

	if (!f)
		fail(STATUS_REFUSED, "%s cannot be read: %s", path, strerror(errno));
	else if (!key || !EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_get_bits(key) < ACCOUNT_KEY_BITS_MIN) {
		fail(STATUS_REFUSED,
		     "%s is not a private RSA key of 2048 bits or more without a passphrase: "
		     "amphictl jwt keygen creates one",
		     path);
		EVP_PKEY_free(key);
		key = NULL;
	}
	if (f)
		fclose(f);
	return key;
}

// true, false and whole numbers become JSON values of their type; anything else becomes a string.
static struct json *value_of(const char *text)
{
	struct json *j = NULL;
	size_t len = strlen(text);

	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0 ||
	    (len > 0 && len <= 15 && strspn(text, "0123456789") == len && text[0] != '0'))
		j = json_parse(text, len);
	return j ? j : json_new_string(text);
}

static bool is_registered(const char *name) // RFC 7519 4.1
{
	static const char *const names[] = {"iss", "sub", "aud", "exp", "nbf", "iat", "jti"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

static enum status claim_unknown(const char *name)
{
	char names[512] = "";

	for (int i = 0; i < ATTRIBUTE_COUNT; i++) {
		strcat(names, attribute_name((enum attribute)i));
		strcat(names, ", ");
	}
	return fail(
	        STATUS_USAGE,
	        "--claim: unknown name %s; accepted: %siss, sub, aud, exp, nbf, iat, jti", name,
	        names
	);
}

// Reports a claim that the server would not accept already now, rather than when a page is refused.
static enum status claim_check(const char *name, const struct json *value)
{
	static struct attributes scratch;
	enum attribute at = attribute_find(name);

	if (at == ATTRIBUTE_NONE)
		return is_registered(name) ? STATUS_DONE : claim_unknown(name);
	attributes_set_json(&scratch, at, value);
	if (scratch.ignored)
		return fail(STATUS_USAGE, "--claim: the server accepts no such value of %s", name);
	return STATUS_DONE;
}

static enum status claim_add(struct json *payload, const char *text)
{
	size_t len = strcspn(text, "=");
	char *name = strndup(text, len);
	enum status s = STATUS_USAGE;

	if (!text[len] || len == 0) {
		fail(STATUS_USAGE, "--claim takes NAME=VALUE, not %s", text);
	} else if (json_has(payload, name)) {
		fail(STATUS_USAGE, "--claim: %s is given twice", name);
	} else {
		struct json *value = value_of(text + len + 1);
		s = claim_check(name, value);
		json_add(payload, name, value);
	}
	free(name);
	return s;
}

static enum status payload_make(const struct arguments *a, struct json *payload)
{
	const char *room = option_get(a, "room", NULL);
	const char *expires = option_get(a, "expires", LIFETIME_S);
	enum status s = STATUS_DONE;
	char *end;

	long seconds = strtol(expires, &end, 10);
	if (!isdigit((unsigned char)*expires) || *end || seconds > 10L * 365 * 86400)
		return fail(
		        STATUS_USAGE, "--expires takes seconds, up to ten years, not %s", expires
		);
	if (room) {
		char claim[256];
		snprintf(claim, sizeof(claim), "roomId=%s", room);
		s = claim_add(payload, claim);
	}
	for (int i = 0; i < a->option_count && s == STATUS_DONE; i++) {
		if (strcmp(a->options[i].name, "claim") == 0)
			s = claim_add(payload, a->options[i].value);
	}
	if (seconds > 0 && !json_has(payload, "exp"))
		json_add_int(payload, "exp", (int64_t)time(NULL) + seconds);
	return s;
}

static char *encoded(const struct json *j)
{
	char *text = json_print(j);
	char *out = memory_new(BASE64URL_SIZE(strlen(text)), 1);

	base64url_encode(out, text, strlen(text));
	free(text);
	return out;
}

static enum status
token_print(EVP_PKEY *key, const struct json *header, const struct json *payload, bool as_json)
{
	uint8_t signature[2048];
	size_t len = sizeof(signature);
	char *first = encoded(header), *second = encoded(payload), *text;
	char third[BASE64URL_SIZE(sizeof(signature))];
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	enum status s = STATUS_DONE;

	int signed_len = asprintf(&text, "%s.%s", first, second);
	if (signed_len < 0 || EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) != 1 ||
	    EVP_DigestSign(md, signature, &len, (uint8_t *)text, (size_t)signed_len) != 1)
		s = fail(STATUS_REFUSED, "the key cannot sign");
	else
		base64url_encode(third, signature, len);
	if (s == STATUS_DONE && (size_t)signed_len + 1 + strlen(third) > TOKEN_LEN_MAX)
		s = fail(STATUS_USAGE, "the token is longer than %d characters", TOKEN_LEN_MAX);
	if (s == STATUS_DONE)
		printf(as_json ? "{\"token\":\"%s.%s\"}\n" : "%s.%s\n", text, third);
	EVP_MD_CTX_free(md);
	free(first);
	free(second);
	free(text);
	return s;
}

enum status jwt_sign(const struct arguments *a)
{
	struct json *payload = json_new_object(), *header = json_new_object();
	const char *kid = option_get(a, "kid", NULL);
	enum status s = payload_make(a, payload);
	EVP_PKEY *key = s == STATUS_DONE ? private_key_read(a->list[0]) : NULL;

	json_add_string(header, "typ", "JWT");
	json_add_string(header, "alg", "RS256");
	if (kid)
		json_add_string(header, "kid", kid);
	if (key)
		s = token_print(key, header, payload, a->json);
	else if (s == STATUS_DONE)
		s = STATUS_REFUSED;
	EVP_PKEY_free(key);
	json_free(payload);
	json_free(header);
	return s;
}

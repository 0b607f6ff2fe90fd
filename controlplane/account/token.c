#include "account/token.h"

#include "account/account.h"
#include "base/base64url.h"
#include "base/hash.h"
#include "base/json.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HEADER_MAX    1024 // bytes, decoded: it is parsed before the signature is known to be good
#define PAYLOAD_MAX   BASE64URL_BYTES(TOKEN_LEN_MAX)
#define SIGNATURE_MAX (ACCOUNT_KEY_BITS_MAX / 8)
#define EXPIRES_MAX_S                                                                              \
	((int64_t)253402300799) // the end of year 9999; more must be milliseconds by mistake

struct part {
	const char *text;
	size_t len;
};

// The compact serialization (RFC 7515 7.1).
struct jws {
	struct part header, payload, signature;
	size_t signed_len; // from the token's start: header, dot, payload
	bool typed; // the header says that this is a JWT
};

static const char *const codes[TOKEN_RESULT_COUNT] = {
        [TOKEN_GOOD] = "good",
        [TOKEN_MISSING] = "missing",
        [TOKEN_TOO_LONG] = "too-long",
        [TOKEN_MALFORMED] = "malformed",
        [TOKEN_BAD_HEADER] = "bad-header",
        [TOKEN_BAD_ALGORITHM] = "bad-algorithm",
        [TOKEN_UNKNOWN_KEY] = "unknown-key",
        [TOKEN_BAD_SIGNATURE] = "bad-signature",
        [TOKEN_BAD_CLAIMS] = "bad-claims",
        [TOKEN_EXPIRED] = "expired",
        [TOKEN_NOT_YET_VALID] = "not-yet-valid",
};

const char *token_result_code(enum token_result r)
{
	return codes[r];
}

static bool jws_split(const char *token, size_t len, struct jws *out)
{
	const char *end = token + len;
	const char *first = memchr(token, '.', len);
	const char *second = first ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;

	if (!second)
		return false;
	out->header = (struct part){token, (size_t)(first - token)};
	out->payload = (struct part){first + 1, (size_t)(second - first - 1)};
	out->signature = (struct part){second + 1, (size_t)(end - second - 1)};
	out->signed_len = (size_t)(second - token);
	return true; // a third dot is not base64url
}

// Decodes a JSON object that every parser reads the same way, or returns NULL.
static struct json *object_decode(struct part p, size_t max)
{
	char text[PAYLOAD_MAX];

	if (p.len == 0 || BASE64URL_BYTES(p.len) > max)
		return NULL;
	ssize_t len = base64url_decode((uint8_t *)text, p.text, p.len);
	// A string of cJSON would end at a NUL.
	if (len < 0 || memchr(text, 0, (size_t)len) || memmem(text, (size_t)len, "\\u0000", 6))
		return NULL;
	struct json *j = json_parse(text, (size_t)len);
	if (json_is_object(j) && !json_has_duplicates(j))
		return j;
	json_free(j);
	return NULL;
}

// RFC 8725 3.1: the server chooses the algorithm, and the header must agree.
static bool algorithm_is_ours(const struct json *header)
{
	const char *alg = json_string(header, "alg", 8);
	return alg && strcmp(alg, "RS256") == 0;
}

// True if the header requires an extension (RFC 7515 4.1.11, RFC 7797), wraps another token (RFC
// 7519 5.2), contains or refers to a key (RFC 8725 3.10), or has a kid that is not a string.
static bool header_is_refused(const struct json *header)
{
	static const char *const refused[] = {"crit", "cty", "b64", "jku", "jwk", "x5u", "x5c"};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (json_has(header, refused[i]))
			return true;
	}
	return json_has(header, "kid") && !json_string(header, "kid", HEADER_MAX);
}

static bool signature_is_good(
        const struct account_key *k, const char *text, size_t len, const uint8_t *signature,
        size_t signature_len
)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *context; // owned by md

	bool good =
	        md && EVP_DigestVerifyInit(md, &context, EVP_sha256(), NULL, k->key) == 1 &&
	        EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
	        EVP_DigestVerify(md, signature, signature_len, (const unsigned char *)text, len) ==
	                1;
	EVP_MD_CTX_free(md);
	return good;
}

// Tries the keys with this kid, or all of them if the header has none.
static enum token_result
keys_try(const struct account *a, const char *kid, const char *token, const struct jws *jws)
{
	uint8_t signature[SIGNATURE_MAX];
	enum token_result result = TOKEN_UNKNOWN_KEY;

	if (BASE64URL_BYTES(jws->signature.len) > sizeof(signature))
		return TOKEN_BAD_SIGNATURE;
	ssize_t len = base64url_decode(signature, jws->signature.text, jws->signature.len);
	if (len < 0)
		return TOKEN_MALFORMED;
	for (uint32_t i = 0; i < a->key_count; i++) {
		if (kid && strcmp(kid, a->keys[i].kid) != 0)
			continue;
		result = TOKEN_BAD_SIGNATURE;
		if (signature_is_good(&a->keys[i], token, jws->signed_len, signature, (size_t)len))
			return TOKEN_GOOD;
	}
	return result;
}

// Verifies the header, except its typ, and the signature.
static enum token_result
jws_verify(const struct account *a, const char *token, size_t len, struct jws *jws)
{
	enum token_result result;

	if (!jws_split(token, len, jws))
		return TOKEN_MALFORMED;
	struct json *header = object_decode(jws->header, HEADER_MAX);
	if (!header)
		return TOKEN_MALFORMED;
	const char *typ = json_string(header, "typ", 8);
	jws->typed = typ && strcasecmp(typ, "JWT") == 0;
	if (!algorithm_is_ours(header))
		result = TOKEN_BAD_ALGORITHM;
	else if (header_is_refused(header))
		result = TOKEN_BAD_HEADER;
	else
		result = keys_try(a, json_string(header, "kid", HEADER_MAX), token, jws);
	json_free(header);
	return result;
}

// Reads a NumericDate (RFC 7519 2), which may have a fraction. If there is none, *out is `absent`.
static bool date_read(const struct json *claims, const char *name, int64_t absent, int64_t *out)
{
	double d;

	*out = absent;
	if (!json_has(claims, name))
		return true;
	if (!json_number(json_member(claims, name), &d) || d < 0 || d > (double)EXPIRES_MAX_S)
		return false;
	*out = (int64_t)d;
	return true;
}

static enum token_result times_check(const struct json *claims, int64_t now_s, int64_t *expires_s)
{
	int64_t not_before_s;

	if (!date_read(claims, "exp", 0, expires_s) || !date_read(claims, "nbf", 0, &not_before_s))
		return TOKEN_BAD_CLAIMS;
	if (json_has(claims, "exp") && now_s >= *expires_s + TOKEN_LEEWAY_S)
		return TOKEN_EXPIRED;
	return now_s < not_before_s - TOKEN_LEEWAY_S ? TOKEN_NOT_YET_VALID : TOKEN_GOOD;
}

// A jti identifies the token, even if it is issued again; otherwise its bytes do, which have only
// one spelling.
static void
identity_make(char out[TOKEN_IDENTITY_SIZE], const char *jti, const char *token, size_t len)
{
	char text[PAYLOAD_MAX + 4];
	uint8_t hash[HASH_SIZE];

	if (jti && *jti) {
		int n = snprintf(text, sizeof(text), "jti:%s", jti); // no token contains ':'
		hash_sha256(hash, text, (size_t)n);
	} else {
		hash_sha256(hash, token, len);
	}
	hash_hex(out, hash);
}
static_assert(TOKEN_IDENTITY_SIZE == HASH_HEX_SIZE);

static enum token_result claims_read(const struct json *payload, int64_t now_s, struct claims *out)
{
	enum token_result result = times_check(payload, now_s, &out->expires_s);

	if (result != TOKEN_GOOD)
		return result;
	for (const struct json *m = json_first(payload); m; m = json_next(m)) {
		enum attribute a = attribute_find(json_key(m));
		if (a != ATTRIBUTE_NONE && !json_is_null(m))
			attributes_set_json(&out->attributes, a, m);
	}
	// These claims restrict the token, so bad values are not ignored.
	if (json_has(payload, "roomId") && !attributes_have(&out->attributes, ATTRIBUTE_ROOM_ID))
		return TOKEN_BAD_CLAIMS;
	if (json_has(payload, "jti") && !json_string(payload, "jti", PAYLOAD_MAX - 1))
		return TOKEN_BAD_CLAIMS;
	return TOKEN_GOOD;
}

enum token_result token_verify(
        const struct account *a, const char *token, size_t len, int64_t now_s, struct claims *out
)
{
	struct claims claims = {0};
	struct jws jws;

	memset(out, 0, sizeof(*out));
	if (len == 0)
		return TOKEN_MISSING;
	if (len > TOKEN_LEN_MAX)
		return TOKEN_TOO_LONG;
	enum token_result result = jws_verify(a, token, len, &jws);
	if (result != TOKEN_GOOD)
		return result;
	if (!jws.typed)
		return TOKEN_BAD_HEADER;
	struct json *payload = object_decode(jws.payload, PAYLOAD_MAX);
	if (!payload)
		return TOKEN_MALFORMED;
	result = claims_read(payload, now_s, &claims);
	identity_make(
	        claims.identity, json_string(payload, "jti", PAYLOAD_MAX - 1), token, jws.signed_len
	);
	json_free(payload);
	if (result == TOKEN_GOOD)
		*out = claims;
	return result;
}

bool claims_open_room(const struct claims *c, const char *room)
{
	return !attributes_have(&c->attributes, ATTRIBUTE_ROOM_ID) ||
	       strcmp(c->attributes.room_id, room) == 0;
}

#include "test.h"

#include "jwt.h"

#include "account/token.c" // for its statics

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <time.h>

#define NOW      1700000000
#define NOW_TEXT "1700000000"
#define PAYLOAD  "{\"roomId\":\"abcd1234\",\"role\":\"moderator\"}"

static EVP_PKEY *ours, *second, *foreign;
static struct account_key keys[2];
static struct account account = {.key_count = 2, .keys = keys};
static struct claims claims;
static char token[JWT_SIZE];

static int group_setup(void **)
{
	ours = jwt_key(2048);
	second = jwt_key(2048);
	foreign = jwt_key(2048);
	keys[0] = (struct account_key){.kid = "one", .key = ours};
	keys[1] = (struct account_key){.kid = "two", .key = second};
	return 0;
}

static int group_teardown(void **)
{
	EVP_PKEY_free(ours);
	EVP_PKEY_free(second);
	EVP_PKEY_free(foreign);
	return 0;
}

static enum token_result verify(const char *text)
{
	return token_verify(&account, text, strlen(text), NOW, &claims);
}

static enum token_result verify_signed(EVP_PKEY *key, const char *header, const char *payload)
{
	return verify(jwt_sign(token, key, header, payload));
}

// proves S01, S03
static void a_good_token_identifies_the_newcomer(void **)
{
	assert_int_equal(
	        verify_signed(
	                ours, JWT_HEADER,
	                "{\"roomId\":\"abcd1234\",\"role\":\"moderator\",\"peerId\":\"p1\","
	                "\"displayName\":\"Ada\",\"canRecord\":true,\"autoRecord\":true,"
	                "\"waitingRoom\":\"true\","
	                "\"itisparticipant\":1,\"accessToken\":\"at\",\"tokenLifetime\":60000,"
	                "\"video\":\"https://v.example/\",\"accessUrl\":\"https://a.example/\","
	                "\"apiEvent\":\"https://e.example/\",\"authEvent\":\"Basic x\","
	                "\"authorizationAccess\":\"Bearer y\",\"exp\":" NOW_TEXT ","
	                "\"startTime\":\"2021-06-21T00:00:00.0Z \",\"pin\":4711,"
	                "\"maxBroadcasters\":5,\"maxWatchers\":\"100\",\"handEnabled\":false}"
	        ),
	        TOKEN_GOOD
	);
	const struct attributes *a = &claims.attributes;
	assert_int_equal(a->present, (1u << ATTRIBUTE_COUNT) - 1);
	assert_int_equal(a->ignored, 0);
	assert_string_equal(a->room_id, "abcd1234");
	assert_string_equal(a->peer_id, "p1");
	assert_true(a->moderator && a->can_record && a->auto_record);
	assert_true(a->waiting_room && a->itisparticipant);
	assert_false(a->hand_enabled);
	assert_int_equal(a->start_time_ms, 1624233600000);
	assert_string_equal(a->pin, "4711");
	assert_int_equal(a->max_broadcasters, 5);
	assert_int_equal(a->max_watchers, 100);
	assert_int_equal(claims.expires_s, NOW);
	assert_int_equal(strlen(claims.identity), 64);
}

// proves U23
static void a_token_for_a_room_opens_no_other(void **)
{
	assert_int_equal(verify_signed(ours, JWT_HEADER, PAYLOAD), TOKEN_GOOD);
	assert_true(claims_open_room(&claims, "abcd1234"));
	assert_false(claims_open_room(&claims, "abcd12345"));
	assert_false(claims_open_room(&claims, "ABCD1234"));
	assert_int_equal(verify_signed(ours, JWT_HEADER, "{}"), TOKEN_GOOD);
	assert_true(claims_open_room(&claims, "any"));
	// A roomId that cannot be valid opens no room, rather than all.
	static const char *const bad[] = {
	        "{\"roomId\":\"\"}", "{\"roomId\":\"a/b\"}", "{\"roomId\":7}",
	        "{\"roomId\":[\"a\"]}"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(verify_signed(ours, JWT_HEADER, bad[i]), TOKEN_BAD_CLAIMS);
}

static void bad_claims_are_ignored_and_named(void **)
{
	assert_int_equal(
	        verify_signed(
	                ours, JWT_HEADER,
	                "{\"role\":\"king\",\"canRecord\":\"yes\",\"displayName\":null,"
	                "\"peerId\":\"p\",\"unknown\":1,\"token\":\"x.y.z\"}"
	        ),
	        TOKEN_GOOD
	);
	assert_int_equal(claims.attributes.present, 1u << ATTRIBUTE_PEER_ID);
	assert_int_equal(
	        claims.attributes.ignored, 1u << ATTRIBUTE_ROLE | 1u << ATTRIBUTE_CAN_RECORD
	);
}

static void every_key_of_the_account_signs(void **)
{
	assert_int_equal(verify_signed(ours, JWT_HEADER, PAYLOAD), TOKEN_GOOD);
	assert_int_equal(verify_signed(second, JWT_HEADER, PAYLOAD), TOKEN_GOOD);
	assert_int_equal(verify_signed(foreign, JWT_HEADER, PAYLOAD), TOKEN_BAD_SIGNATURE);
	const struct account none = {0};
	assert_int_equal(
	        token_verify(&none, token, strlen(token), NOW, &claims), TOKEN_UNKNOWN_KEY
	);
}

#define KID(kid) "{\"typ\":\"JWT\",\"alg\":\"RS256\",\"kid\":" kid "}"

// proves A15
static void kid_only_selects_among_the_keys(void **)
{
	assert_int_equal(verify_signed(ours, KID("\"one\""), PAYLOAD), TOKEN_GOOD);
	assert_int_equal(verify_signed(second, KID("\"two\""), PAYLOAD), TOKEN_GOOD);
	assert_int_equal(verify_signed(second, KID("\"one\""), PAYLOAD), TOKEN_BAD_SIGNATURE);
	static const char *const unknown[] = {
	        KID("\"three\""),
	        KID("\"\""),
	        KID("\"ONE\""),
	        KID("\"../../../../dev/null\""),
	        KID("\"one' OR '1'='1\""),
	        KID("\"/etc/passwd\""),
	        KID("\"https://evil.example/key\""),
	};
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		assert_int_equal(verify_signed(ours, unknown[i], PAYLOAD), TOKEN_UNKNOWN_KEY);
	assert_int_equal(verify_signed(ours, KID("1"), PAYLOAD), TOKEN_BAD_HEADER);
	assert_int_equal(verify_signed(ours, KID("[\"one\"]"), PAYLOAD), TOKEN_BAD_HEADER);
}

// The signature is good, but the algorithm has another name.
// proves A15
static void no_other_algorithm_is_taken(void **)
{
	static const char *const algorithms[] = {
	        "\"none\"",     "\"None\"",
	        "\"NONE\"",     "\"nOnE\"",
	        "\"none \"",    "\"\"",
	        "null",         "0",
	        "[]",           "[\"RS256\"]",
	        "{}",           "true",
	        "\"HS256\"",    "\"HS384\"",
	        "\"RS384\"",    "\"RS512\"",
	        "\"PS256\"",    "\"ES256\"",
	        "\"EdDSA\"",    "\"rs256\"",
	        "\"RS256 \"",   "\"RS256\\u0020\"",
	        "\"RSA-OAEP\"",
	};
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		char header[128];
		snprintf(header, sizeof(header), "{\"typ\":\"JWT\",\"alg\":%s}", algorithms[i]);
		assert_int_equal(verify_signed(ours, header, PAYLOAD), TOKEN_BAD_ALGORITHM);
	}
	assert_int_equal(verify_signed(ours, "{\"typ\":\"JWT\"}", PAYLOAD), TOKEN_BAD_ALGORITHM);
}

// No signature, under any name.
// proves A15
static void a_token_without_a_signature_is_refused(void **)
{
	static const char *const headers[] = {JWT_HEADER, "{\"typ\":\"JWT\",\"alg\":\"none\"}"};
	for (size_t i = 0; i < 2; i++) {
		jwt_sign(token, ours, headers[i], PAYLOAD);
		strrchr(token, '.')[1] = '\0';
		assert_int_equal(verify(token), i ? TOKEN_BAD_ALGORITHM : TOKEN_BAD_SIGNATURE);
		*strrchr(token, '.') = '\0';
		assert_int_equal(verify(token), TOKEN_MALFORMED);
	}
}

// proves A15
static void hmac_with_the_public_key_is_refused(void **)
{
	static const char *const headers[] = {"{\"typ\":\"JWT\",\"alg\":\"HS256\"}", JWT_HEADER};
	char *pem = jwt_public_pem(ours);

	for (size_t i = 0; i < 2; i++) {
		uint8_t mac[32];
		size_t mac_len;
		jwt_sign(token, ours, headers[i], PAYLOAD);
		char *end = strrchr(token, '.');
		assert_non_null(EVP_Q_mac(
		        NULL, "HMAC", NULL, "SHA256", NULL, pem, strlen(pem), (uint8_t *)token,
		        (size_t)(end - token), mac, sizeof(mac), &mac_len
		));
		base64url_encode(end + 1, mac, mac_len);
		assert_int_equal(verify(token), i ? TOKEN_BAD_SIGNATURE : TOKEN_BAD_ALGORITHM);
	}
	free(pem);
}

static void pss_is_not_rs256(void **)
{
	uint8_t signature[256];
	size_t len = sizeof(signature);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *context;

	jwt_sign(token, ours, JWT_HEADER, PAYLOAD);
	char *end = strrchr(token, '.');
	assert_int_equal(EVP_DigestSignInit(md, &context, EVP_sha256(), NULL, ours), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING), 1);
	assert_int_equal(
	        EVP_DigestSign(md, signature, &len, (uint8_t *)token, (size_t)(end - token)), 1
	);
	EVP_MD_CTX_free(md);
	base64url_encode(end + 1, signature, len);
	assert_int_equal(verify(token), TOKEN_BAD_SIGNATURE);
}

// proves A15
static void headers_that_bring_keys_or_more_are_refused(void **)
{
	static const char *const members[] = {
	        "\"jku\":\"https://evil.example/keys\"",
	        "\"x5u\":\"https://evil.example/chain\"",
	        "\"jwk\":{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
	        "\"x5c\":[\"MIIB\"]",
	        "\"crit\":[\"exp\"]",
	        "\"crit\":[]",
	        "\"b64\":false,\"crit\":[\"b64\"]",
	        "\"b64\":false",
	        "\"cty\":\"JWT\"", // a token within a token
	};
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		char header[256];
		snprintf(
		        header, sizeof(header), "{\"typ\":\"JWT\",\"alg\":\"RS256\",%s}", members[i]
		);
		assert_int_equal(verify_signed(ours, header, PAYLOAD), TOKEN_BAD_HEADER);
	}
	assert_int_equal(verify_signed(ours, "{\"alg\":\"RS256\"}", PAYLOAD), TOKEN_BAD_HEADER);
	assert_int_equal(
	        verify_signed(ours, "{\"typ\":\"at+jwt\",\"alg\":\"RS256\"}", PAYLOAD),
	        TOKEN_BAD_HEADER
	);
	// Fields that only describe the key are harmless.
	assert_int_equal(
	        verify_signed(ours, "{\"typ\":\"jwt\",\"alg\":\"RS256\",\"x5t\":\"abc\"}", PAYLOAD),
	        TOKEN_GOOD
	);
}

// proves S01
static void time_is_checked_with_a_leeway(void **)
{
	static const struct {
		const char *claims;
		enum token_result result;
	} rows[] = {
	        {"{}", TOKEN_GOOD}, // no exp
	        {"{\"exp\":null}", TOKEN_GOOD},
	        {"{\"exp\":1699999941}", TOKEN_GOOD},
	        {"{\"exp\":1699999940}", TOKEN_EXPIRED},
	        {"{\"exp\":1699999940.9}", TOKEN_EXPIRED},
	        {"{\"exp\":0}", TOKEN_EXPIRED},
	        {"{\"exp\":253402300799}", TOKEN_GOOD},
	        {"{\"exp\":1700000000000}", TOKEN_BAD_CLAIMS}, // milliseconds by mistake
	        {"{\"exp\":9223372036854775807}", TOKEN_BAD_CLAIMS},
	        {"{\"exp\":18446744073709551616}", TOKEN_BAD_CLAIMS},
	        {"{\"exp\":1e300}", TOKEN_BAD_CLAIMS},
	        {"{\"exp\":1e999}", TOKEN_BAD_CLAIMS},
	        {"{\"exp\":-1}", TOKEN_BAD_CLAIMS},
	        {"{\"exp\":\"1700000000\"}", TOKEN_BAD_CLAIMS},
	        {"{\"exp\":true}", TOKEN_BAD_CLAIMS},
	        {"{\"exp\":[1800000000]}", TOKEN_BAD_CLAIMS},
	        {"{\"nbf\":1700000060}", TOKEN_GOOD},
	        {"{\"nbf\":1700000061}", TOKEN_NOT_YET_VALID},
	        {"{\"nbf\":\"soon\"}", TOKEN_BAD_CLAIMS},
	        {"{\"nbf\":1e300}", TOKEN_BAD_CLAIMS},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(verify_signed(ours, JWT_HEADER, rows[i].claims), rows[i].result);
}

// proves A15
static void a_key_twice_is_refused(void **)
{
	static const char *const headers[] = {
	        "{\"typ\":\"JWT\",\"alg\":\"none\",\"alg\":\"RS256\"}",
	        "{\"typ\":\"JWT\",\"alg\":\"RS256\",\"alg\":\"none\"}",
	        "{\"typ\":\"JWT\",\"alg\":\"RS256\",\"\\u0061lg\":\"RS256\"}",
	        "{\"typ\":\"JWT\",\"alg\":\"RS256\",\"alg\\u0000\":\"none\"}",
	        "{\"typ\":\"JWT\",\"alg\":\"RS256\",\"x\":[{\"a\":1,\"a\":2}]}",
	};
	static const char *const payloads[] = {
	        "{\"roomId\":\"a\",\"roomId\":\"b\"}",
	        "{\"role\":\"moderator\",\"roomId\":\"a\",\"role\":\"\"}",
	        "{\"roomId\":\"a\\u0000b\"}",
	};
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		assert_int_equal(verify_signed(ours, headers[i], PAYLOAD), TOKEN_MALFORMED);
	for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++)
		assert_int_equal(verify_signed(ours, JWT_HEADER, payloads[i]), TOKEN_MALFORMED);
}

static void payloads_that_are_no_objects_are_refused(void **)
{
	static const char *const bad[] = {"",  "[]",  "null", "\"a\"",    "1",
	                                  "{", "{}x", "{}{}", "{\"a\":}", "{\"a\":1,}"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(verify_signed(ours, JWT_HEADER, bad[i]), TOKEN_MALFORMED);
	assert_int_equal(verify_signed(ours, "[]", PAYLOAD), TOKEN_MALFORMED);
	assert_int_equal(verify_signed(ours, "", PAYLOAD), TOKEN_MALFORMED);
}

// Each token has only one spelling, so its hash identifies it.
static void other_spellings_of_a_good_token_are_refused(void **)
{
	char good[JWT_SIZE], bad[JWT_SIZE + 8];
	jwt_sign(good, ours, JWT_HEADER, PAYLOAD);
	size_t len = strlen(good);
	size_t dots[2] = {strcspn(good, "."), (size_t)(strrchr(good, '.') - good)};

	assert_int_equal(verify(good), TOKEN_GOOD);
	static const char *const inserted[] = {"=", "==", " ", "\n", "\t", "?", ".", "%3D"};
	for (size_t i = 0; i < sizeof(inserted) / sizeof(inserted[0]); i++) {
		const size_t places[] = {0, dots[0], dots[0] + 1, dots[1], dots[1] + 1, len};
		for (size_t j = 0; j < sizeof(places) / sizeof(places[0]); j++) {
			snprintf(
			        bad, sizeof(bad), "%.*s%s%s", (int)places[j], good, inserted[i],
			        good + places[j]
			);
			assert_int_not_equal(verify(bad), TOKEN_GOOD);
		}
	}
	// 256 bytes of signature leave four unused bits in the last character.
	strcpy(bad, good);
	const char *letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	bad[len - 1] = letters[(strchr(letters, good[len - 1]) - letters) ^ 1];
	assert_int_equal(verify(bad), TOKEN_MALFORMED);
	strcpy(bad, good);
	for (char *p = bad; *p; p++)
		*p = *p == '-' ? '+' : *p == '_' ? '/' : *p;
	if (strcmp(bad, good) != 0)
		assert_int_equal(verify(bad), TOKEN_MALFORMED);
	assert_int_equal(token_verify(&account, good, len + 1, NOW, &claims), TOKEN_MALFORMED);
	snprintf(bad, sizeof(bad), "\"%s\"", good);
	assert_int_equal(verify(bad), TOKEN_MALFORMED);
}

static void every_changed_bit_is_seen(void **)
{
	jwt_sign(token, ours, JWT_HEADER, "{\"a\":1}");
	for (size_t i = 0; token[i]; i++) {
		token[i] ^= 1;
		assert_int_not_equal(verify(token), TOKEN_GOOD);
		token[i] ^= 1;
	}
	assert_int_equal(verify(token), TOKEN_GOOD);
}

// proves A15
static void a_long_token_is_refused_unread(void **)
{
	static char big[1 << 20];
	memset(big, 'A', sizeof(big));
	assert_int_equal(token_verify(&account, big, sizeof(big), NOW, &claims), TOKEN_TOO_LONG);
	assert_int_equal(token_verify(&account, big, TOKEN_LEN_MAX, NOW, &claims), TOKEN_MALFORMED);
	big[1000] = big[1002] = '.'; // the rest is a signature of 5 kB
	assert_int_not_equal(token_verify(&account, big, TOKEN_LEN_MAX, NOW, &claims), TOKEN_GOOD);
	assert_int_equal(verify(""), TOKEN_MISSING);
}

static void a_long_signature_is_refused(void **)
{
	jwt_sign(token, ours, JWT_HEADER, PAYLOAD);
	size_t len = strlen(token);
	memset(token + len, 'A', 4000);
	token[len + 4000] = '\0';
	assert_int_equal(verify(token), TOKEN_BAD_SIGNATURE);
}

static void a_refused_token_says_nothing(void **)
{
	static const struct claims nothing;
	assert_int_equal(verify_signed(foreign, JWT_HEADER, PAYLOAD), TOKEN_BAD_SIGNATURE);
	assert_memory_equal(&claims, &nothing, sizeof(claims));
	assert_int_equal(
	        verify_signed(ours, JWT_HEADER, "{\"role\":\"moderator\",\"exp\":1}"), TOKEN_EXPIRED
	);
	assert_memory_equal(&claims, &nothing, sizeof(claims));
}

// proves U16
static void jti_names_a_token_else_its_hash(void **)
{
	char first[TOKEN_IDENTITY_SIZE], hash[TOKEN_IDENTITY_SIZE];
	verify_signed(ours, JWT_HEADER, "{\"jti\":\"j1\",\"exp\":1800000000}");
	strcpy(first, claims.identity);
	verify_signed(second, JWT_HEADER, "{\"jti\":\"j1\",\"exp\":1800000001}");
	assert_string_equal(claims.identity, first);
	verify_signed(ours, JWT_HEADER, "{\"jti\":\"j2\"}");
	assert_string_not_equal(claims.identity, first);
	verify_signed(ours, JWT_HEADER, "{\"a\":1}");
	strcpy(hash, claims.identity);
	verify_signed(ours, JWT_HEADER, "{\"a\":2}");
	assert_string_not_equal(claims.identity, hash);
	verify_signed(ours, JWT_HEADER, "{\"jti\":\"\",\"a\":1}");
	strcpy(hash, claims.identity);
	verify_signed(ours, JWT_HEADER, "{\"jti\":\"\",\"a\":2}");
	assert_string_not_equal(claims.identity, hash);
	assert_int_equal(verify_signed(ours, JWT_HEADER, "{\"jti\":5}"), TOKEN_BAD_CLAIMS);
}

static void the_guides_example_is_verified_with_its_key_alone(void **)
{
	// The example of the integration guide. Its key is not known, so this stands for a
	// stranger's token.
	static const char text[] =
	        "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9."
	        "eyJyb2xlIjoibW9kZXJhdG9yIiwic3RhcnRUaW1lIjoiMjAyMS0wNi0yMVQwMDowMDowMC4wWiJ9."
	        "Atj-TPL_GSLyuI565pI6X_6GFjopXf62C6y4OgeeEk9KEb_1cosDmo2sytpBv44PRuMRwgDg8Acql"
	        "MMgA0kcdJrBZ7AAywjb6RZVXlian6-6XQ0zx7OhYyDo2-mVxCO9dgYroXfz2Fw8lyNuqFl0AKEfFMP"
	        "KaYf46u5kjwWmSyhh7bLbL969Eu3zW_Mk3sYLpW_xULyndhkXrLqOVspK08Mla-AbxGJ94pZXJCKHK"
	        "5UslhrGJ6RProN5nL4NaXOCKRX0ffKnklxiyn9MgKf0cc6Za0GCpjg-d3y6-UOVd0AXW8TWR-RllTg"
	        "XaTUMMSLyWzHPsv-e2O-GsA0WJnBJEg";
	assert_int_equal(verify(text), TOKEN_BAD_SIGNATURE);
}

static EVP_PKEY *key_from_jwk(const struct json *jwk)
{
	uint8_t n[512];
	const char *text = json_string(jwk, "n", 700);
	ssize_t len = base64url_decode(n, text, strlen(text));
	BIGNUM *modulus = BN_bin2bn(n, (int)len, NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus);
	OSSL_PARAM_BLD_push_ulong(build, OSSL_PKEY_PARAM_RSA_E, 65537);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *key = NULL;
	assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
	assert_int_equal(EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
	EVP_PKEY_CTX_free(context);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	BN_free(modulus);
	return key;
}

static struct json *vectors_read(void)
{
	static char text[65536];
	FILE *f = fopen(VECTORS "/wycheproof_jws.json", "r");
	assert_non_null(f);
	size_t len = fread(text, 1, sizeof(text), f);
	fclose(f);
	struct json *j = json_parse(text, len);
	assert_non_null(j);
	return j;
}

// proves S01, A15
static void wycheproof_vectors_get_their_answers(void **)
{
	struct json *vectors = vectors_read();
	struct account_key key = {.kid = "kid-rsa-sign"};
	struct account a = {.key_count = 1, .keys = &key};
	int valid = 0, invalid = 0;

	key.key = key_from_jwk(json_object(vectors, "key"));
	for (const struct json *t = json_first(json_array(vectors, "tests")); t; t = json_next(t)) {
		const char *text = json_string(t, "jws", JWT_SIZE);
		struct jws jws; // their payload is not JSON, and their header has no typ
		bool good = jws_verify(&a, text, strlen(text), &jws) == TOKEN_GOOD;
		if (good != (strcmp(json_string(t, "expected", 8), "valid") == 0))
			fail_msg("%s", json_string(t, "comment", 128));
		good ? valid++ : invalid++;
	}
	assert_int_equal(valid, 1);
	assert_int_equal(invalid, 27);
	EVP_PKEY_free(key.key);
	json_free(vectors);
}

static void every_result_has_its_word(void **)
{
	for (int i = 0; i < TOKEN_RESULT_COUNT; i++)
		assert_non_null(token_result_code((enum token_result)i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_good_token_identifies_the_newcomer),
	        cmocka_unit_test(a_token_for_a_room_opens_no_other),
	        cmocka_unit_test(bad_claims_are_ignored_and_named),
	        cmocka_unit_test(every_key_of_the_account_signs),
	        cmocka_unit_test(kid_only_selects_among_the_keys),
	        cmocka_unit_test(no_other_algorithm_is_taken),
	        cmocka_unit_test(a_token_without_a_signature_is_refused),
	        cmocka_unit_test(hmac_with_the_public_key_is_refused),
	        cmocka_unit_test(pss_is_not_rs256),
	        cmocka_unit_test(headers_that_bring_keys_or_more_are_refused),
	        cmocka_unit_test(time_is_checked_with_a_leeway),
	        cmocka_unit_test(a_key_twice_is_refused),
	        cmocka_unit_test(payloads_that_are_no_objects_are_refused),
	        cmocka_unit_test(other_spellings_of_a_good_token_are_refused),
	        cmocka_unit_test(every_changed_bit_is_seen),
	        cmocka_unit_test(a_long_token_is_refused_unread),
	        cmocka_unit_test(a_long_signature_is_refused),
	        cmocka_unit_test(a_refused_token_says_nothing),
	        cmocka_unit_test(jti_names_a_token_else_its_hash),
	        cmocka_unit_test(the_guides_example_is_verified_with_its_key_alone),
	        cmocka_unit_test(wycheproof_vectors_get_their_answers),
	        cmocka_unit_test(every_result_has_its_word),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}

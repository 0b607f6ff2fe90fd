// One account: its domains, its keys, its settings.
#include "test.h"

#include "account/domain.h"
#include "account/edit.h"
#include "account/key.h"
#include "account/setting.h"
#include "jwt.h"

#include <errno.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct account *account;
static struct account_error error;

static int setup(void **)
{
	error.text[0] = '\0';
	account = account_create("company", &error);
	assert_non_null(account);
	return 0;
}

static int teardown(void **)
{
	account_free(account);
	return 0;
}

static void names_are_short_and_plain(void **)
{
	static const char *const bad[] = {
	        "",
	        "a b",
	        "a.b",
	        "é",
	        "a/b",
	        "12345678901234567890123456789012345678901234567890"
	        "123456789012345"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_null(account_create(bad[i], &error));
		assert_non_null(strstr(error.text, "A-Z"));
	}
}

// proves S08
static void domains_are_https_without_a_path(void **)
{
	static const struct {
		const char *text, *stored;
	} good[] = {
	        {"https://Company.example", "https://company.example"},
	        {"https://*.company.example", "https://*.company.example"},
	        {"HTTPS://company.example:443", "https://company.example"},
	        {"https://company.example:8443", "https://company.example:8443"},
	        {"https://company.example:*", "https://company.example:*"},
	        {"https://xn--e1afmkfd.xn--p1ai", "https://xn--e1afmkfd.xn--p1ai"},
	        {"https://192.0.2.1", "https://192.0.2.1"},
	        {"https://intranet", "https://intranet"},
	        {"http://localhost", "http://localhost"},
	        {"http://localhost:3000", "http://localhost:3000"},
	        {"http://localhost:*", "http://localhost:*"},
	        {"capacitor://localhost", "capacitor://localhost"},
	        {"Ionic://LOCALHOST", "ionic://localhost"},
	        {"com.example.app://meet", "com.example.app://meet"},
	        {"http://127.0.0.1:3000", "http://127.0.0.1:3000"},
	};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(
		        account_add_domain(account, good[i].text, &error), i == 2 ? -EEXIST : 0
		);
		if (i != 2)
			assert_string_equal(
			        account->domains[account->domain_count - 1], good[i].stored
			);
	}
	static const struct {
		const char *text, *why;
	} bad[] = {
	        {"", "https://"},
	        {"company.example", "https://"},
	        {"http://company.example", "https://"},
	        {"ftp://company.example", "https://"},
	        {"//company.example", "https://"},
	        {"*", "https://"},
	        {"https://", "no domain name"},
	        {"https://*", "first label"},
	        {"https://*.com", "top-level"},
	        {"https://*.*.example", "first label"},
	        {"https://a.*.example", "first label"},
	        {"https://*company.example", "first label"},
	        {"https://company.*", "first label"},
	        {"https://company.example/", "path"},
	        {"https://company.example/page", "path"},
	        {"https://company.example:0", "port"},
	        {"https://company.example:65536", "port"},
	        {"https://company.example:", "port"},
	        {"https://company.example?x", "character"},
	        {"https://user@company.example", "character"},
	        {"https://company.example; script-src *", "character"},
	        {"https://company.example https://b.example", "character"},
	        {"https://company.example\r\nX: y", "character"},
	        {"https://компания.рф", "xn--"},
	        {"https://..", "no domain name"},
	        {"https://company.example.", "no domain name"},
	        {"https://a..b", "no domain name"},
	        {"capacitor://", "no domain name"},
	        {"capacitor://*", "first label"},
	        {"capacitor://*.company.example", "first label"},
	        {"capacitor://localhost:1", "port"},
	        {"capacitor://localhost/", "path"},
	        {"capacitor:localhost", "https://"},
	        {"1app://localhost", "https://"},
	        {"a-scheme-too-long://localhost", "https://"},
	        {"wss://localhost", "https://"},
	        {"file://localhost", "https://"},
	        {"data://localhost", "https://"},
	        {"javascript://localhost", "https://"},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(account_add_domain(account, bad[i].text, &error), -EINVAL);
		if (!strstr(error.text, bad[i].why))
			fail_msg("%s: %s", bad[i].text, error.text);
	}
}

// proves S08, A16
static void origins_are_held_against_the_domains(void **)
{
	static const char *const domains[] = {
	        "https://company.example", "https://*.wild.example", "https://port.example:8443",
	        "https://any.example:*",   "http://localhost:*",     "capacitor://localhost",
	};
	for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++)
		assert_int_equal(account_add_domain(account, domains[i], &error), 0);
	static const struct {
		const char *origin;
		bool allowed;
	} rows[] = {
	        {"https://company.example", true},
	        {"capacitor://localhost", true},
	        {"capacitor://LOCALHOST", true},
	        {"capacitor://localhost:80", false},
	        {"capacitor://meet.example", false}, // the host that is asked, but no page of it
	        {"ionic://localhost", false},
	        {"capacitor://", false},
	        {"https://COMPANY.example", true},
	        {"https://company.example:443", true},
	        {"https://company.example:444", false},
	        {"http://company.example", false},
	        {"http://company.example:443", false},
	        {"https://www.company.example", false},
	        {"https://company.example.evil.example", false},
	        {"https://evilcompany.example", false},
	        {"https://company.example@evil.example", false},
	        {"https://company.example/", false},
	        {"https://company.example evil", false},
	        {"https://a.wild.example", true},
	        {"https://a.b.wild.example", true},
	        {"https://wild.example", false},
	        {"https://.wild.example", false},
	        {"https://evilwild.example", false},
	        {"https://port.example:8443", true},
	        {"https://port.example", false},
	        {"https://any.example:1", true},
	        {"http://any.example:1", false},
	        {"http://localhost", true},
	        {"http://localhost:5173", true},
	        {"https://localhost:5173", true},
	        {"http://127.0.0.1:5173", true}, // the same place, as the visitor spelled it
	        {"https://127.0.0.1", true},
	        {"http://127.0.0.2:5173", false},
	        {"http://localhost.evil.example", false},
	        {"https://meet.example", true}, // the host that was asked
	        {"http://meet.example:9", true},
	        {"https://meet.example.evil.example", false},
	        {"https://meet", false},
	        {"https://evil-meet.example", false},
	        {"file://meet.example", false},
	        {"meet.example", false},
	        {"null", false},
	        {"", false},
	        {NULL, false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (account_allows_origin(account, "Meet.Example:8080", rows[i].origin) !=
		    rows[i].allowed)
			fail_msg("%s", rows[i].origin);
	}
	assert_true(account_allows_origin(account, "[::1]:8080", "http://[::1]:8080"));
	assert_false(account_allows_origin(account, "[::1]:8080", "http://[::2]:8080"));
	assert_false(account_allows_origin(account, "[", "http://["));
	assert_false(account_allows_origin(account, "", "https://"));
	assert_false(account_allows_origin(account, NULL, "https://meet.example"));
}

// proves P05, S08, A20
static void frame_ancestors_lists_the_domains(void **)
{
	char out[ACCOUNT_ANCESTORS_SIZE];
	assert_int_equal(account_frame_ancestors(account, out, sizeof(out)), 22);
	assert_string_equal(out, "frame-ancestors 'self'");
	assert_int_equal(account_add_domain(account, "https://a.example", &error), 0);
	assert_int_equal(account_add_domain(account, "https://*.b.example", &error), 0);
	assert_int_equal(account_add_domain(account, "capacitor://localhost", &error), 0);
	account_frame_ancestors(account, out, sizeof(out));
	// CSP 3, 2.3.1: a host source has a scheme of any kind.
	assert_string_equal(
	        out,
	        "frame-ancestors 'self' https://a.example https://*.b.example capacitor://localhost"
	);
	assert_int_equal(account_add_domain(account, "http://localhost:*", &error), 0);
	account_frame_ancestors(account, out, sizeof(out));
	assert_non_null(strstr(out, " capacitor://localhost http://localhost:* http://127.0.0.1:*")
	);
}

static void the_longest_domains_fit(void **)
{
	char out[ACCOUNT_ANCESTORS_SIZE], domain[DOMAIN_ORIGIN_SIZE + 1];
	for (int i = 0; i < ACCOUNT_DOMAIN_MAX; i++) {
		char host[DOMAIN_HOST_LEN_MAX + 1];
		memset(host, 'a', sizeof(host));
		for (int dot = 63; dot < DOMAIN_HOST_LEN_MAX; dot += 64)
			host[dot] = '.';
		snprintf(host + 250, 4, "%03d", i);
		snprintf(domain, sizeof(domain), "https://*.%s:10000", host);
		assert_int_equal(account_add_domain(account, domain, &error), 0);
	}
	assert_true(account_frame_ancestors(account, out, sizeof(out)) < sizeof(out));
	assert_int_equal(account_add_domain(account, "https://one.more.example", &error), -ENOSPC);
}

static void domains_and_hosts_can_be_removed(void **)
{
	assert_int_equal(account_add_domain(account, "https://a.example", &error), 0);
	assert_int_equal(account_add_domain(account, "https://b.example", &error), 0);
	assert_int_equal(account_remove_domain(account, "https://A.example:443", &error), 0);
	assert_int_equal(account_remove_domain(account, "https://a.example", &error), -ENOENT);
	assert_int_equal(account_remove_domain(account, "nonsense", &error), -ENOENT);
	assert_string_equal(account->domains[0], "https://b.example");
	assert_int_equal(account_add_host(account, "Meet.Example", &error), 0);
	assert_int_equal(account_add_host(account, "meet.example", &error), -EEXIST);
	assert_int_equal(account_remove_host(account, "meet.example", &error), 0);
	assert_int_equal(account_remove_host(account, "meet.example", &error), -ENOENT);
	assert_int_equal(account->host_count, 0);
}

// proves S06
static void hosts_are_names_alone(void **)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
	        {"", "no domain name"},
	        {"https://meet.example", "scheme"},
	        {"meet.example:8443", "port"},
	        {"meet.example/x", "path"},
	        {"*", "first label"},
	        {"*.", "first label"},
	        {"a.*.b", "first label"},
	        {"встреча.рф", "xn--"},
	        {"meet.example.", "no domain name"},
	        {"meet example", "character"},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(account_add_host(account, bad[i].text, &error), -EINVAL);
		if (!strstr(error.text, bad[i].why))
			fail_msg("%s: %s", bad[i].text, error.text);
	}
	assert_int_equal(account_add_host(account, "*.Company.example", &error), 0);
	assert_string_equal(account->hosts[0], "*.company.example");
}

static char *pem_of(EVP_PKEY *key, bool private_part)
{
	char *text;
	BIO *b = BIO_new(BIO_s_mem());
	if (private_part)
		PEM_write_bio_PrivateKey(b, key, NULL, NULL, 0, NULL, NULL);
	else
		PEM_write_bio_PUBKEY(b, key);
	BIO_write(b, "", 1);
	BIO_get_mem_data(b, &text);
	char *copy = strdup(text);
	BIO_free(b);
	return copy;
}

// proves S01
static void only_large_rsa_keys_are_registered(void **)
{
	struct {
		EVP_PKEY *key;
		bool private_part;
		const char *why;
	} bad[] = {
	        {EVP_RSA_gen(1024), false, "2048"},
	        {EVP_RSA_gen(2047), false, "2048"},
	        {EVP_EC_gen("P-256"), false, "RSA"},
	        {EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), false, "RSA"},
	        {EVP_RSA_gen(2048), true, "private"},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *pem = pem_of(bad[i].key, bad[i].private_part);
		assert_int_equal(account_add_key(account, NULL, pem, 0, &error), -EINVAL);
		if (!strstr(error.text, bad[i].why))
			fail_msg("%zu: %s", i, error.text);
		free(pem);
		EVP_PKEY_free(bad[i].key);
	}
	static const char *const nonsense[] = {
	        "",
	        "nonsense",
	        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
	        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
	        "ssh-rsa AAAAB3Nz me@here",
	};
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++)
		assert_int_equal(account_add_key(account, NULL, nonsense[i], 0, &error), -EINVAL);
}

// n = 3 * (something): not a product of two large primes.
static void keys_that_cannot_be_are_refused(void **)
{
	static const char even[] = "-----BEGIN PUBLIC KEY-----\n"
	                           "%s\n"
	                           "-----END PUBLIC KEY-----\n";
	EVP_PKEY *key = jwt_key(2048);
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key, &der);
	der[len - 6] &= 0xfe; // the modulus' last byte, before the exponent 02 03 01 00 01
	unsigned char base64[1024];
	char pem[1200];
	EVP_EncodeBlock(base64, der, len);
	snprintf(pem, sizeof(pem), even, base64);
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	assert_int_equal(account_add_key(account, NULL, pem, 0, &error), -EINVAL);
	assert_non_null(strstr(error.text, "damaged"));
}

static void keys_have_a_kid_each(void **)
{
	EVP_PKEY *first = jwt_key(2048), *second = jwt_key(2048);
	char *a = jwt_public_pem(first), *b = jwt_public_pem(second);
	assert_int_equal(account_add_key(account, "k1", a, 5, &error), 0);
	assert_int_equal(account_add_key(account, "k1", b, 5, &error), -EEXIST);
	assert_int_equal(account_add_key(account, "k2", a, 5, &error), -EEXIST);
	assert_non_null(strstr(error.text, "k1"));
	assert_int_equal(account_add_key(account, "", b, 5, &error), -EINVAL);
	assert_int_equal(account_add_key(account, "a\nb", b, 5, &error), -EINVAL);
	assert_int_equal(account_add_key(account, NULL, b, 5, &error), 0);
	assert_int_equal(strlen(account->keys[1].kid), 32);
	assert_string_equal(account->keys[0].pem, a);
	assert_int_equal(account_remove_key(account, "k1", &error), 0);
	assert_int_equal(account_remove_key(account, "k1", &error), -ENOENT);
	assert_int_equal(account->key_count, 1);
	free(a);
	free(b);
	EVP_PKEY_free(first);
	EVP_PKEY_free(second);
}

// proves S05
static void api_tokens_are_not_kept(void **)
{
	char first[ACCOUNT_API_TOKEN_SIZE], second[ACCOUNT_API_TOKEN_SIZE];
	assert_int_equal(account_add_api_token(account, "ci", 7, first, &error), 0);
	assert_int_equal(account_add_api_token(account, "ci", 7, second, &error), -EEXIST);
	assert_int_equal(account_add_api_token(account, "a b", 7, second, &error), -EINVAL);
	assert_int_equal(account_add_api_token(account, "web", 7, second, &error), 0);
	assert_int_equal(strlen(first), 49);
	assert_memory_equal(first, "amphi_", 6);
	assert_string_not_equal(first, second);
	assert_null(memmem(account->api_tokens, 2 * sizeof(account->api_tokens[0]), first + 6, 16));
	assert_int_equal(account_remove_api_token(account, "ci", &error), 0);
	assert_int_equal(account_remove_api_token(account, "ci", &error), -ENOENT);
	assert_string_equal(account->api_tokens[0].name, "web");
}

#define BASE64_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

static void settings_say_what_they_accept(void **)
{
	static const struct {
		const char *name, *value;
		bool good;
	} rows[] = {
	        {"jwt-required", "on", true},
	        {"jwt-required", "yes", false},
	        {"debug", "off", true},
	        {"debug", "", false},
	        {"enforce-start-time", "on", true},
	        {"hook-fail", "open", true},
	        {"hook-fail", "on", false},
	        {"hook-version", "2", true},
	        {"hook-version", "3", false},
	        {"access-url", "https://a.example/auth?x=1", true},
	        {"access-url", "http://a.example/auth", false},
	        {"access-url", "https://a.example/auth#x", false},
	        {"access-url", "none", true},
	        {"api-event", "https://a.example/hook/", true},
	        {"api-event", "https://a.example/hook?x", false},
	        {"auth-event", "Basic Z2NvcmU6eA==", true},
	        {"auth-event", "a\r\nb", false},
	        {"authorization-access", "Bearer x", true},
	        {"authorization-access", "", false},
	        {"hook-secret", "new", true},
	        {"hook-secret", "short", false},
	        {"hook-secret", "0123456789abcdef", true},
	        {"native-clients", "on", true},
	        {"native-clients", "all", false},
	        {"waiting-room", "on", true},
	        {"waiting-room", "yes", false},
	        {"rest-addresses", "192.0.2.7", true},
	        {"rest-addresses", "localhost", false},
	        {"rest-addresses", "10.0.0.0/33", false},
	        {"rest-addresses", "10.0.0.0/8,", false},
	        {"rest-addresses", "10.0.0.0/8,2001:db8::/48,::1", true},
	        {"record-consent", "ask", true},
	        {"record-consent", "on", false},
	        {"record-tracks", "off", true},
	        {"record-tracks", "ask", false},
	        {"record-days", "30", true},
	        {"record-days", "0", false},
	        {"max-recorded-mib", "1024", true},
	        {"max-recorded-mib", "1G", false},
	        {"max-rooms", "1", true},
	        {"max-rooms", "0", false},
	        {"max-rooms", "-1", false},
	        {"max-peers", "999999999", true},
	        {"max-peers", "1000000000", false},
	        {"max-tokens", "12x", false},
	};
	char scratch[ACCOUNT_NUMBER_SIZE];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int ret = account_set(account, rows[i].name, rows[i].value, &error);
		assert_int_equal(ret, rows[i].good ? 0 : -EINVAL);
		if (!rows[i].good) {
			assert_non_null(strstr(error.text, rows[i].name));
			assert_non_null(strstr(error.text, "accepted: "));
		}
	}
	assert_true(account->jwt_required && account->enforce_start_time);
	assert_true(account->hook_fail_open);
	assert_int_equal(account->hook_version, 2);
	assert_null(account->access_url);
	assert_true(account->native_clients);
	assert_string_equal(account->rest_addresses, "10.0.0.0/8,2001:db8::/48,::1");
	assert_true(account->record_consent_asks);
	assert_string_equal(account_get(account, "record-consent", scratch), "ask");
	assert_false(account->record_tracks);
	assert_int_equal(account->record_days, 30);
	assert_string_equal(account_get(account, "record-days", scratch), "30");
	assert_int_equal(account_set(account, "record-days", "none", &error), 0);
	assert_int_equal(account->record_days, 0);
	assert_string_equal(account_get(account, "record-days", scratch), "none");
	assert_int_equal(account->recorded_mib_max, 1024);
	assert_int_equal(account->quotas[QUOTA_ROOMS], 1);
	assert_int_equal(account->quotas[QUOTA_PEERS], 999999999);
	assert_string_equal(account->api_event, "https://a.example/hook");
	assert_string_equal(account_get(account, "hook-secret", scratch), "0123456789abcdef");
	assert_int_equal(account_set(account, "hook-secret", "new", &error), 0);
	const char *secret = account_get(account, "hook-secret", scratch);
	assert_memory_equal(secret, "whsec_", 6); // and 32 bytes in base64
	assert_int_equal(strlen(secret), 6 + 44);
	assert_int_equal(strspn(secret + 6, BASE64_DIGITS "="), 44);
	assert_string_equal(account_get(account, "access-url", scratch), "none");
	assert_int_equal(account_set(account, "colour", "red", &error), -EINVAL);
	for (int i = 0; account_settings[i].name; i++)
		assert_non_null(account_get(account, account_settings[i].name, scratch));
}

static void a_copy_is_the_same_and_its_own(void **)
{
	char token[ACCOUNT_API_TOKEN_SIZE];
	EVP_PKEY *key = jwt_key(2048);
	char *pem = jwt_public_pem(key);
	assert_int_equal(account_add_key(account, "k", pem, 5, &error), 0);
	assert_int_equal(account_add_host(account, "a.example", &error), 0);
	assert_int_equal(account_add_domain(account, "https://b.example", &error), 0);
	assert_int_equal(account_add_api_token(account, "t", 7, token, &error), 0);
	for (int i = 0; account_settings[i].name; i++) {
		if (strstr(account_settings[i].name, "url") ||
		    strstr(account_settings[i].name, "api"))
			assert_int_equal(
			        account_set(
			                account, account_settings[i].name, "https://c.example",
			                &error
			        ),
			        0
			);
	}
	assert_int_equal(account_set(account, "rest-addresses", "::1", &error), 0);
	assert_int_equal(account_set(account, "max-peers", "7", &error), 0);
	char one[ACCOUNT_NUMBER_SIZE], other[ACCOUNT_NUMBER_SIZE];
	struct account *copy = account_copy(account);
	for (int i = 0; account_settings[i].name; i++)
		assert_string_equal(
		        account_get(copy, account_settings[i].name, one),
		        account_get(account, account_settings[i].name, other)
		);
	assert_int_equal(account_remove_key(account, "k", &error), 0);
	assert_int_equal(account_remove_host(account, "a.example", &error), 0);
	assert_string_equal(copy->keys[0].pem, pem);
	assert_string_equal(copy->hosts[0], "a.example");
	assert_string_equal(copy->domains[0], "https://b.example");
	assert_string_equal(copy->api_tokens[0].name, "t");
	account_free(copy);
	free(pem);
	EVP_PKEY_free(key);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(names_are_short_and_plain),
	        TEST(domains_are_https_without_a_path),
	        TEST(origins_are_held_against_the_domains),
	        TEST(frame_ancestors_lists_the_domains),
	        TEST(the_longest_domains_fit),
	        TEST(domains_and_hosts_can_be_removed),
	        TEST(hosts_are_names_alone),
	        TEST(only_large_rsa_keys_are_registered),
	        TEST(keys_that_cannot_be_are_refused),
	        TEST(keys_have_a_kid_each),
	        TEST(api_tokens_are_not_kept),
	        TEST(settings_say_what_they_accept),
	        TEST(a_copy_is_the_same_and_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

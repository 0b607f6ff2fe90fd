#include "jwt.h"

#include "test.h"

#include "base/base64url.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

struct evp_pkey_st *jwt_key(unsigned bits)
{
	EVP_PKEY *key = EVP_RSA_gen(bits);
	assert_non_null(key);
	return key;
}

char *jwt_public_pem(struct evp_pkey_st *key)
{
	char *text, *copy;
	BIO *b = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_PUBKEY(b, key), 1);
	assert_int_equal(BIO_write(b, "", 1), 1);
	BIO_get_mem_data(b, &text);
	copy = strdup(text);
	BIO_free(b);
	return copy;
}

char *jwt_sign(char *out, struct evp_pkey_st *key, const char *header, const char *payload)
{
	uint8_t signature[1024];
	size_t len = sizeof(signature);
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	base64url_encode(out, header, strlen(header));
	strcat(out, ".");
	base64url_encode(out + strlen(out), payload, strlen(payload));
	assert_int_equal(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestSign(md, signature, &len, (uint8_t *)out, strlen(out)), 1);
	EVP_MD_CTX_free(md);
	strcat(out, ".");
	base64url_encode(out + strlen(out), signature, len);
	return out;
}

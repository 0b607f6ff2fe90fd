#include "account/key.h"

#include "base/hash.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

// What operators paste by mistake instead of a public key.
static const struct {
	const char *has, *why;
} mistakes[] = {
        {"PRIVATE KEY", "this is a private key: keep it secret, and give the public one, which "
                        "openssl rsa -in FILE -pubout prints"},
        {"BEGIN CERTIFICATE", "this is a certificate: give its key, which openssl x509 -in FILE "
                              "-pubkey -noout prints"},
        {"ssh-rsa ", "this is an SSH key: convert it with ssh-keygen -e -m PKCS8 -f FILE"},
};

static const char *why_not(EVP_PKEY *key)
{
	if (!EVP_PKEY_is_a(key, "RSA"))
		return "this key is not RSA: tokens are signed with RS256";
	if (EVP_PKEY_get_bits(key) < ACCOUNT_KEY_BITS_MIN)
		return "this key has fewer than 2048 bits: make a new one";
	if (EVP_PKEY_get_bits(key) > ACCOUNT_KEY_BITS_MAX)
		return "this key has more than 8192 bits: 2048 are recommended";
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	bool sound = context && EVP_PKEY_public_check(context) == 1;
	EVP_PKEY_CTX_free(context);
	ERR_clear_error();
	return sound ? NULL : "this key is damaged: its numbers cannot be those of an RSA key";
}
static_assert(ACCOUNT_KEY_BITS_MIN == 2048 && ACCOUNT_KEY_BITS_MAX == 8192);

EVP_PKEY *key_reread_pem(const char *pem)
{
	BIO *b = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = b ? PEM_read_bio_PUBKEY(b, NULL, NULL, NULL) : NULL;

	BIO_free(b);
	ERR_clear_error();
	return key;
}

EVP_PKEY *key_read_pem(const char *pem, const char **why)
{
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		*why = mistakes[i].why;
		if (strstr(pem, mistakes[i].has))
			return NULL;
	}
	EVP_PKEY *key = key_reread_pem(pem);
	*why = key ? why_not(key)
	           : "this is not a PEM public key, which begins with -----BEGIN PUBLIC KEY-----";
	if (!*why)
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

char *key_write_pem(EVP_PKEY *key)
{
	char *text;
	BIO *b = BIO_new(BIO_s_mem());
	bool made = b && PEM_write_bio_PUBKEY(b, key) == 1 && BIO_write(b, "", 1) == 1;

	assert(made);
	BIO_get_mem_data(b, &text);
	char *copy = strdup(text);
	assert(copy);
	BIO_free(b);
	return copy;
}

void key_name(char out[ACCOUNT_KID_MAX + 1], EVP_PKEY *key)
{
	unsigned char *der = NULL;
	uint8_t hash[HASH_SIZE];
	char hex[HASH_HEX_SIZE];

	int len = i2d_PUBKEY(key, &der);
	assert(len > 0);
	hash_sha256(hash, der, (size_t)len);
	OPENSSL_free(der);
	hash_hex(hex, hash);
	hex[HASH_SIZE] = '\0';
	strcpy(out, hex);
}

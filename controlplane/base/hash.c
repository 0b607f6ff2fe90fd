#include "base/hash.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdbool.h>

void hash_sha256(uint8_t out[HASH_SIZE], const void *data, size_t len)
{
	bool made = EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL) == 1;
	assert(made); // it needs nothing but memory
}

void hash_hex(char out[HASH_HEX_SIZE], const uint8_t hash[HASH_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < HASH_SIZE; i++) {
		*out++ = digits[hash[i] >> 4];
		*out++ = digits[hash[i] & 15];
	}
	*out = '\0';
}

// Public keys as operators supply them.
#pragma once

#include "account/account.h"

#define ACCOUNT_PEM_MAX 4096

// Reads an RSA key of ACCOUNT_KEY_BITS_MIN to ACCOUNT_KEY_BITS_MAX from PEM. If it returns NULL,
// *why is a sentence for the operator. Freed with EVP_PKEY_free.
[[nodiscard]] struct evp_pkey_st *key_read_pem(const char *pem, const char **why);

// Reads a key that was checked before. Checks take milliseconds each, too long for a start with
// many keys.
[[nodiscard]] struct evp_pkey_st *key_reread_pem(const char *pem);

// Writes SubjectPublicKeyInfo as PEM, freed with free().
char *key_write_pem(struct evp_pkey_st *);

// Derives a name from the key: the first half of the SHA-256 of its DER.
void key_name(char out[ACCOUNT_KID_MAX + 1], struct evp_pkey_st *);

// Public keys as operators give them.
#pragma once

#include "account/account.h"

#define ACCOUNT_PEM_MAX 4096

// Reads PEM: RSA of ACCOUNT_KEY_BITS_MIN to ACCOUNT_KEY_BITS_MAX. NULL: *why is a sentence for the
// operator. Freed with EVP_PKEY_free.
[[nodiscard]] struct evp_pkey_st *key_read_pem(const char *pem, const char **why);

// One that was checked before: the check takes milliseconds, which a start with many keys has not.
[[nodiscard]] struct evp_pkey_st *key_reread_pem(const char *pem);

// SubjectPublicKeyInfo as PEM, freed with free().
char *key_write_pem(struct evp_pkey_st *);

// A name made of the key: the first half of the SHA-256 of its DER.
void key_name(char out[ACCOUNT_KID_MAX + 1], struct evp_pkey_st *);

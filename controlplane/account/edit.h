// Changes to an account before it is put in force (accounts_put). Each function checks its change
// and returns 0, or -EINVAL, -EEXIST, -ENOENT or -ENOSPC with a sentence for the operator in error.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "account/account.h"

#define ACCOUNT_ERROR_SIZE     512
#define ACCOUNT_API_TOKEN_SIZE 50 // "amphi_" and 256 bits as base64url
#define ACCOUNT_SECRET_SIZE    44

struct account_error {
	char text[ACCOUNT_ERROR_SIZE];
};

// Writes the sentence, and returns the error.
__attribute__((format(printf, 3, 4))) int
account_fail(struct account_error *, int error, const char *format, ...);

// Makes a new account: only its own hosts may embed it, and no JWT is required. NULL with errno
// EINVAL if name is not valid.
[[nodiscard]] struct account *account_create(const char *name, struct account_error *);
[[nodiscard]] struct account *account_copy(const struct account *);
void account_free(struct account *);

// Wipes the secret and frees it.
void account_secret_free(char *);

// "company.example" or "*.company.example".
[[nodiscard]] int account_add_host(struct account *, const char *host, struct account_error *);
[[nodiscard]] int account_remove_host(struct account *, const char *host, struct account_error *);

// "https://domain", "https://*.domain", and "http://localhost:*" for developers.
[[nodiscard]] int account_add_domain(struct account *, const char *domain, struct account_error *);
[[nodiscard]] int
account_remove_domain(struct account *, const char *domain, struct account_error *);

// pem is a public key. If kid is NULL, it is derived from the key.
[[nodiscard]] int account_add_key(
        struct account *a, const char *kid, const char *pem, int64_t now_ms, struct account_error *e
);
[[nodiscard]] int account_remove_key(struct account *, const char *kid, struct account_error *);

// Makes a token; the account keeps only its hash.
[[nodiscard]] int account_add_api_token(
        struct account *a, const char *name, int64_t now_ms, char token[ACCOUNT_API_TOKEN_SIZE],
        struct account_error *e
);
[[nodiscard]] int
account_remove_api_token(struct account *, const char *name, struct account_error *);

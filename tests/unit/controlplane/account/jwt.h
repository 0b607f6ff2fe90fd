// Tokens for tests, good and bad: with any header and payload, signed or not.
#pragma once

#include <stddef.h>

#define JWT_SIZE   16384
#define JWT_HEADER "{\"typ\":\"JWT\",\"alg\":\"RS256\"}"

struct evp_pkey_st;

// Makes an RSA key pair; freed with EVP_PKEY_free.
struct evp_pkey_st *jwt_key(unsigned bits);

// The public part as PEM, freed with free().
char *jwt_public_pem(struct evp_pkey_st *);

// Writes header.payload.signature, signed with RS256, into out[JWT_SIZE]. Returns out.
char *jwt_sign(char *out, struct evp_pkey_st *, const char *header, const char *payload);

// JSON Web Tokens of integrators: RS256 (RFC 7515, 7518 3.3, 7519) and nothing else, following the
// best practices of RFC 8725. The header's `kid` only selects among the account's keys; a header
// that contains or refers to a key of its own is refused. The payload is not read before the
// signature is verified.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account/attribute.h"

#define TOKEN_LEN_MAX       8192 // bytes; a longer token is refused unread
#define TOKEN_LEEWAY_S      60 // RFC 7519 4.1.4: between the integrator's clock and ours
#define TOKEN_IDENTITY_SIZE 65

struct account;

enum token_result {
	TOKEN_GOOD,
	TOKEN_MISSING, // there is no token, or an empty one
	TOKEN_TOO_LONG,
	TOKEN_MALFORMED, // not three parts of strict base64url, or not strict JSON
	TOKEN_BAD_HEADER, // a bad typ, crit or cty, or a key of its own
	TOKEN_BAD_ALGORITHM, // not RS256
	TOKEN_UNKNOWN_KEY, // the account has no key, or none with this kid
	TOKEN_BAD_SIGNATURE,
	TOKEN_BAD_CLAIMS, // exp, nbf or roomId has a wrong type or value
	TOKEN_EXPIRED,
	TOKEN_NOT_YET_VALID,
	TOKEN_RESULT_COUNT,
};

// What a valid token says.
struct claims {
	struct attributes attributes;
	int64_t expires_s; // exp; 0: never
	// The hash of jti, or of the token if it has no jti, as hexadecimal text: for tokenLifetime
	// and for logs, which must never show a token.
	char identity[TOKEN_IDENTITY_SIZE];
};

// Verifies the token with the account's keys. *out is zeroed, and filled in only for TOKEN_GOOD.
// now_s is CLOCK_REALTIME. Use claims_open_room to check whether the token opens a certain room.
[[nodiscard]] enum token_result token_verify(
        const struct account *, const char *token, size_t len, int64_t now_s, struct claims *out
);

// A token with a roomId opens that room alone.
[[nodiscard]] bool claims_open_room(const struct claims *, const char *room);

// A word for logs and answers ("expired").
const char *token_result_code(enum token_result);

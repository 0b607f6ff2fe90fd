// STUN Binding as ICE uses it (RFC 8489, RFC 8445): parsing, verification and building. Also the
// client's side, for tests and the load generator. Pure functions; the only state is OpenSSL's.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STUN_HEADER_LEN       20
#define STUN_TRANSACTION_LEN  12
#define STUN_COOKIE           0x2112A442
#define STUN_LEN_MAX          1500 // longer messages are refused
#define STUN_USERNAME_LEN_MAX 512 // RFC 8489 14.3: 508 bytes of text, fewer than 513
#define STUN_UNKNOWN_MAX      8 // unknown attributes that we report back

enum stun_type {
	STUN_BINDING_REQUEST = 0x0001,
	STUN_BINDING_INDICATION = 0x0011,
	STUN_BINDING_SUCCESS = 0x0101,
	STUN_BINDING_ERROR = 0x0111,
};

enum stun_error {
	STUN_BAD_REQUEST = 400,
	STUN_UNAUTHENTICATED = 401,
	STUN_UNKNOWN_ATTRIBUTE = 420,
	STUN_ROLE_CONFLICT = 487, // RFC 8445 7.3.1.1
};

struct stun_address {
	uint16_t port; // host byte order
	uint8_t ip_len; // 4 or 16; 0 = none
	uint8_t ip[16];
};

// A parsed message. Pointers point into the caller's bytes.
struct stun_message {
	const uint8_t *transaction; // STUN_TRANSACTION_LEN bytes
	const uint8_t *username; // NULL = none
	uint64_t tie_breaker; // of the role attribute
	struct stun_address mapped; // XOR-MAPPED-ADDRESS of a response
	uint32_t priority;
	uint32_t nomination;
	uint16_t type;
	uint16_t username_len;
	uint16_t error_code; // of an error response
	uint16_t integrity_offset; // of the MESSAGE-INTEGRITY attribute; 0 = none
	uint16_t unknown[STUN_UNKNOWN_MAX]; // comprehension-required attributes that we do not know
	uint8_t unknown_count;
	bool has_priority;
	bool has_nomination;
	bool use_candidate;
	bool controlling;
	bool controlled;
	bool has_fingerprint; // and it was correct
};

// What a client's Binding request carries.
struct stun_request {
	const uint8_t *transaction; // STUN_TRANSACTION_LEN bytes
	const char *username; // "server:client"
	size_t username_len;
	const char *password; // the server's
	size_t password_len;
	uint64_t tie_breaker;
	uint32_t priority;
	uint32_t nomination;
	bool has_nomination;
	bool use_candidate;
	bool controlled; // otherwise controlling
};

// Parse a message of exactly len bytes. Returns 0, or -EBADMSG for anything malformed, a wrong
// FINGERPRINT included. Nothing is authentic before stun_verify.
[[nodiscard]] int stun_parse(const uint8_t *bytes, size_t len, struct stun_message *);

// True if MESSAGE-INTEGRITY is present and correct under this short-term password. Constant time.
[[nodiscard]] bool stun_verify(
        const uint8_t *bytes, size_t len, const struct stun_message *, const char *password,
        size_t password_len
);

// The part of USERNAME before the colon: the ufrag of the side that receives the request. NULL if
// there is none.
const uint8_t *stun_local_ufrag(const struct stun_message *, size_t *len);

// Builders. Each returns the bytes written, or 0 if they do not fit. All end with FINGERPRINT.

size_t stun_build_request(uint8_t *buf, size_t size, const struct stun_request *);

size_t stun_build_success(
        uint8_t *buf, size_t size, const uint8_t *transaction, const struct stun_address *mapped,
        const char *password, size_t password_len
);

// A 420 lists the unknown attributes of `request`. A NULL password leaves MESSAGE-INTEGRITY out, as
// RFC 8489 9.1.3 requires for 400 and 401.
size_t stun_build_error(
        uint8_t *buf, size_t size, const struct stun_message *request, enum stun_error code,
        const char *password, size_t password_len
);

// STUN as an ICE agent uses it: binding requests and their answers (RFC 8489, RFC 8445).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define BINDING_LEN_MAX 256

struct binding_request {
	uint8_t transaction[12];
	const char *username; // "their ufrag:our ufrag"
	const char *password; // their password; NULL: no MESSAGE-INTEGRITY
	uint64_t tie_breaker;
	uint32_t priority;
	bool controlled; // sends ICE-CONTROLLED, which a lite server refuses with 487
	bool use_candidate;
	bool no_fingerprint;
};

// Returns the length of the request.
size_t binding_request_build(const struct binding_request *, uint8_t out[BINDING_LEN_MAX]);

struct binding_message {
	uint16_t type; // 0x0001 request, 0x0101 success, 0x0111 error
	uint8_t transaction[12];
	uint16_t error; // of an ERROR-CODE, 0: none
	bool use_candidate;
	bool integrity_ok; // MESSAGE-INTEGRITY is present and verifies with the password
	bool fingerprint_ok;
	struct sockaddr_storage mapped; // XOR-MAPPED-ADDRESS; ss_family 0: none
};

#define BINDING_REQUEST 0x0001
#define BINDING_SUCCESS 0x0101
#define BINDING_ERROR   0x0111

// 0, or -EBADMSG. password: to check MESSAGE-INTEGRITY with.
int binding_parse(struct binding_message *, const uint8_t *bytes, size_t len, const char *password);

// Builds the success response to a request that came from `to`.
size_t binding_answer_build(
        const struct binding_message *request, const char *password, const struct sockaddr *to,
        uint8_t out[BINDING_LEN_MAX]
);

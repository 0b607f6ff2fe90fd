// The fingerprint of the server's certificate, from its signaling (RFC 8122 5, SHA-256).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define FINGERPRINT_TEXT 95 // "AB:CD:…" of 32 bytes

struct json;

// Reads the first fingerprint in a transport's dtlsParameters. False: there is none, or it is not
// SHA-256.
bool fingerprint_read(const struct json *dtls_parameters, uint8_t out[32]);

// DTLS 1.2 with use_srtp over datagrams that the owner carries: no socket in here.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DTLS_MATERIAL_MAX 60 // both keys and salts: 2 × (16 + 14)

enum dtls_result {
	DTLS_BUSY,
	DTLS_DONE, // keys are there
	DTLS_FAILED,
	DTLS_CLOSED, // close_notify came
};

struct dtls; // one session

// profiles: OpenSSL's names with colons. mtu: of a datagram; small ones split the ClientHello.
// send carries a datagram to the peer. NULL on failure.
struct dtls *dtls_create(
        bool server, const char *profiles, uint16_t mtu,
        void (*send)(void *owner, const uint8_t *bytes, size_t len), void *owner
);
void dtls_destroy(struct dtls *);

// SHA-256 of the own certificate, which is made once a process.
void dtls_fingerprint(uint8_t out[32]);

// SHA-256 of the peer's certificate; false if none came.
bool dtls_peer_fingerprint(struct dtls *, uint8_t out[32]);

// Starts or goes on: with a datagram that came, or with NULL for timers. Call every few ms.
enum dtls_result dtls_step(struct dtls *, const uint8_t *bytes, size_t len);

// After DTLS_DONE: the keying material (RFC 5764 4.2) and the profile that was agreed
// (1: AES128_CM_SHA1_80, 7: AEAD_AES_128_GCM). Returns the length, or 0.
size_t dtls_material(struct dtls *, uint8_t out[DTLS_MATERIAL_MAX], uint16_t *profile);

// Sends close_notify.
void dtls_close(struct dtls *);

// DTLS 1.2 with use_srtp over datagrams that the owner carries, without a socket.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HANDSHAKE_MATERIAL_MAX 60 // both keys and salts: 2 × (16 + 14)

enum handshake_result {
	HANDSHAKE_BUSY,
	HANDSHAKE_DONE, // keys are available
	HANDSHAKE_FAILED,
	HANDSHAKE_CLOSED, // close_notify has arrived
};

struct handshake; // one session

// profiles: OpenSSL's names, separated by colons; empty: no use_srtp, and no material. All sessions
// of one role and the same profiles share one SSL_CTX for the process's lifetime. mtu: bytes of the
// largest datagram; a small one splits the ClientHello. send carries a datagram to the peer. NULL
// on failure.
struct handshake *handshake_create(
        bool server, const char *profiles, uint16_t mtu,
        void (*send)(void *owner, const uint8_t *bytes, size_t len), void *owner
);
void handshake_destroy(struct handshake *);

// SHA-256 of our own certificate, which is created once per process.
void handshake_fingerprint(uint8_t out[32]);

// SHA-256 of the peer's certificate; false if none came.
bool handshake_peer_fingerprint(struct handshake *, uint8_t out[32]);

// Starts or continues: with a datagram that arrived, or with NULL for timers.
enum handshake_result handshake_step(struct handshake *, const uint8_t *bytes, size_t len);

// Time until a flight is due again, on OpenSSL's clock; UINT64_MAX: none is.
uint64_t handshake_timeout_ns(struct handshake *);

// After HANDSHAKE_DONE: the keying material (RFC 5764 4.2) and the profile that was agreed
// (1: AES128_CM_SHA1_80, 7: AEAD_AES_128_GCM). Returns the length, or 0.
size_t
handshake_material(struct handshake *, uint8_t out[HANDSHAKE_MATERIAL_MAX], uint8_t *profile);

// From now on, application data goes to this function; before, it is read and discarded.
void handshake_on_data(
        struct handshake *, void (*receive)(void *owner, const uint8_t *bytes, size_t len)
);

// Sends application data as one datagram, once the handshake is done.
void handshake_send(struct handshake *, const uint8_t *bytes, size_t len);

// Sends close_notify.
void handshake_close(struct handshake *);

// One WebRTC transport like a browser's, without a socket and without SRTP: an ICE agent with one
// candidate pair and a DTLS endpoint. No I/O: the caller passes in datagrams and time, and a
// function sends. Single-threaded. Thousands are cheap: all share one SSL_CTX, and a client's
// OpenSSL objects are freed as soon as it has its keys.
//
//	               answer to a check            keys are there
//	PEER_CHECKING ──────────────────▶ PEER_HANDSHAKE ───────▶ PEER_CONNECTED
//	                                        │ alert, wrong fingerprint  │ close_notify
//	                                        ▼                           ▼ (seen with keep_dtls)
//	                                   PEER_FAILED                 PEER_CLOSED
//
// Checks go on in every state, as in a browser: they are the consent (RFC 7675), whatever the state
// of DTLS.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "handshake.h"

#define PEER_WORD_MAX 64 // of a ufrag or password; RFC 8445 5.3 would allow 256

struct peer_config {
	const char *ufrag, *pwd; // the server's; copied
	const uint8_t
	        *fingerprint; // the server's certificate's SHA-256 (32 bytes, copied) or NULL: any
	const char *profiles; // OpenSSL's names with colons; NULL: GCM, then CM; empty: only data
	uint16_t dtls_mtu; // 0: 1200
	uint16_t consent_ms; // between checks after the first answer; 0: 2500, as Chrome
	// The server's address, which answers to its checks quote; copied. NULL: a lite server,
	// which sends no checks.
	const struct sockaddr *server;
	bool controlled; // the server made the offer and is not lite (RFC 8445 6.1.1)
	bool keep_dtls; // after the handshake too, to send and receive close_notify
	bool dtls_server; // waits for the server's ClientHello
	bool passive; // plays a lite server: ufrag and pwd are its own, DTLS server, no checks
	void (*send
	)(void *context, const uint8_t *payload, size_t len); // one UDP payload to the server
	void (*data)(void *context, const uint8_t *bytes, size_t len); // over DTLS; may be NULL
	void *context;
};

enum peer_state {
	PEER_CHECKING,
	PEER_HANDSHAKE,
	PEER_CONNECTED,
	PEER_FAILED,
	PEER_CLOSED,
};

// Does not move between init and fini.
struct peer {
	enum peer_state state;
	struct peer_config config; // copied strings are NULL in here
	char ufrag[PEER_WORD_MAX + 1]; // the peer's own
	char pwd[PEER_WORD_MAX + 1];
	char server_ufrag[PEER_WORD_MAX + 1];
	char server_pwd[PEER_WORD_MAX + 1];
	uint8_t server_fingerprint[32]; // the expected one, then the received one
	struct sockaddr_storage server;
	struct sockaddr_storage mapped; // our address as the server sees it; ss_family 0: not known
	// After PEER_CONNECTED:
	uint8_t profile; // 1: AES128_CM_SHA1_80, 7: AEAD_AES_128_GCM
	uint8_t material[HANDSHAKE_MATERIAL_MAX]; // RFC 5764 4.2: client key, server key, client
	                                          // salt, …
	struct handshake *dtls; // NULL: freed
	uint64_t check_next_ns, timer_ns;
	uint64_t tie_breaker;
	uint8_t transaction[8]; // first bytes of checks' ids; a count follows
	uint32_t transactions;
	bool fingerprint_wanted;
	bool data_alone; // without SRTP
	bool checks_off; // for tests: sends no more checks, e.g. to let consent expire
	bool answers_off; // for tests: answers nothing
	uint64_t checks_sent, checks_answered; // passive: checks that it answered
	uint64_t requests_answered; // the server's checks
	uint64_t check_errors;
	uint16_t check_error_last; // e.g. 487
	uint64_t unknown_in; // neither STUN nor DTLS
};

// 0 or -errno.
int peer_init(struct peer *, const struct peer_config *);
void peer_fini(struct peer *);

// A STUN or DTLS datagram (RFC 7983). Returns the state after it.
enum peer_state peer_receive(struct peer *, const uint8_t *payload, size_t len, uint64_t now_ns);

// Sends checks (every 50 ms until one is answered, then every 2.5 s like Chrome) and DTLS flights
// that are due. Harmless at any time.
enum peer_state peer_tick(struct peer *, uint64_t now_ns);

// When to call peer_tick next.
uint64_t peer_deadline(const struct peer *);

// Our certificate's fingerprint, one per process.
void peer_fingerprint(uint8_t out[32]);

// Sets new credentials of the server (ICE restart); the next tick sends a check.
void peer_restart(struct peer *, const char *ufrag, const char *pwd);

// Sends application data, if DTLS was kept and is connected.
void peer_data_send(struct peer *, const uint8_t *bytes, size_t len);

// Sends close_notify, if DTLS was kept.
void peer_close(struct peer *);

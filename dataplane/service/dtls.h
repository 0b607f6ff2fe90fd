// DTLS 1.2 for DTLS-SRTP (RFC 5764, RFC 6347, RFC 8827 6.5), in either role. The only SSL object.
// Bytes go in and out through memory. The caller feeds only datagrams from tuples that ICE has
// validated, and starts the client role only towards such a tuple.
//
//	     first datagram, or dtls_start         handshake done AND fingerprint equal
//	AM_DTLS_NEW ───────────▶ AM_DTLS_CONNECTING ───────────▶ AM_DTLS_CONNECTED
//	                               │ alert, no certificate,          │ close_notify
//	                               │ mismatch,                       │   (fatal alert: FAILED)
//	                               │ DTLS_HANDSHAKE_NS               │
//	                               ▼                                 ▼
//	                         AM_DTLS_FAILED                    AM_DTLS_CLOSED
//
// The fingerprint may come before, during or after the handshake; the result is the same. FAILED
// and CLOSED are final: the session and its keys are freed at once and all input is ignored.
// Everything here belongs to one thread, contexts included.
//
// Memory of a half-open handshake is bounded: reassembly of about 10 messages of 16 kB (OpenSSL)
// and DTLS_EARLY_MAX records that came before their keys. So is the number of handshakes. Measured
// with OpenSSL 3.0.22: nothing before the first datagram, 62 kB after it, 315 kB when flooded; once
// the handshake is done and the session is idle, 36 kB, of which 16 to 20 are not resident
// (go_quiet).
#pragma once

#include "am_schema.h"

#include <stddef.h>
#include <stdint.h>

struct srtp_keys;

#define DTLS_FINGERPRINT_LEN 32 // SHA-256, of our own certificate
#define DTLS_DATAGRAM_MAX    1200 // maximum bytes of UDP payload in a datagram that we send
#define DTLS_DATA_MAX        1160 // bytes of application data in one datagram
#define DTLS_EARLY_MAX       4 // encrypted records kept until their keys are there
#define DTLS_HALF_OPEN_MAX   4096 // handshakes of one context at a time
#define DTLS_HANDSHAKE_NS    30000000000ull // from the first record to CONNECTED, or it fails
#define DTLS_EITHER_NS       500000000ull // how long a client that takes either role has to begin

// Certificate and settings of this process, shared by all its sessions; it outlives them.
struct dtls_context;

// One session with one client.
struct dtls;

// What a session calls from within dtls_receive, dtls_timer, dtls_write, dtls_set_fingerprint and
// dtls_destroy. They may not call dtls_ functions of the same session, except that receive may call
// dtls_write. The bytes belong to the session.
struct dtls_handler {
	void (*send)(void *user, const uint8_t *datagram, size_t len); // takes it or drops it
	void (*receive)(void *user, const uint8_t *data, size_t len); // NULL: data is discarded
	void *user;
};

// Makes a new P-256 key and a self-signed certificate. `profiles` are enum srtp_profile_id, most
// preferred first. NULL and errno: EINVAL for another number or an empty list, EIO if OpenSSL fails
// (logged).
[[nodiscard]] struct dtls_context *dtls_context_create(const uint8_t *profiles, uint8_t n);
void dtls_context_destroy(struct dtls_context *);

// SHA-256 of the certificate: what signaling announces to clients. DTLS_FINGERPRINT_LEN bytes.
const uint8_t *dtls_context_fingerprint(const struct dtls_context *);

// The handler is copied. NULL and errno ENOMEM.
[[nodiscard]] struct dtls *dtls_create(struct dtls_context *, const struct dtls_handler *);

// Sends close_notify if the session is up. NULL is allowed.
void dtls_destroy(struct dtls *);

// Ends a session that lacks what its transport requires, and sends close_notify. Returns the state.
enum am_dtls_state dtls_fail(struct dtls *);

enum am_dtls_state dtls_state(const struct dtls *);

// Takes one datagram. Returns the state after it.
enum am_dtls_state dtls_receive(struct dtls *, const uint8_t *bytes, size_t len, uint64_t now_ns);

// What the client's certificate must hash to. Set once; a second call must repeat the first, or the
// session fails. Returns the state after it.
enum am_dtls_state dtls_set_fingerprint(struct dtls *, const struct am_fingerprint *);

// Sends the ClientHello at this time, from within dtls_timer, unless the client's has come by then.
// Does nothing once a handshake has begun.
void dtls_start(struct dtls *, uint64_t at_ns);

// When to call dtls_timer, on the clock of now_ns. Less than UINT64_MAX exactly while the state is
// CONNECTING, or NEW with a start pending.
uint64_t dtls_deadline(const struct dtls *);

// Retransmits what is due, or fails a handshake that took too long. Harmless at any time. Returns
// the state after it.
enum am_dtls_state dtls_timer(struct dtls *, uint64_t now_ns);

// Keys and profile for media (RFC 5764 4.2). 0; -ENOTCONN in any state but CONNECTED; -ENOPROTOOPT
// without a common profile: such a session carries only data. On failure *keys is wiped. The caller
// wipes them after use.
[[nodiscard]] int dtls_srtp_keys(struct dtls *, struct srtp_keys *keys);

// Sends application data as one datagram. 0, -ENOTCONN, -EMSGSIZE above DTLS_DATA_MAX.
[[nodiscard]] int dtls_write(struct dtls *, const uint8_t *data, size_t len);

// SCTP for data channels (RFC 8831, RFC 8261): the only user of usrsctp. Each transport with data
// has one association, fed and drained through memory; DTLS carries the packets. usrsctp exists
// once per process and starts no threads here: sctp_tick moves its clock. All of it runs on the
// service thread.
//
//	             INIT ACK, COOKIE ACK, or the other way round
//	SCTP_CONNECTING ───────────────────────────────▶ SCTP_UP
//	       │ nobody answers                             │ ABORT, SHUTDOWN
//	       ▼                                            ▼
//	SCTP_OVER ◀─────────────────────────────────────────┘
//
// Both sides may begin (RFC 9260 5.2.1). What an association may hold is bounded: incoming data by
// SCTP_RECEIVE_MAX, outgoing by SCTP_SEND_MAX, streams by AM_DATA_STREAMS_IN and
// AM_DATA_STREAMS_OUT. A message above AM_DATA_MESSAGE_MAX is never assembled. Measured: 7.5 kB
// idle, 48 kB if the client sends.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "am_schema.h"

#define SCTP_PACKET_MAX  1148 // bytes; fits DTLS_DATA_MAX and is a multiple of 4
#define SCTP_RECEIVE_MAX 32768 // bytes per association, received but not yet whole messages
#define SCTP_SEND_MAX    16384 // bytes waiting to be sent or acknowledged

// Payload protocol identifiers (RFC 8831 8).
enum sctp_ppid {
	SCTP_PPID_DCEP = 50,
	SCTP_PPID_STRING = 51,
	SCTP_PPID_BINARY = 53,
	SCTP_PPID_STRING_EMPTY = 56,
	SCTP_PPID_BINARY_EMPTY = 57,
};

enum sctp_state {
	SCTP_CONNECTING,
	SCTP_UP,
	SCTP_OVER, // only sctp_destroy may follow
};

struct sctp;

// What an association calls from within any sctp_ function. None of them may call sctp_destroy.
struct sctp_handler {
	void (*send)(void *user, const uint8_t *packet, size_t len); // takes it or drops it
	// A whole message.
	void (*receive
	)(void *user, uint16_t stream, uint32_t ppid, const uint8_t *message, size_t len);
	void (*too_long)(void *user); // instead of a message above AM_DATA_MESSAGE_MAX
	void *user;
};

// Once per process, before and after all associations.
void sctp_library_open(void);
void sctp_library_close(void);

// Makes an association and sends its INIT. id: the transport's; only one may live in a slot at a
// time. speaks: the client may use AM_DATA_STREAMS_IN streams, otherwise AM_DATA_STREAMS_OUT. The
// handler is copied. NULL with errno.
[[nodiscard]] struct sctp *sctp_create(am_id id, bool speaks, const struct sctp_handler *);

// Sends ABORT. NULL is allowed.
void sctp_destroy(struct sctp *);

// Takes one packet. Returns the state after it.
enum sctp_state sctp_receive(struct sctp *, const uint8_t *packet, size_t len);

enum sctp_state sctp_state(const struct sctp *);

// Sends a message, ordered and reliable. 0; -EAGAIN while there is no room, -ENOTCONN, -EINVAL.
[[nodiscard]] int
sctp_send(struct sctp *, uint16_t stream, uint32_t ppid, const uint8_t *message, size_t len);

// Closes the outgoing half of a stream (RFC 8831 6.7), if it has one.
void sctp_reset_stream(struct sctp *, uint16_t stream);

// Runs the timers of all associations.
void sctp_tick(uint64_t now_ns);

// One DTLS server session and one OpenSSL client. The test controls the network between them and
// the clock, for which gettimeofday is replaced.
#pragma once

#include "service/dtls.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NET_QUEUE_MAX    64
#define NET_DATAGRAM_MAX 17000
#define NET_NEVER        (-1)

struct net_datagram {
	size_t len;
	uint8_t bytes[NET_DATAGRAM_MAX];
};

// One direction. Datagrams are numbered from 1 in the order sent.
struct net_queue {
	struct net_datagram *slots; // NET_QUEUE_MAX of them
	unsigned head;
	unsigned count;
	int sent;
	int drop_nth; // NET_NEVER
	size_t len_max; // length of the longest datagram sent
};

// What the client offers; all zero: the same as a browser.
struct net_client {
	const char *profiles; // OpenSSL's list; "": no use_srtp
	const char *ciphers;
	unsigned mtu;
	uint16_t alpn_len; // makes the ClientHello longer
	bool no_certificate;
	bool rsa; // RSA instead of ECDSA certificate
	bool accepts; // the client is the DTLS server
	bool dtls_1_0;
};

struct net {
	struct dtls_context *context; // the caller's
	struct dtls *server;
	SSL_CTX *client_ctx;
	SSL *client;
	bool client_failed;
	struct am_fingerprint client_fingerprint; // SHA-256
	uint64_t now_ns;
	struct net_queue to_server;
	struct net_queue to_client;
	unsigned loss_percent; // in both directions
	uint64_t random; // state of the random numbers
	size_t data_len; // application data that the server got
	uint8_t data[NET_DATAGRAM_MAX];
	void (*before_server)(struct net *); // called before each datagram that the server takes
};

void net_init(struct net *, struct dtls_context *, const struct net_client *);
void net_fini(struct net *);

// Deliver and let time pass until nothing is left to do, or duration_ns have passed.
void net_run(struct net *, uint64_t duration_ns);

// Deliver what is under way, without running timers.
void net_settle(struct net *);

// The client sends `len` bytes of application data.
void net_client_write(struct net *, const uint8_t *data, size_t len);

// Number of bytes that the client can read now, or 0.
size_t net_client_read(struct net *, uint8_t *data, size_t size);

// Set the wall clock, which nothing should depend on, forward or back.
void net_shift_wall_clock(int64_t seconds);

// A peer with a UDP socket and SRTP in both directions. Single-threaded: the owner calls
// client_step in its loop.
#pragma once

#include <netinet/in.h>
#include <srtp2/srtp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "peer.h"
#include "wire.h"

#define NS_PER_MS 1000000ull
#define NS_PER_S  1000000000ull

// Any of them may be NULL. The data belongs to the client and is valid only during the call.
struct client_events {
	void (*rtp)(void *context, const struct wire_rtp *, uint64_t now_ns);
	void (*rtcp
	)(void *context, const uint8_t *bytes, size_t len, uint64_t now_ns); // a compound
	void (*data)(void *context, const uint8_t *bytes, size_t len); // data over DTLS
	void (*tick)(void *context, uint64_t now_ns); // once a step, connected or not
};

struct client_config {
	struct sockaddr_storage server; // port 0: learned from the first good check (passive)
	const char *ufrag; // the server's, copied
	const char *pwd; // the server's, or a passive client's own; copied
	const char *profiles; // OpenSSL's names; NULL: GCM, then CM; empty: no SRTP
	uint16_t dtls_mtu; // 0: 1200
	uint16_t loss_in_permille; // of RTP and RTCP
	uint16_t loss_out_permille;
	uint64_t seed; // of the loss
	bool dtls_server; // the server begins the handshake
	bool passive; // plays the server: answers checks, DTLS server
};

// Read by the tests; written by client.c.
struct client {
	struct client_config config;
	struct client_events events;
	void *context; // passed to the events
	struct peer peer;
	int fd;
	srtp_t srtp_in, srtp_out;
	uint64_t random;
	// counts
	uint64_t datagrams_in, rtp_in, rtcp_in, rtp_out, rtcp_out;
	uint64_t srtp_refused; // packets that arrived and did not verify
	uint64_t unknown_in; // packets that look like media but are not
	uint64_t lost_in, lost_out; // dropped on purpose
};

// 0 or -errno. The socket is created in the caller's network namespace.
int client_init(
        struct client *, const struct client_config *, const struct client_events *, void *context
);
void client_fini(struct client *);

// Reads all that arrived, runs the timers. Never blocks.
void client_step(struct client *, uint64_t now_ns);

// Steps all clients until done(context) or the deadline. True if done; done may be NULL.
bool clients_run(
        struct client *const *, size_t count, uint64_t duration_ms, bool (*done)(void *context),
        void *context
);

// Encrypt and send a packet. 0, or -ENOTCONN.
int client_rtp_send(struct client *, const struct wire_rtp *);
int client_rtcp_send(struct client *, const uint8_t *bytes, size_t len);

// Sends data over DTLS, once it is connected.
void client_data_send(struct client *, const uint8_t *bytes, size_t len);

// Changes to another socket with another source port, as after a NAT rebinding.
int client_rebind(struct client *);

// Sets new credentials of the server (ICE restart).
void client_restart(struct client *, const char *ufrag, const char *pwd);

// Sends raw bytes to the server from the client's socket, bypassing all layers.
void client_raw_send(struct client *, const void *bytes, size_t len);

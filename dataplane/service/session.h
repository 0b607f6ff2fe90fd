// A transport's signaling on the wire: ICE checks, the DTLS handshake, and the route that follows
// from them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "service/registry.h"

struct flow_key;
struct packet_view;
struct service;

// Makes a session with its ICE and DTLS and registers it. 0 or -errno.
[[nodiscard]] int session_open(struct service *, const struct am_cmd_transport_add *);

// The certificate that the client must show, and our role.
void session_connect(struct service *, struct session *, const struct am_cmd_transport_connect *);

// It has got a track: gives the worker what incoming RTP takes, unless it has it. A viewer never
// needs that. What comes before is lost, its sequence numbers too: they begin in the lower half, so
// that a rollover is not among them (RFC 3711 3.3.1).
void session_receive(struct service *, struct session *);

void session_restart_ice(struct service *, struct session *, const char *ufrag, const char *pwd);

// An authentic packet has come from there, by a frame of this MAC address: a tuple that waited for
// this proof is selected. The session may be gone (NULL).
void session_proven(struct session *, const struct flow_key *from, const uint8_t mac[6]);

// Ends it, with all that hangs on it, and frees it.
void session_close(struct service *, struct session *);

// A STUN message that arrived on a worker, from anyone. Strangers get silence.
void session_stun(
        struct service *, uint16_t worker, const struct packet_view *, const uint8_t *msg,
        size_t len
);

// A DTLS datagram; strangers' are dropped.
void session_dtls(
        struct service *, const struct packet_view *, const uint8_t *datagram, size_t len
);

// Retransmissions and expiry, of the sessions where they are due. Call some fifty times a second.
void session_tick_all(struct service *);

// A next hop has got another MAC address: routes through it are made anew.
void session_hop_changed(struct service *, const struct am_address *hop, const uint8_t mac[6]);

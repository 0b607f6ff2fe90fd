// The transports: their ICE checks, their DTLS handshakes, the routes that follow from both, and
// all that belongs to each transport.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "am_schema.h"
#include "service/records.h"

struct flow_key;
struct packet_view;
struct registry;

// Makes a session with its ICE and DTLS and registers it. 0 or -errno.
[[nodiscard]] int session_open(struct service *, const struct am_cmd_transport_add *);

// Sets the certificate that the client must present, and our role.
void session_connect(struct service *, struct session *, const struct am_cmd_transport_connect *);

// The session has got a track: gives the worker what incoming RTP requires, unless it already has
// it. A viewer never requires it. Earlier packets are lost, with their sequence numbers; those
// begin in the lower half, so no rollover can be among them (RFC 3711 3.3.1).
void session_receive(struct service *, struct session *);

void session_restart_ice(struct service *, struct session *, const char *ufrag, const char *pwd);

// An authentic packet has come from this tuple, in a frame from this MAC address: if the tuple was
// waiting for this proof, it is selected. The session may be gone (NULL).
void session_proven(struct session *, const struct flow_key *from, const uint8_t mac[6]);

// Puts the session on a worker, with all that waits for it. 0 or -ENOMEM, then nothing is placed.
[[nodiscard]] int session_place(struct registry *, struct session *, uint16_t worker);

// Takes the session off its worker and out of the registry, with its tracks and subscriptions.
void session_remove(struct registry *, struct session *);

// Ends the session with everything that belongs to it, and frees it.
void session_close(struct service *, struct session *);

// A STUN message that arrived on a worker, from anyone. Strangers get no answer.
void session_stun(
        struct service *, uint16_t worker, const struct packet_view *, const uint8_t *msg,
        size_t len
);

// A DTLS datagram; strangers' are dropped.
void session_dtls(
        struct service *, const struct packet_view *, const uint8_t *datagram, size_t len
);

// Handles retransmissions and expiry that are due. Call about fifty times a second.
void session_tick_all(struct service *);

// A next hop has another MAC address: updates the routes through it.
void session_hop_changed(struct service *, const struct am_address *hop, const uint8_t mac[6]);

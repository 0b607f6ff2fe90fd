// The transports: their signaling on the wire, which is ICE checks, the DTLS handshake, and the
// route that follows from them; and what hangs on them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "am_schema.h"
#include "service/ice.h"
#include "service/places.h"
#include "service/ssrc_set.h"
#include "wire/packet.h"

struct data;
struct dtls;
struct flow_key;
struct service;
struct sink;
struct source;

struct session {
	am_id id;
	uint64_t room_id;
	uint16_t worker; // RELAY_NO_WORKER: not placed
	struct ice ice;
	struct dtls *dtls;
	struct data *data; // its data channel; NULL: it has none
	uint8_t dtls_state; // enum am_dtls_state, as published
	uint8_t dtls_role; // enum am_dtls_role
	bool keyed; // the worker has its SRTP keys
	bool receives; // and those of its incoming RTP
	bool publishes; // its worker has a table of its SSRCs
	bool twcc; // its worker has a struct twcc
	bool views; // its worker has a struct viewer
	struct packet_route route; // to the selected tuple; len 0: none
	struct am_address hop; // next hop of the route
	uint8_t mac[6]; // of the frame that selected or proved the tuple
	bool heard; // authentic data has come over DTLS since it was last asked for
	struct service *service;
	struct ssrc_set
	        ssrcs; // of its subscriptions, past ones too: its key lives as long as it does
	TAILQ_HEAD(, source) sources;
	TAILQ_HEAD(, sink) sinks;
	TAILQ_ENTRY(session) entry;
	TAILQ_ENTRY(session) consenting; // of the service's list while ICE is connected
	TAILQ_ENTRY(session) shaking; // of the service's list while a DTLS handshake is under way
	bool is_shaking; // it is in that list
	struct place place; // that the handshake holds
};

// Its client has offered no SRTP profile: it carries data alone.
static inline bool session_lacks_srtp(const struct session *s)
{
	return s->dtls_state == AM_DTLS_CONNECTED && !s->keyed;
}

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

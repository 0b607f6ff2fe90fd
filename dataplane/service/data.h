// Data channels of sessions: SCTP over their DTLS (sctp.h), between a room's channel (channel.h)
// and its members. A session may speak in the channel of its room, and hear it; SCTP is made for
// those only, once DTLS is connected.
//
//	client ──SCTP──▶ data producer ──▶ channel ──▶ data consumers ──SCTP──▶ clients
//
// What is said is sent to DATA_PER_TURN readers in a turn of the service thread, so that two
// thousand of them do not keep it from handshakes.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "am_schema.h"

struct channel;
struct data;
struct service;
struct session;

// The service's part.
struct data_plane {
	LIST_HEAD(, channel) channels;
	TAILQ_HEAD(, data) ready; // something is to be sent to them
	bool is_open;
	uint64_t ticked_ns;
};

void data_open(struct service *);

// All sessions have ended.
void data_close(struct service *);

// 0 or -ENOMEM. A session has one of each at most: a second call changes stream and tag.
[[nodiscard]] int
data_add_producer(struct service *, struct session *, const struct am_cmd_data_add *);
[[nodiscard]] int
data_add_consumer(struct service *, struct session *, const struct am_cmd_data_add *);
// Of a consumer that gets senders apart; it hears what is said from then on. -ENOENT: it is none.
[[nodiscard]] int data_set_source(struct session *, const struct am_cmd_data_source *);
// The client listens: from the oldest message on. 0, also where it had begun; -ENOENT: no consumer.
[[nodiscard]] int data_start_consumer(struct session *);
void data_remove_producer(struct service *, struct session *);
void data_remove_consumer(struct service *, struct session *);

// Ends both, and the association.
void data_end(struct service *, struct session *);

// DTLS may be connected now: begins with SCTP.
void data_connect(struct service *, struct session *);

// An SCTP packet of the session's client.
void data_receive(struct service *, struct session *, const uint8_t *packet, size_t len);

// Sends what is to be sent, some of it. Returns to how many.
unsigned data_pump(struct service *);

void data_tick(struct service *);

// Fills in its part of a session's table entry; NULL: there is none.
void data_publish(const struct data *, struct am_transport_state *);

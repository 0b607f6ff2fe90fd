// Data channels of sessions: SCTP over their DTLS (sctp.h), between a room's channel (channel.h)
// and its members. A session may send and receive in its room's channel; SCTP is started only for
// such sessions, once DTLS is connected.
//
//	client ──SCTP──▶ data producer ──▶ channel ──▶ data consumers ──SCTP──▶ clients
//
// Each turn of the service thread sends to DATA_PER_TURN readers, so that two thousand readers do
// not keep it from handshakes.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "am_schema.h"

struct service;
struct session;

void data_open(struct service *);

// All sessions must have ended.
void data_close(struct service *);

// 0 or -ENOMEM. A session has at most one of each: a second call changes stream and tag.
[[nodiscard]] int
data_add_producer(struct service *, struct session *, const struct am_cmd_data_add *);
[[nodiscard]] int
data_add_consumer(struct service *, struct session *, const struct am_cmd_data_add *);
// For a consumer that gets senders separately: it gets this source's messages from now on. -ENOENT:
// there is no such consumer.
[[nodiscard]] int data_set_source(struct session *, const struct am_cmd_data_source *);
// The client listens: sends from the oldest message on. 0, even if already started; -ENOENT: no
// consumer.
[[nodiscard]] int data_start_consumer(struct session *);
void data_remove_producer(struct service *, struct session *);
void data_remove_consumer(struct service *, struct session *);

// Ends both, and the association.
void data_end(struct service *, struct session *);

// DTLS may be connected now: if so, starts SCTP.
void data_connect(struct service *, struct session *);

// An SCTP packet from the session's client.
void data_receive(struct service *, struct session *, const uint8_t *packet, size_t len);

// Sends some of what is due. Returns to how many readers.
unsigned data_pump(struct service *);

void data_tick(struct service *);

// Plays the control plane over the real link and region, so it sends what the real one sends.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "am_link.h"
#include "am_region.h"

struct driver {
	struct am_region region;
	int link;
	int command_wake, event_wake;
	uint16_t epoch;
	uint32_t sequence;
	uint32_t next_transport, next_track, next_subscription; // slots
	uint32_t id_epoch;
	uint32_t events; // number of events received
	uint32_t wrong_events; // events that am_msg_check refused: must stay 0
	uint32_t unanswered; // commands whose ack has not come yet
	uint32_t refused; // commands with an ack other than 0, until driver_settle
};

struct driver_transport {
	am_id id;
	char ufrag[AM_UFRAG_LEN + 1];
	char pwd[AM_PWD_LEN + 1];
};

// Connects, retrying until the data plane runs. 0 or -errno.
int driver_open(struct driver *, const char *socket_path, uint64_t timeout_ms);
void driver_close(struct driver *);

// Sends a command and waits for its ack. Returns the ack's result, or -ETIMEDOUT after 5 s.
int driver_command(struct driver *, struct am_msg *);

// Posts a command like a control plane, and waits only if too many are pending. 0, -ETIMEDOUT, or
// an error of driver_post.
int driver_send(struct driver *, struct am_msg *);

// Waits until all commands of driver_send are answered. 0, -EREMOTEIO if some were refused, or
// -ETIMEDOUT.
int driver_settle(struct driver *);

// Takes waiting events.
void driver_events(struct driver *);

// Sends a command without waiting: 0, with its sequence in the message; -ENOSPC if the ring is
// full. With more pending commands than the event ring has slots, acks are lost.
int driver_post(struct driver *, struct am_msg *);

// Wakes the data plane for posted commands. 0 or -errno.
int driver_wake(struct driver *);

// Takes waiting events; calls ack once for each command that is answered.
void driver_collect(
        struct driver *, void (*ack)(void *context, uint32_t sequence, int32_t result),
        void *context
);

// Fills a TRANSPORT_ADD for t->id with new credentials.
void driver_transport_fill(struct driver_transport *, uint64_t room, struct am_msg *);

// Each sends one command. Results as of driver_command.
int driver_transport_add(struct driver *, uint64_t room, struct driver_transport *);
int driver_transport_connect(struct driver *, am_id transport, const uint8_t fingerprint[32]);
int driver_transport_connect_as(
        struct driver *d, am_id transport, enum am_dtls_role role, const uint8_t fingerprint[32]
);
int driver_transport_restart(struct driver *, struct driver_transport *); // new credentials
int driver_remove(struct driver *, uint16_t type, am_id); // any *_REMOVE, or KEY_FRAME
int driver_pause(struct driver *, uint16_t type, am_id, bool paused);
int driver_layers(struct driver *, am_id subscription, uint8_t spatial, uint8_t temporal);

// Return the next free id.
am_id driver_track_id(struct driver *);
am_id driver_subscription_id(struct driver *);

// The subscription's SSRC; its RTX has the next one. Another id has other SSRCs, so none is reused
// under a viewer's key.
uint32_t driver_ssrc(am_id subscription_id);

// State of a transport; false if the table has another one or none.
bool driver_transport_state(struct driver *, am_id, struct am_transport_state *);

// Sums over all workers. drop: by name; UINT64_MAX: no such name.
uint64_t driver_counter(const struct driver *, enum am_counter);
uint64_t driver_drop(const struct driver *, const char *name);
uint64_t driver_drops(const struct driver *); // all of them

// True if the counters of every worker balance (am_counters.h); otherwise says what is wrong.
bool driver_books_balance(const struct driver *, char *why, size_t size);

// Prints all counters and drops that are not 0, a line each.
void driver_print(const struct driver *);

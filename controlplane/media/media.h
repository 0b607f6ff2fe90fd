// The data plane, as the control plane sees it: one function for each command, acknowledgements,
// events. The only user of the region and its rings. What is read from the region is copied and
// checked before it is used: the other process is not trusted.
//
//     DOWN ──link──▶ JOINING ──all older commands are done──▶ UP
//       ▲                │                                    │
//       └────────────────┴──────────── link lost ◀────────────┘
//
// The command ring outlives the control plane. On joining, the tables are therefore read only after
// the data plane has done what the last control plane left there.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "am_region.h"

struct loop;
struct media;

#define MEDIA_ACK_MS                                                                               \
	5000 // then, or sooner if the answer is lost, the tables show a command's result

// What the caller gets back with the answer. Only values: the caller may be gone by then.
struct media_call {
	am_id id; // of the command's object
	uint64_t connection;
	int64_t request_id;
};

// result: 0 or -errno; -ENOTCONN if the data plane was lost meanwhile.
typedef void media_done(void *owner, const struct media_call *, int result);

struct media_events {
	void *owner;
	void (*up)(void *owner, uint64_t generation);
	void (*down)(void *owner);
	void (*transport_state)(void *owner, am_id, uint8_t ice, uint8_t dtls);
	void (*layers)(void *owner, const struct am_event_subscription_layers *);
	void (*too_long)(void *owner, am_id track, uint32_t payload_len);
	void (*wanted)(void *owner, am_id track, uint8_t encodings); // a bit for each
	void (*resync)(void *owner); // events were lost: read the tables
};

enum media_table {
	MEDIA_TRANSPORTS,
	MEDIA_TRACKS,
	MEDIA_SUBSCRIPTIONS,
	MEDIA_TABLE_COUNT,
};

// What the data plane says about itself, copied when joining it.
struct media_info {
	uint64_t generation;
	uint16_t udp_port;
	uint8_t fingerprint[32];
	struct am_address addresses[AM_ADDRESS_MAX];
};

// path and events are the caller's memory. NULL with errno.
[[nodiscard]] struct media *
media_create(struct loop *, const char *path, const struct media_events *);

// Leaves the data plane as it is.
void media_destroy(struct media *);

bool media_is_up(const struct media *);
const struct media_info *media_info(const struct media *);

// Ids of new objects; 0 if the table is full. Removing an object frees its id; call media_id_free
// for an object that the data plane removes along with its transport or track.
[[nodiscard]] am_id media_id_new(struct media *, enum media_table);
void media_id_free(struct media *, enum media_table, am_id);

// Commands. They return 0 if done will be called, once; or -errno if it will not. done may be NULL.
[[nodiscard]] int media_transport_add(
        struct media *m, const struct am_cmd_transport_add *command, media_done *done, void *owner,
        const struct media_call *call
);
[[nodiscard]] int media_transport_connect(
        struct media *m, const struct am_cmd_transport_connect *command, media_done *done,
        void *owner, const struct media_call *call
);
[[nodiscard]] int media_transport_restart_ice(
        struct media *m, const struct am_cmd_transport_restart_ice *command, media_done *done,
        void *owner, const struct media_call *call
);
[[nodiscard]] int media_track_add(
        struct media *m, const struct am_cmd_track_add *command, media_done *done, void *owner,
        const struct media_call *call
);
[[nodiscard]] int media_subscription_add(
        struct media *m, const struct am_cmd_subscription_add *command, media_done *done,
        void *owner, const struct media_call *call
);
[[nodiscard]] int media_data_producer_add(
        struct media *m, const struct am_cmd_data_add *command, media_done *done, void *owner,
        const struct media_call *call
);
[[nodiscard]] int media_data_consumer_add(
        struct media *m, const struct am_cmd_data_add *command, media_done *done, void *owner,
        const struct media_call *call
);

// Commands that nobody waits for; without a data plane they have no effect.
void media_transport_remove(struct media *, am_id);
void media_track_pause(struct media *, am_id, bool paused);
void media_track_tap(struct media *, am_id, bool on);
void media_track_key_frame(struct media *, am_id); // of each encoding that is being received
void media_track_remove(struct media *, am_id);
void media_subscription_pause(struct media *, am_id, bool paused);
void media_subscription_layers(
        struct media *, am_id, uint8_t spatial, uint8_t temporal, uint8_t priority
);
void media_subscription_key_frame(struct media *, am_id);
void media_subscription_remove(struct media *, am_id);
void media_room_tap(struct media *, uint64_t room_id, bool on); // chat; also before there is any
void media_data_producer_change(struct media *, const struct am_cmd_data_add *);
void media_data_producer_remove(struct media *, am_id transport);
void media_data_consumer_source(struct media *, const struct am_cmd_data_source *);
void media_data_consumer_start(struct media *, am_id transport);
void media_data_consumer_remove(struct media *, am_id transport);

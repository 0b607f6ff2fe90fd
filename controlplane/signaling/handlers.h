// The handlers of pages' requests, and what all handlers share.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "conference/conference.h"
#include "protoo/connection.h"

struct admissions;
struct conference_events;
struct json;
struct limit;
struct loop;
struct tally;

struct signaling {
	struct loop *loop;
	const struct admissions *admissions;
	struct conference *conference; // the admissions'
	struct conference_events *events;
	void (*ready)(void *owner);
	void *owner;
	struct connections *connections;
	uint32_t client_max; // WebSockets that one address may have at once
	struct tally *asking; // by address: connections whose admission waits for other servers
	struct limit *opens; // how fast an address may open WebSockets
	struct limit *joins; // … and join a room
	uint64_t warned_ms; // when the log last had a warning about too many; 0: never
};

static inline struct signaling *signaling_of(const struct connection *c)
{
	return connections_owner(c->all);
}

static inline struct conference *conference_of(const struct connection *c)
{
	return signaling_of(c)->conference;
}

// The connection with this number, or NULL if it is gone.
static inline struct connection *signaling_connection(const struct signaling *s, uint64_t number)
{
	return connections_find(s->connections, number);
}

// One client request or notification.
typedef void request_fn(struct connection *, int64_t id, const struct json *data);

// transport.c
request_fn handle_create_transport, handle_connect_transport, handle_restart_ice,
        handle_close_transport;

// join.c
request_fn handle_join, handle_resume, handle_display_name;

// tracks.c
request_fn handle_produce, handle_close_producer, handle_pause_producer, handle_resume_producer,
        handle_pause_consumer, handle_resume_consumer, handle_preferred_layers, handle_priority,
        handle_key_frame, handle_screen_codec;

// chat.c
request_fn handle_produce_data, handle_close_data_producer, handle_data_producer_stats,
        handle_data_consumer_stats;

// moderation.c
request_fn handle_admit, handle_admit_all, handle_decline, handle_decline_all, handle_mute,
        handle_mute_all, handle_remove, handle_close_room, handle_promote, handle_demote,
        handle_lower_hand, handle_room_video, handle_room_bitrate;

// activity.c
request_fn handle_raise_hand;

// recording.c
request_fn handle_start_recording, handle_stop_recording, handle_pause_recording,
        handle_resume_recording, handle_consent;

// quality.c
request_fn handle_report_quality;

// stats.c
request_fn handle_transport_stats, handle_producer_stats, handle_consumer_stats;

// The answers to requests whose results the conference reports.
void join_events_init(struct conference_events *);
void transport_events_init(struct conference_events *);
void track_events_init(struct conference_events *);

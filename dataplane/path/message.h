// Messages between the service thread and the workers, and between workers: of fixed size, in
// rte_rings with one producer and one consumer. Pointers pass ownership.
#pragma once

#include <assert.h>
#include <stdint.h>

#include "am_schema.h"
#include "path/flow.h"

#define WORKER_NONE UINT16_MAX // in place of a worker: not connected yet

enum message_type {
	// service thread to a worker
	MESSAGE_SEND, // object: mbuf with a whole frame
	MESSAGE_PORT_STOP, // receive and send nothing; answered by MESSAGE_PORT_STOPPED
	MESSAGE_PORT_START,
	MESSAGE_FLOW_ADD, // flow
	MESSAGE_FLOW_REMOVE, // flow
	MESSAGE_TRANSPORT_ADD, // object: transport
	MESSAGE_TRANSPORT_ROUTE, // object: packet_route, handed back
	MESSAGE_TRANSPORT_KEYS, // object: transport_keys, handed back
	MESSAGE_TRANSPORT_RECEIVER, // object: srtp_receiver, for RTP; id: its transport
	MESSAGE_TRANSPORT_VIEWER, // object: viewer; id: its transport
	MESSAGE_TRANSPORT_AWAIT, // id, flow: once a packet is authentic, send MESSAGE_PATH_PROVEN
	MESSAGE_TRANSPORT_REMOVE, // id; the transport is handed back
	MESSAGE_TRACK_ADD, // object: track; id2: its transport
	MESSAGE_TRACK_PAUSE, // id, value: paused
	MESSAGE_TRACK_TAP, // id, value: tapped
	MESSAGE_TRACK_KEY_FRAME, // id: the recorder requires key frames
	MESSAGE_TRACK_EXPECT, // id, value: the encoding in which a viewer is about to begin
	MESSAGE_TRACK_WORKERS, // id, value: bit per worker with a fan-out
	MESSAGE_TRACK_REMOVE, // id; the track is handed back
	MESSAGE_FANOUT_ADD, // object: fanout
	MESSAGE_FANOUT_CHUNK, // object: fanout_chunk, id: its track
	MESSAGE_FANOUT_OWNER, // id of the track, value: its worker
	MESSAGE_FANOUT_RESTART, // id of the track: subscriptions wait for a key frame again
	MESSAGE_FANOUT_HOLD, // id of the track, value: the lowest encoding that is switched off
	MESSAGE_FANOUT_REMOVE, // id of the track; without subscriptions by then; handed back
	MESSAGE_SUBSCRIPTION_ADD, // object: subscription in a chunk; id: track; id2: transport
	MESSAGE_SUBSCRIPTION_PAUSE, // object, value: paused
	MESSAGE_SUBSCRIPTION_LAYERS, // object, value: spatial | temporal << 8 | priority << 16
	MESSAGE_SUBSCRIPTION_KEY_FRAME, // object
	MESSAGE_SUBSCRIPTION_REMOVE, // object; its place is handed back
	// worker to service thread
	MESSAGE_PUNT, // object: mbuf as received
	MESSAGE_FREE, // object: from calloc, to free
	MESSAGE_FREE_TRANSPORT, // object: transport, with its keys
	MESSAGE_FREE_TRACK, // object: track, with its place among the voices of its room
	MESSAGE_FREE_FANOUT, // object: fanout, with its chunks
	MESSAGE_FREE_SUBSCRIPTION, // object: its place in a chunk may be taken again
	MESSAGE_PATH_PROVEN, // id: transport; flow, mac: source of an authentic packet
	MESSAGE_LAYERS, // id: subscription, value: spatial | temporal << 8 | withheld << 16
	MESSAGE_WISHES, // id: track, value: how many encodings are wished for here
	MESSAGE_TOO_LONG, // id: track, value: bytes of a payload that not every viewer can get
	MESSAGE_PORT_STOPPED,
	// worker to worker
	MESSAGE_HANDOVER, // object: mbuf as received, for a transport of the receiver
	MESSAGE_PACKET, // object: mbuf reference with a media_packet
	MESSAGE_REPORT, // id: track, report
	MESSAGE_KEY_FRAME, // id: track, value: encoding
};

// A publisher's sender report on its way to the subscribers.
struct message_report {
	uint64_t ntp;
	uint32_t rtp_timestamp;
	uint32_t stream; // encoding
};

struct message {
	uint16_t type; // enum message_type
	uint16_t owner; // FLOW_ADD: worker of the transport
	uint32_t value;
	union {
		void *object;
		uint8_t mac[6];
	};
	am_id id;
	union {
		am_id id2;
		struct message_report report;
		struct flow_key flow;
	};
};
static_assert(sizeof(struct message) == 48);

// Keys of a transport, once DTLS is connected. The worker takes both and hands this struct back.
struct transport_keys {
	struct cipher_key *key;
	struct srtcp_receiver *rtcp_receiver;
};

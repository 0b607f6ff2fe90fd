// One track to this worker's subscribers, and their retransmissions.
//
//	forward ──▶ fanout_queue ──▶ round: all packets for one viewer, ──▶ copies ──▶ tx
//	                             then the next viewer, whose keys
//	                             and route are fetched meanwhile
//
// A round may be long: it is done in slices, one of sound and one of pictures in each turn of the
// worker, which looks after its port and inboxes between them. While the port does not take the
// copies, none are made; packets wait, not copies of them. What has waited too long is given up.
#pragma once

#include "path/worker.h"

// Takes over one reference of the mbuf, which carries a media_packet, queues it to be forwarded,
// and keeps it for NACKs.
void forward(struct worker *, struct rte_mbuf *);

// Makes and sends some of the copies that are due. Call it each turn. Returns how many it has seen
// to: 0 where nothing waits, or all of it for the port.
unsigned forward_some(struct worker *);

// The first number of an encoding, of which this is the history, that is still to be forwarded.
uint32_t forward_queue_begin(const struct fanout_queue *, uint8_t layer, const struct history *);

// The next packet for one subscriber, as its selector has it.
void forward_packet(struct worker *, struct subscription *, const struct rte_mbuf *);

// Answers a viewer's NACK of one sequence number by a retransmission (RFC 4588), where the packet
// is still there and the port keeps up: it must not push out what was never sent. Not where it is
// on its way already, has gone often enough, or is of an encoding that the viewer is sent no more.
// Where the number was left free for a packet that came late and is not for this viewer, the answer
// is an empty one: browsers take the number for padding's, and go on.
void forward_repeat(struct worker *, struct subscription *, uint16_t seq);

// A sender report of the publisher: each subscriber gets it with its own timestamps, with the next
// packet.
void forward_report(struct fanout *, const struct message_report *);

// Asks the track's worker for a key frame of the layer that this subscription waits for, if any.
void forward_request_key_frame(struct worker *, struct subscription *);

// The subscription is to be sent something else from now on: a key frame may be needed for that.
void forward_changed(struct worker *, struct subscription *);

// Its way has opened: sends the past with which it can begin, if there is one. Where the port is
// behind that goes out with the track's next packet.
void forward_begin(struct worker *, struct subscription *);

// Tells the service thread which layers are sent now, or that the link carries none, if that has
// changed.
void forward_tell_layers(struct worker *, struct subscription *);

// Lets go of packets that are too old to be asked for, so that a quiet track holds no buffers.
void forward_expire(struct worker *);

// Lets go of all packets of the fan-out, which is to go.
void forward_end(struct worker *, struct fanout *);

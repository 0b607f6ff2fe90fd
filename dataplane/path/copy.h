// Copies of a track's packet for its viewers: each with its own header and picture numbers, the
// payload encrypted from the one plaintext into the transmit buffer, CIPHER_BURST at a time.
#pragma once

#include <rte_mbuf.h>

#include "path/worker.h"

#define COPY_WIRE_OVERHEAD 44 // approximate bytes of IPv4, UDP and the tag around a copy

enum copy_kind {
	COPY_FIRST,
	COPY_REPEAT, // after an RTX header (RFC 4588 4)
	COPY_FILLER, // an RTX header with nothing after it, so the number is no longer missing
};

// Queues one copy for encryption. roc: of the copy's SSRC and sequence number; before: audio to
// repeat in it if possible (media/red.h), NULL for none. The packet must stay until copy_flush.
// Returns the copy's payload bytes, or -1 if it was dropped, which is counted.
int copy_queue(
        struct worker *, struct subscription *, const struct rte_mbuf *,
        const struct selector_out *, uint32_t roc, enum copy_kind, const struct red_sound *before
);

// The audio of a packet.
static inline struct red_sound copy_sound(const struct rte_mbuf *m)
{
	const struct track_packet *p = &media_packet_of(m)->info;

	return (struct red_sound){
	        .payload = rte_pktmbuf_mtod(m, const uint8_t *),
	        .len = m->data_len,
	        .timestamp = p->timestamp,
	        .source = p->source,
	};
}

// Queues a packet of padding only, as much as fits, on the subscription's retransmission stream:
// receivers drop it but report when it arrived. False if it was dropped, which is counted.
bool copy_queue_padding(struct worker *, struct subscription *);

// Releases a packet's reference once the waiting copies are made.
void copy_spend(struct worker *, struct rte_mbuf *);

// Encrypts and sends all waiting copies. The worker must call it before anything that may end a
// transport.
void copy_flush(struct worker *);

// Copies of a track's packet for its viewers: header and picture numbers of their own, the payload
// encrypted from the one plaintext into the transmit buffer, CIPHER_BURST at a time.
#pragma once

#include <rte_mbuf.h>

#include "path/worker.h"

// What the publisher's worker noted of a packet.
static inline const struct media_packet *media_packet_of(const struct rte_mbuf *m)
{
	return rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
}

enum copy_kind {
	COPY_FIRST,
	COPY_REPEAT, // behind an RTX header (RFC 4588 4)
	COPY_FILLER, // an RTX header with nothing behind it: the number is to be missed no more
};

// Queues one copy for encryption. roc: of the SSRC and sequence number that the copy goes out with;
// before: with this sound if it can be brought (media/red.h), NULL for none. The packet stays until
// copy_flush. Returns the bytes of payload that the copy brings, or -1 where it was dropped, which
// is counted.
int copy_queue(
        struct worker *, struct subscription *, const struct rte_mbuf *,
        const struct selector_out *, uint32_t roc, enum copy_kind, const struct red_sound *before
);

// The sound of a packet.
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

// Queues a packet of padding alone, as much as one holds, on the subscription's stream of
// retransmissions: receivers drop it, and tell when it came. False where it was dropped, which is
// counted.
bool copy_queue_padding(struct worker *, struct subscription *);

// Lets go of a packet's reference once the copies that wait are made.
void copy_spend(struct worker *, struct rte_mbuf *);

// Encrypts all copies that wait and sends them. Before it returns to anything that may end a
// transport, the worker calls it.
void copy_flush(struct worker *);

// Finds the speaker's packet that a viewer's copy was made from. Copies are encrypted and carry
// numbers of the viewer's own, at a constant offset from the speaker's: one packet of a stream
// reveals it.
//
// Both profiles encrypt by XOR with a key stream, so encrypting the encrypted payload again gives
// the plain one. That is fast enough for a packet of each of 80 000 streams; tags are not verified,
// but the payload is compared with what was sent, byte by byte.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/srtp.h"
#include "source.h"
#include "stream.h"

struct cipher;

#define LEARN_PACKET_MAX 2048

// The payload of a copy, in the clear; its tag is not verified. roc: its rollover counter. Returns
// where in `out` it begins, and sets its length; NULL: it is not such a packet, or out of memory.
const uint8_t *learn_payload(
        struct cipher *, const struct srtp_keys *keys, uint32_t roc, const uint8_t *packet,
        size_t len, uint8_t out[LEARN_PACKET_MAX], uint16_t *payload_len
);

enum learned {
	LEARN_FOUND, // the stream's seq_offset is known
	LEARN_UNSURE, // more than one packet was sent that it may be a copy of
	LEARN_FOREIGN, // nobody has sent its payload
};

// Searches the packets sent since `since`, in TSC ticks. keys: those of the DTLS client. The packet
// has been counted in the stream.
enum learned learn_offset(
        struct cipher *, const struct srtp_keys *keys, struct stream *, struct source *,
        const uint8_t *packet, size_t len, uint64_t since
);

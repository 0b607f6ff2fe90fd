// Which packet of a speaker a viewer's copy is of. Copies are encrypted and carry numbers of the
// viewer's own, a constant apart from the speaker's: one packet of a stream tells which.
//
// Both profiles encrypt by a key stream that is added to the payload, so encrypting the encrypted
// payload again gives the plain one. That is quick enough for a packet of each of 80 000 streams;
// tags are not looked at, but the payload is compared with what was sent, byte by byte.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/srtp.h"
#include "source.h"
#include "stream.h"

struct cipher;

#define LEARN_PACKET_MAX 2048

// The payload of a copy, in the clear; its tag is not looked at. roc: its rollover counter. Returns
// where in `out` it begins and sets its length; NULL: it is no such packet, or there is no memory.
const uint8_t *learn_payload(
        struct cipher *, const struct srtp_keys *keys, uint32_t roc, const uint8_t *packet,
        size_t len, uint8_t out[LEARN_PACKET_MAX], uint16_t *payload_len
);

enum learned {
	LEARN_FOUND, // the stream's seq_offset is known
	LEARN_UNSURE, // more than one packet was sent that it may be a copy of
	LEARN_FOREIGN, // nobody has sent its payload
};

// Looks among the packets that were sent since `since`, in TSC ticks. keys: as the DTLS client has
// them. The packet has been counted in the stream.
enum learned learn_offset(
        struct cipher *, const struct srtp_keys *keys, struct stream *, struct source *,
        const uint8_t *packet, size_t len, uint64_t since
);

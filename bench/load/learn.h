// Finds the speaker's packet that a viewer's copy was made from. Copies are encrypted and have the
// viewer's own numbers, at a constant offset from the speaker's, which one packet of a stream
// reveals.
//
// Both profiles encrypt by XOR with a key stream, so encrypting a payload twice gives the plain
// one. That is fast enough for a packet of each of 80 000 streams; tags are not verified, but the
// payload is compared with what was sent, byte by byte.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/srtp.h"
#include "source.h"
#include "stream.h"

struct cipher;

#define LEARN_PACKET_MAX 2048

// Decrypts the payload of a copy, without verifying its tag. roc: its rollover counter. Returns
// where in `out` the payload begins, and sets its length; NULL if it is no such packet, or out of
// memory.
const uint8_t *learn_payload(
        struct cipher *, const struct srtp_keys *keys, uint32_t roc, const uint8_t *packet,
        size_t len, uint8_t out[LEARN_PACKET_MAX], uint16_t *payload_len
);

enum learned {
	LEARN_FOUND, // the stream's seq_offset is known
	LEARN_UNSURE, // it may be a copy of more than one packet
	LEARN_FOREIGN, // its payload was never sent
};

// Searches the packets sent since `since`, in TSC ticks. keys: those of the DTLS client. The packet
// has been counted in the stream.
enum learned learn_offset(
        struct cipher *, const struct srtp_keys *keys, struct stream *, struct source *,
        const uint8_t *packet, size_t len, uint64_t since
);

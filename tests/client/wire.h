// RTP and RTCP as a client writes and reads them. This deliberately does not use the server's
// parsers, so that a mistake in one shows in the other.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "am_reader.h"

#define WIRE_MTU     1500
#define WIRE_EXT_MAX 15 // ids of the one-byte form are 1 to 14 (RFC 8285 4.2)

struct wire_ext {
	const uint8_t *bytes; // NULL: not present
	uint8_t len;
};

// An RTP packet to build, or a parsed one, which then points into the parsed bytes.
struct wire_rtp {
	bool marker;
	uint8_t payload_type;
	uint8_t padding; // bytes, including the count
	uint16_t sequence;
	uint32_t timestamp;
	uint32_t ssrc;
	struct wire_ext ext[WIRE_EXT_MAX]; // by id
	const uint8_t *payload;
	size_t payload_len;
};

// 0, or -EBADMSG.
int wire_rtp_parse(struct wire_rtp *, const uint8_t *bytes, size_t len);

// Returns the length of the packet; out has WIRE_MTU bytes.
size_t wire_rtp_build(const struct wire_rtp *, uint8_t *out);

enum wire_rtcp_type {
	WIRE_SR = 200,
	WIRE_RR = 201,
	WIRE_SDES = 202,
	WIRE_BYE = 203,
	WIRE_RTPFB = 205,
	WIRE_PSFB = 206,
};
#define WIRE_FMT_NACK 1 // RTPFB
#define WIRE_FMT_TWCC 15 // RTPFB
#define WIRE_FMT_PLI  1 // PSFB
#define WIRE_FMT_FIR  4 // PSFB

// One packet of a compound: its body begins after the common header's four bytes.
struct wire_rtcp {
	uint8_t type; // enum wire_rtcp_type
	uint8_t count; // or feedback format
	const uint8_t *body;
	size_t len;
};

// 1 and the next packet, 0 at the end, -EBADMSG if lengths are wrong (RFC 3550 A.2).
int wire_rtcp_next(struct am_reader *, struct wire_rtcp *);

// Calls one(context, sequence) for each sequence number that a NACK's body requests.
void wire_nack_each(
        const struct wire_rtcp *, void (*one)(void *context, uint32_t ssrc, uint16_t sequence),
        void *context
);

struct wire_sr {
	uint32_t ssrc;
	uint64_t ntp; // 32.32
	uint32_t rtp_timestamp;
	uint32_t packets;
	uint32_t bytes;
};

// Builders return the length written. Each builds one packet; a compound is several in a row.
size_t wire_sr_build(const struct wire_sr *, uint8_t *out);
size_t wire_sdes_build(uint32_t ssrc, const char *cname, uint8_t *out);
size_t
wire_rr_build(uint32_t sender, uint32_t source, uint32_t highest, uint32_t lost, uint8_t *out);
size_t wire_pli_build(uint32_t sender, uint32_t media, uint8_t *out);
// sequences: ascending, at most 64.
size_t wire_nack_build(
        uint32_t sender, uint32_t media, const uint16_t *sequences, size_t count, uint8_t *out
);

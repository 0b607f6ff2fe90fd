// A publisher of one video track and a viewer of it: the publisher's packets go through the packet
// path as from a port, in virtual time.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <rte_mbuf.h>

#include "path/fanout.h"
#include "path/track.h"
#include "path/transport.h"
#include "rig.h"
#include "srtp_sender.h"

#define BUFFERS   4095
#define FRAME_LEN 42 // Ethernet, IPv4 and UDP, before RTP
#define PACKET_US 10000
#define STEP      900 // timestamp units in that time
#define PT        96
#define PT_RTX    97
#define EXT_MID   4
#define EXT_RID   10
#define EXT_AV1   12 // the dependency descriptor

// What the one viewer got.
struct got {
	uint32_t packets;
	uint32_t gaps; // numbers left out
	uint32_t swaps; // packets older than the one before
	uint32_t steps_wrong; // of the timestamp
	uint32_t repeats; // retransmissions, not counted above
	uint32_t fillers; // retransmissions without a payload
	uint16_t seq;
	uint32_t timestamp;
};

struct publisher {
	struct transport transport;
	struct track track;
	struct ssrc_table ssrcs;
	struct srtp_sender *sender;
	char mid, rid; // carried by its packets
	const uint8_t *descriptor; // likewise, of AV1
	uint8_t descriptor_len; // 0: none
	uint8_t pt; // likewise
	uint32_t timestamp;
	uint64_t given; // packets handed to the worker
};

extern struct rig rig;
extern struct publisher pub;
extern struct got got;

// cmocka's group setup.
int eal_begin(void **);

// A VP8 track of one encoding, known by its MID and RID, and one viewer.
void begin(void);

// Ends a test; no packet and no buffer may be missing.
void end(void);

// cmocka's teardown of each test: frees what a failed test has left.
int clear(void **);

uint64_t dropped(enum drop reason);
uint64_t counter(enum am_counter c);

struct subscription *viewer(void);

// A datagram as the packet path receives it; *v says where its payload is.
struct rte_mbuf *datagram(const uint8_t *bytes, size_t len, struct packet_view *v);

// Runs until all that waits to be forwarded is sent.
void settle(void);

// Sends one packet of the publisher, with MID and RID.
void send_payload(uint32_t ssrc, uint16_t seq, const uint8_t *payload, size_t payload_len);

// Sends a picture of one packet. len: of the payload.
void send_packet(uint32_t ssrc, uint16_t seq, bool key_frame, size_t len);
void send_run(uint32_t ssrc, uint16_t first, uint32_t n, bool key_frame);

// Sends a picture of AV1's L1T3 in one packet. The templates are those of Chromium 156.
void send_av1(uint32_t ssrc, uint16_t seq, bool key_frame, uint8_t template);

// Sends a packet of VP9 that begins and ends its layer of a picture (RFC 9628 4.2). layers: T, U,
// S, D.
void send_vp9(uint16_t seq, uint8_t picture_id, bool key_frame, uint8_t layers);

// Sends the publisher's answer to a NACK (RFC 4588 4).
void send_repair(uint32_t ssrc, uint16_t rtx_seq, uint16_t seq);

// Lets time pass without packets.
void pass(int64_t us);

// RTP headers: parsing (RFC 3550 5.1, RFC 8285), the room-wide header of a track, and the patches
// that turn one track header into a viewer's copy. Pure functions on bytes: no state, no mbufs.
//
// A track header as rtp_rewrite_track writes it; every offset is from the first byte:
//
//	0         12         16             20               23
//	+---------+----------+--------------+----------------+-------- ~ -+----------+-------+
//	| fixed   | BEDE len | id + 3 bytes | id + 2 bytes   | copied     | id + 4   | zeros |
//	| header  |          | send time    | transport-wide | elements   | MID      | to 4n |
//	+---------+----------+--------------+----------------+-------- ~ -+----------+-------+
//
// For viewers without transport-wide numbers, that slot is zeros: padding (RFC 8285 4.2).
#pragma once

#include "am_reader.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTP_HEADER_LEN           12
#define RTP_MARKER               0x80 // in the second byte, beside the payload type
#define RTP_EXT_ONE_BYTE         0xBEDE // RFC 8285 4.2
#define RTP_EXT_TWO_BYTE         0x1000 // RFC 8285 4.3, with four bits of appbits below
#define RTP_EXT_ROOM_ID_MAX      14 // one-byte form
#define RTP_EXT_CLIENT_ID_MAX    31 // client ids start at 1; elements above are not forwarded
#define RTP_MID_LEN_MAX          4 // bytes of a viewer's MID
#define RTP_TRACK_HEADER_LEN_MAX 80 // all slots and every extension that may be forwarded
#define RTP_RTX_OSN_LEN          2 // RFC 4588 4: original sequence number before the payload

// Where the parts of one packet are. Offsets count from its first byte.
struct rtp_view {
	uint32_t ssrc;
	uint32_t timestamp;
	uint16_t seq;
	uint16_t ext_profile; // only if ext_offset != 0
	uint16_t ext_offset; // first byte after the profile and length words; 0 = no extension
	uint16_t ext_len; // bytes
	uint16_t payload_offset;
	uint16_t payload_len; // without padding
	uint8_t pt;
	uint8_t csrc_count;
	uint8_t padding_len;
	bool marker;
};

// One header extension element of a packet.
struct rtp_ext {
	uint16_t offset;
	uint8_t id;
	uint8_t len;
};

// Walks the elements of one packet. Lives on the stack; the packet must outlive it.
struct rtp_ext_iter {
	struct am_reader reader; // failed: an element overran its block
	const uint8_t *packet;
	uint16_t profile;
};

// From a client's extension ids to the room's; 0 = not forwarded. Only what one client may tell
// all others belongs in it: never MID, RID or a transport-wide sequence number.
struct rtp_ext_map {
	uint8_t room_id[RTP_EXT_CLIENT_ID_MAX + 1];
};

// How a track's headers look in its room. Written when the track is made.
struct rtp_track_format {
	struct rtp_ext_map ext_map;
	uint8_t pt; // the room's payload type
	uint8_t abs_send_time_id; // room id, 0 = no slot
	uint8_t transport_cc_id; // likewise
	uint8_t mid_id; // likewise
};

// Where a track header has the slots that each copy fills.
struct rtp_template {
	uint8_t len; // of the header, a multiple of 4
	uint8_t abs_send_time_offset; // of the 3 bytes of time; 0 = none
	uint8_t transport_cc_offset; // of the id byte; 0 = none
	uint8_t transport_cc_id; // room id, written by each copy that has a number
	uint8_t mid_offset; // of the id byte; 0 = none
	uint8_t mid_id; // room id, written back by each copy
};

// Parse the header only, as it is readable before decryption: padding_len stays 0 and payload_len
// includes padding and tag. Returns 0 or -EBADMSG.
[[nodiscard]] int rtp_parse_header(const uint8_t *packet, size_t len, struct rtp_view *);

// Parse a decrypted packet, padding stripped. Returns 0 or -EBADMSG.
[[nodiscard]] int rtp_parse(const uint8_t *packet, size_t len, struct rtp_view *);

// Start at the first element; a packet without RFC 8285 extensions has none.
struct rtp_ext_iter rtp_ext_begin(const uint8_t *packet, const struct rtp_view *);

// The next element, or false at the end or at a hostile length (then reader.failed is set).
[[nodiscard]] bool rtp_ext_next(struct rtp_ext_iter *, struct rtp_ext *);

// The first element with this id (a client's MID or RID, say). False if there is none.
[[nodiscard]] bool
rtp_ext_find(const uint8_t *packet, const struct rtp_view *, uint8_t id, struct rtp_ext *);

// Make the view of an RTX packet (RFC 4588 4) the view of the packet it repeats: sequence number
// from the payload, ssrc and pt of the media stream. The bytes stay. -EBADMSG if it holds none:
// padding-only RTX is how browsers probe.
[[nodiscard]] int
rtp_restore_rtx(const uint8_t *packet, struct rtp_view *, uint32_t ssrc, uint8_t pt);

// Write the track header of a publisher's decrypted packet: marker, sequence, timestamp and ssrc as
// in the view, the room's payload type, no CSRC, no padding, elements under room ids and empty
// slots. Elements that would not fit are left out. Returns 0, or -EBADMSG for hostile extension
// lengths.
[[nodiscard]] int
rtp_rewrite_track(const uint8_t *packet, const struct rtp_view *, const struct rtp_track_format *, uint8_t header[static RTP_TRACK_HEADER_LEN_MAX], struct rtp_template *);

// The patches of one copy. `header` is a whole track header in the caller's memory.

static inline void rtp_set_pt(uint8_t *header, uint8_t pt)
{
	header[1] = (uint8_t)((header[1] & RTP_MARKER) | pt);
}

static inline void rtp_set_seq(uint8_t *header, uint16_t seq)
{
	am_put_u16(header + 2, seq);
}

static inline void rtp_set_timestamp(uint8_t *header, uint32_t timestamp)
{
	am_put_u32(header + 4, timestamp);
}

static inline void rtp_set_ssrc(uint8_t *header, uint32_t ssrc)
{
	am_put_u32(header + 8, ssrc);
}

// 6.18 fixed-point seconds, wrapping after 64 s. The clock's origin does not matter.
static inline uint32_t rtp_abs_send_time(int64_t now_us)
{
	uint64_t us = (uint64_t)now_us % 64000000;
	return (uint32_t)((us << 18) / 1000000) & 0xFFFFFF;
}

// Does nothing if the template has no slot.
static inline void
rtp_set_abs_send_time(uint8_t *header, const struct rtp_template *t, uint32_t abs_send_time)
{
	if (t->abs_send_time_offset != 0)
		am_put_u24(header + t->abs_send_time_offset, abs_send_time);
}

// For viewers whose clients send feedback; for others the slot stays padding.
static inline void
rtp_set_transport_cc(uint8_t *header, const struct rtp_template *t, uint16_t number)
{
	if (t->transport_cc_offset == 0)
		return;
	header[t->transport_cc_offset] = (uint8_t)(t->transport_cc_id << 4 | 1);
	am_put_u16(header + t->transport_cc_offset + 1, number);
}

// len 0 (a viewer without the extension) leaves only padding. The control plane numbers MIDs, so
// one longer than the slot is a bug of the caller: it is cut and never overruns the slot.
static inline void
rtp_set_mid(uint8_t *header, const struct rtp_template *t, const char *mid, uint8_t len)
{
	if (t->mid_offset == 0)
		return;

	if (len > RTP_MID_LEN_MAX)
		len = RTP_MID_LEN_MAX;
	uint8_t *slot = header + t->mid_offset;
	memset(slot, 0, 1 + RTP_MID_LEN_MAX);
	if (len == 0)
		return;

	slot[0] = (uint8_t)(t->mid_id << 4 | (len - 1));
	memcpy(slot + 1, mid, len);
}

// RTCP: a walk over compound and reduced-size packets (RFC 3550 6, RFC 5506), the fields that the
// server reads, and builders for what it sends. Pure functions on decrypted bytes.
#pragma once

#include "am_reader.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTCP_REPORT_COUNT_MAX 31 // RFC 3550 6.4.1: five bits
#define RTCP_NACK_SPAN        17 // RFC 4585 6.2.1: sequence numbers of one PID and BLP

enum rtcp_kind {
	RTCP_SR,
	RTCP_RR,
	RTCP_SDES,
	RTCP_BYE,
	RTCP_NACK,
	RTCP_TRANSPORT_CC,
	RTCP_PLI,
	RTCP_FIR,
	RTCP_REMB,
	RTCP_OTHER, // APP, XR and everything unknown: skipped
};

// One sub-packet: `body` follows its 4-byte header, without its padding.
struct rtcp_view {
	const uint8_t *body;
	uint16_t body_len; // bytes
	uint8_t type;
	uint8_t count; // reception report count or FMT
	enum rtcp_kind kind;
};

struct rtcp_iter {
	struct am_reader reader; // failed: the packet was malformed from here on
};

struct rtcp_sender_info {
	uint64_t ntp; // 32.32 fixed-point seconds
	uint32_t ssrc;
	uint32_t rtp_timestamp;
	uint32_t packets;
	uint32_t octets;
};

// RFC 3550 6.4.1, in host byte order.
struct rtcp_report {
	uint32_t ssrc;
	int32_t cumulative_lost; // 24 bits, signed
	uint32_t highest_seq; // extended
	uint32_t jitter; // timestamp units
	uint32_t last_sr; // middle 32 bits of the NTP time, 0 = none
	uint32_t delay_since_last_sr; // 1/65536 s
	uint8_t fraction_lost; // /256
};

// Of every RFC 4585 message.
struct rtcp_feedback {
	uint32_t sender_ssrc;
	uint32_t media_ssrc;
};

struct rtcp_nack_iter {
	struct am_reader reader;
	uint16_t pid;
	uint32_t left; // bit n: pid + n is still to be returned
};

struct rtcp_fir {
	uint32_t ssrc;
	uint8_t seq; // a repeated command keeps the number of the first
};

struct rtcp_remb {
	uint64_t bitrate; // bit/s, saturated
	uint32_t sender_ssrc;
	uint8_t ssrc_count;
};

struct rtcp_iter rtcp_begin(const uint8_t *packet, size_t len);

// The next sub-packet, or false at the end or if it is malformed (then reader.failed is set).
[[nodiscard]] bool rtcp_next(struct rtcp_iter *, struct rtcp_view *);

// Each of these returns 0, or -EBADMSG if the body is too short for its kind.
[[nodiscard]] int rtcp_parse_sender_info(const struct rtcp_view *, struct rtcp_sender_info *);
[[nodiscard]] int rtcp_parse_feedback(const struct rtcp_view *, struct rtcp_feedback *);
[[nodiscard]] int rtcp_parse_remb(const struct rtcp_view *, struct rtcp_remb *);

// The index-th report block of an SR or RR, ssrc of a BYE, command of a FIR (RFC 5104 4.3.1).
// False past the last.
[[nodiscard]] bool rtcp_report_at(const struct rtcp_view *, uint8_t index, struct rtcp_report *);
[[nodiscard]] bool rtcp_bye_at(const struct rtcp_view *, uint8_t index, uint32_t *ssrc);
[[nodiscard]] bool rtcp_fir_at(const struct rtcp_view *, uint8_t index, struct rtcp_fir *);

// Every lost sequence number of a generic NACK, in the order of the message.
struct rtcp_nack_iter rtcp_nack_begin(const struct rtcp_view *);
[[nodiscard]] bool rtcp_nack_next(struct rtcp_nack_iter *, uint16_t *seq);

// Builders. Each returns the bytes written, a multiple of 4, or 0 if they do not fit into `size`.

// An SR without report blocks and an SDES with the CNAME: RFC 3550 6.1 requires both together.
size_t rtcp_build_sr(
        uint8_t *buf, size_t size, const struct rtcp_sender_info *, const char *cname,
        uint8_t cname_len
);

size_t rtcp_build_rr(
        uint8_t *buf, size_t size, uint32_t sender_ssrc, const struct rtcp_report *, uint8_t n
);

// Sequence numbers in ascending order (RFC 1982) pack best; any order is correct.
size_t rtcp_build_nack(
        uint8_t *buf, size_t size, const struct rtcp_feedback *, const uint16_t *seqs, uint16_t n
);

size_t rtcp_build_pli(uint8_t *buf, size_t size, const struct rtcp_feedback *);

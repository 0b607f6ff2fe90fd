// Every reason for dropping a packet, each with its counter (am_counters.drops).
#pragma once

#include <assert.h>

#include "am_schema.h"

// name, help
#define DROPS(X)                                                                                   \
	/* network */                                                                              \
	X(too_short, "Frame ends within its Ethernet, ARP or IP header")                           \
	X(segmented, "Frame does not lie in one buffer")                                           \
	X(own_frame, "Our own frame came back")                                                    \
	X(not_our_mac, "Frame for another MAC address")                                            \
	X(vlan_mismatch, "VLAN tag other than the configured one")                                 \
	X(unknown_ethertype, "Neither ARP, IPv4 nor IPv6")                                         \
	X(ipv4_malformed, "IPv4 version, header length or total length")                           \
	X(ipv4_checksum, "IPv4 header checksum")                                                   \
	X(ipv6_malformed, "IPv6 version or payload length")                                        \
	X(ipv6_extension, "IPv6 extension header not accepted, or too many")                       \
	X(not_our_ip, "Packet for another IP address")                                             \
	X(bad_source, "Source address or port that cannot be answered")                            \
	X(unknown_protocol, "Neither UDP nor ICMP")                                                \
	X(udp_malformed, "UDP length")                                                             \
	X(udp_checksum, "UDP checksum wrong, or missing on IPv6")                                  \
	X(wrong_udp_port, "UDP for another port")                                                  \
	X(fragment_refused, "Fragment too long, too late, overlapping or one too many")            \
	/* rings and buffers */                                                                    \
	X(punt_full, "Ring to the service thread full: packets from proven sources")               \
	X(punt_other_full, "Ring to the service thread full: strangers, ARP, ICMP or fragments")   \
	X(handover_full, "Ring to another worker full")                                            \
	X(tx_full, "Transmit queue full")                                                          \
	X(late, "Not forwarded in time: the port or the worker is too slow")                       \
	X(busy, "SRTCP while media waits: the worker is too slow")                                 \
	X(no_buffers, "No free packet buffer")                                                     \
	X(too_long, "Packet longer than a buffer or the path's limit")                             \
	/* demultiplexing, RFC 7983 */                                                             \
	X(unknown_class, "First byte belongs to no protocol that we speak")                        \
	X(unknown_flow, "From a source that no ICE check has proved")                              \
	X(transport_closed, "For a transport that is gone")                                        \
	/* ICE */                                                                                  \
	X(stun_malformed, "STUN message malformed")                                                \
	X(stun_not_request, "STUN, but not a binding request")                                     \
	X(stun_no_fingerprint, "STUN without or with a wrong FINGERPRINT")                         \
	X(stun_unknown_user, "USERNAME names no transport")                                        \
	X(stun_integrity, "MESSAGE-INTEGRITY missing or wrong")                                    \
	/* DTLS */                                                                                 \
	X(dtls_early, "DTLS before a valid ICE check")                                             \
	X(dtls_refused,                                                                            \
	  "DTLS that begins no handshake, or one over the limit: total, room or address")          \
	/* SRTP */                                                                                 \
	X(no_keys, "SRTP before the DTLS handshake has ended")                                     \
	X(srtp_malformed, "SRTP or SRTCP too short")                                               \
	X(srtp_auth, "SRTP tag wrong")                                                             \
	X(srtp_replay, "SRTP index already seen or too old")                                       \
	X(srtcp_auth, "SRTCP tag wrong")                                                           \
	X(srtcp_replay, "SRTCP index already seen or too old")                                     \
	X(publisher_rate, "More RTP packets or bits than a transport may send")                    \
	X(srtp_stream_limit, "More SSRCs than a transport may send")                               \
	/* media */                                                                                \
	X(rtp_malformed, "RTP header or extensions malformed")                                     \
	X(rtcp_rate, "RTCP from a client that has used up its share of the worker")                \
	X(rtcp_malformed, "RTCP compound malformed")                                               \
	X(unknown_ssrc, "RTP that matches no track")                                               \
	X(unknown_payload_type, "RTP payload type other than the track's")                         \
	X(duplicate, "RTP packet already relayed")                                                 \
	X(too_old, "RTP packet outside the reordering window")                                     \
	X(paused, "Track or subscription paused")                                                  \
	X(no_subscribers, "Nobody watches this track")                                             \
	X(cipher_failed, "Encryption failed")                                                      \
	/* data channels: packets, then messages */                                                \
	X(sctp_unwanted, "SCTP on a transport that has no data channel")                           \
	X(sctp_rate, "More SCTP packets than a transport may send")                                \
	X(data_too_long, "Data channel message above the limit")                                   \
	X(data_not_text, "Data channel message that is not text")                                  \
	X(data_no_producer, "Data channel message on a stream without a data producer")            \
	X(data_rate, "Data channel message above its sender's rate")                               \
	X(data_room_rate, "Data channel message above the room's rate")                            \
	X(data_slow, "Data channel message that a reader was too slow for")

enum drop {
#define DROP_ENUM(name, help) DROP_##name,
	DROPS(DROP_ENUM)
#undef DROP_ENUM
	        DROP_COUNT,
};
static_assert(DROP_COUNT <= AM_DROP_MAX);

// Each name fits its place in the region, which the control plane reads.
struct drop_name_size {
#define DROP_SIZE(name, help) char name[sizeof(#name) <= 32 ? 1 : -1];
	DROPS(DROP_SIZE)
#undef DROP_SIZE
};

// The control plane finds this reason by its name.
#define DROP_IS_LATE(name, help) +(__builtin_strcmp(#name, AM_DROP_LATE) == 0)
static_assert(0 DROPS(DROP_IS_LATE) == 1);
#undef DROP_IS_LATE

// snake_case name of a reason; "unknown" for any other number.
static inline const char *drop_name(enum drop d)
{
	static const char *const names[DROP_COUNT] = {
#define DROP_NAME(name, help) [DROP_##name] = #name,
	        DROPS(DROP_NAME)
#undef DROP_NAME
	};
	return (unsigned)d < DROP_COUNT ? names[d] : "unknown";
}

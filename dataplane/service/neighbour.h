// Next hops and their MAC addresses: ARP (RFC 826, RFC 5227) and neighbour discovery (RFC 4861).
// Used by the service thread only. Bytes in, frames out, time passed in.
//
//     absent ──lookup──▶ ASKED ──solicited answer──▶ LIVE ──20 s──▶ PROBED ──answer──▶ LIVE
//       ▲                  │                           ▲              │ 30 s since the last proof
//       └──── 3 s, no answer                           └─ request     └──▶ ASKED, or absent if
//                                                         to us             unused
//
// While an entry is LIVE or PROBED, no claim to another MAC address replaces it. Redirects and
// router advertisements are ignored, because routers are configured.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "am_region.h"
#include "wire/packet.h"

#define NEIGHBOUR_MAX          1024
#define NEIGHBOUR_FRAME_MAX    90 // longest frame made here: an advertisement with VLAN
#define NEIGHBOUR_PROBE_NS     20000000000ull // age at which we ask a live neighbour again
#define NEIGHBOUR_LIVE_NS      30000000000ull // age at which it is no longer believed
#define NEIGHBOUR_ASK_EVERY_NS 1000000000ull // between two requests for one address

struct config;
struct neighbour_table;

struct neighbour_hooks {
	// Sends a frame, which is valid during the call only.
	void (*send)(void *user, const uint8_t *frame, uint16_t len);
	// An address has its first MAC address, or another one: routes through it must be updated.
	void (*changed)(void *user, const struct am_address *, const uint8_t mac[6]);
	void *user;
};

// NULL and errno on failure. local and config outlive the table.
[[nodiscard]] struct neighbour_table *
neighbour_create(const struct config *, const struct packet_local *, const struct neighbour_hooks *);
void neighbour_destroy(struct neighbour_table *);

// Announces our addresses on the link (gratuitous ARP, unsolicited advertisement), and requests
// those of the routers.
void neighbour_announce(struct neighbour_table *, uint64_t now_ns);

// Takes a frame of class PACKET_ARP or PACKET_ICMP6. False if it is not neighbour discovery; then
// pass it to icmp_answer.
bool neighbour_receive(
        struct neighbour_table *, enum packet_class, const uint8_t *frame,
        const struct packet_view *, uint64_t now_ns
);

// The next hop on the link for a packet to ip (network order): ip itself or the router. False if
// there is none.
[[nodiscard]] bool neighbour_next_hop(
        const struct neighbour_table *, uint8_t family, const uint8_t *ip, struct am_address *hop
);

// The MAC address of a next hop. False if it is not known yet; then a request is out.
[[nodiscard]] bool neighbour_lookup(
        struct neighbour_table *, const struct am_address *hop, uint64_t now_ns, uint8_t mac[6]
);

// Probes, retries and forgets. Call a few times a second.
void neighbour_tick(struct neighbour_table *, uint64_t now_ns);

// Next hops and their MAC addresses: ARP (RFC 826, RFC 5227) and neighbour discovery (RFC 4861).
// Used by the service thread only. Bytes in, frames out, time passed in.
//
//     absent ──lookup──▶ ASKED ──solicited answer──▶ LIVE ──20 s──▶ PROBED ──answer──▶ LIVE
//       ▲                  │                           ▲              │ 30 s since the last proof
//       └──── 3 s, no answer                           └── request ───┴──▶ ASKED, or absent if
//       unused
//                                                          to us
//
// While an entry is LIVE or PROBED no other MAC address replaces it, whoever claims it. Redirects
// and router advertisements are ignored: routers are configured.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "am_region.h"
#include "wire/packet.h"

#define NEIGHBOUR_MAX          1024
#define NEIGHBOUR_FRAME_MAX    90 // longest frame made here: VLAN and an advertisement
#define NEIGHBOUR_PROBE_NS     20000000000ull // age at which we ask a live neighbour again
#define NEIGHBOUR_LIVE_NS      30000000000ull // age at which it is no longer believed
#define NEIGHBOUR_ASK_EVERY_NS 1000000000ull // between two requests for one address

struct config;
struct neighbour_table;

struct neighbour_hooks {
	// Sends a frame, which is valid during the call only.
	void (*send)(void *user, const uint8_t *frame, uint16_t len);
	// An address has got a MAC address, its first or another one: routes through it are due.
	void (*changed)(void *user, const struct am_address *, const uint8_t mac[6]);
	void *user;
};

// NULL and errno on failure. local and config outlive the table.
[[nodiscard]] struct neighbour_table *
neighbour_create(const struct config *, const struct packet_local *, const struct neighbour_hooks *);
void neighbour_destroy(struct neighbour_table *);

// Tells the link who we are (gratuitous ARP, unsolicited advertisement), and asks for the routers.
void neighbour_announce(struct neighbour_table *, uint64_t now_ns);

// Takes a frame of class PACKET_ARP or PACKET_ICMP6. False if it is no neighbour discovery: then it
// is icmp_answer's.
bool neighbour_receive(
        struct neighbour_table *, enum packet_class, const uint8_t *frame,
        const struct packet_view *, uint64_t now_ns
);

// Where a packet to ip (network order) is handed to on the link: itself or the router. False if
// there is no way.
[[nodiscard]] bool neighbour_next_hop(
        const struct neighbour_table *, uint8_t family, const uint8_t *ip, struct am_address *hop
);

// The MAC address of a next hop. False if it is not known yet; then it is being asked for.
[[nodiscard]] bool neighbour_lookup(
        struct neighbour_table *, const struct am_address *hop, uint64_t now_ns, uint8_t mac[6]
);

// Probes, retries and forgets. Call a few times a second.
void neighbour_tick(struct neighbour_table *, uint64_t now_ns);

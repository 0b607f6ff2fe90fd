// Reassembly of IPv4 and IPv6 fragments, bounded in flows, bytes and time. Fragments wait in
// buffers of their own, so a flood of them cannot take those of media. Used by the service thread
// only.
#pragma once

#include <stdint.h>

#include "wire/packet.h"

#define FRAGMENT_FLOW_MAX     256
#define FRAGMENT_BUFFERS      1023 // fragments waiting, all flows together
#define FRAGMENT_TIMEOUT_MS   2000
#define FRAGMENT_DATAGRAM_MAX 2048 // whole frame, Ethernet header included

struct rte_mbuf;
struct rte_mempool;
struct fragment_table;

struct fragment_counts {
	uint64_t received;
	uint64_t completed;
	uint64_t refused; // beyond the limit, overlapping, or table or buffers full
};

// out: where whole datagrams are allocated. NULL and errno (logged) on failure.
[[nodiscard]] struct fragment_table *fragment_create(struct rte_mempool *out);
void fragment_destroy(struct fragment_table *);

// Takes over an mbuf of class PACKET_FRAGMENT in any case. Returns a whole frame in one segment,
// owned by the caller, for parsing again; or NULL. now_tsc: rte_rdtsc().
[[nodiscard]] struct rte_mbuf *fragment_add(
        struct fragment_table *, struct rte_mbuf *, const struct packet_view *, uint64_t now_tsc
);

// Frees fragments that waited too long. Call about once a second.
void fragment_expire(struct fragment_table *, uint64_t now_tsc);

const struct fragment_counts *fragment_counts(const struct fragment_table *);

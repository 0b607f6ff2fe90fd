// Echo replies (RFC 792, RFC 4443 4.2), so that an operator can ping the port. Every other message
// is counted and ignored: redirects and packet-too-big messages change nothing here.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "path/bucket.h"
#include "wire/packet.h"

#define ICMP_RATE_PER_S 100 // replies per second, to all senders together
#define ICMP_BURST      50

// Zero is a valid start. Owned by the service thread.
struct icmp {
	struct bucket replies;
	uint64_t answered;
	uint64_t limited; // requests beyond the rate
	uint64_t ignored; // other types, not to our unicast address
	uint64_t malformed;
};

// Writes the reply to a frame of class PACKET_ICMP or PACKET_ICMP6 to `out`, addressed to the MAC
// address that the request came from. Returns its length; 0: no reply. frame and out must not
// overlap.
[[nodiscard]] size_t icmp_answer(
        struct icmp *, const struct packet_local *, const uint8_t *frame,
        const struct packet_view *, int64_t now_us, uint8_t *out, size_t out_size
);

// Retransmissions to viewers (RFC 4588), and what they may cost.
#pragma once

#include "path/worker.h"

// Answers a viewer's NACK for one sequence number with a retransmission (RFC 4588), if the packet
// is still there and the port keeps up, since a repeat must not displace unsent packets. Sends
// nothing if the packet is already on its way, was repeated often enough, or belongs to an encoding
// that the viewer no longer gets. If the number was left free for a late packet that is not for
// this viewer, the answer is empty: browsers take it for padding and go on.
void repeat_send(struct worker *, struct subscription *, uint16_t seq);

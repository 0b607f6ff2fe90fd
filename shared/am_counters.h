// What each worker counts: one block per worker, with one writer, read by anyone. Beside these
// there is one counter for each drop reason, whose names the data plane writes into the region when
// it starts, and one for each step of load shedding (am_lifecycle.h).
//
// The books of a worker balance at any quiet moment:
//     rx_packets + service_packets + handover_in + made_copies + made_retransmissions +
//     made_probes + made_rtcp
//   = tx_packets + punted + handover_out + consumed + the sum of all drops
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "am_lifecycle.h"
#include "am_schema.h"

// name, unit, help
#define AM_COUNTERS(X)                                                                             \
	X(rx_packets, packets, "Packets received from the ports")                                  \
	X(rx_bytes, bytes, "Bytes received from the ports, Ethernet headers included")             \
	X(tx_packets, packets, "Packets given to the ports")                                       \
	X(tx_bytes, bytes, "Bytes given to the ports, Ethernet headers included")                  \
	X(service_packets, packets, "Packets made by the service thread")                          \
	X(handover_in, packets, "Packets and references received from other workers")              \
	X(handover_out, packets, "Packets and references given to other workers")                  \
	X(punted, packets, "Packets given to the service thread")                                  \
	X(consumed, packets, "Packets that were processed to their end: media relayed, RTCP read") \
	X(made_copies, packets, "Copies made for subscribers")                                     \
	X(made_retransmissions, packets, "Retransmissions made for subscribers")                   \
	X(made_probes, packets, "Packets made to probe viewers' links")                            \
	X(retransmissions_refused, packets,                                                        \
	  "Retransmissions refused: over a share, already sent, or not of the current encoding")   \
	X(made_rtcp, packets, "RTCP packets made")                                                 \
	X(rtp_packets, packets, "Authenticated RTP packets")                                       \
	X(rtcp_packets, packets, "Authenticated RTCP packets")                                     \
	X(voices_withheld, packets, "Voice packets not forwarded: others are louder")              \
	X(nacks_sent, packets, "Sequence numbers requested again from publishers")                 \
	X(held, packets, "Packets that waited behind a gap for its repair")                        \
	X(held_in_vain, gaps, "Gaps passed on to viewers: the repair did not come in time")        \
	X(nacks_received, packets, "Sequence numbers requested again by viewers")                  \
	X(plis_sent, packets, "Key frames requested from publishers")                              \
	X(plis_received, packets, "Key frames requested by viewers")                               \
	X(plis_refused, packets,                                                                   \
	  "Key frame requests refused: the viewer has had its share, or was just sent one")        \
	X(tapped, packets, "Packets copied for the recorder")                                      \
	X(catchups, catchups, "Times that a viewer began with a key frame from the history")       \
	X(pace_given_up, pictures, "Times that a slow viewer's pictures were given up")            \
	X(transport_feedbacks, packets, "Transport-wide feedback messages from viewers")           \
	X(data_messages_in, messages, "Data channel messages accepted from senders")               \
	X(data_messages_out, messages, "Data channel messages sent to readers")                    \
	X(busy_cycles, cycles, "TSC cycles of loop turns that had work")                           \
	X(idle_cycles, cycles, "TSC cycles of loop turns without work")

enum am_counter {
#define AM_COUNTER_ENUM(name, unit, help) AM_COUNTER_##name,
	AM_COUNTERS(AM_COUNTER_ENUM)
#undef AM_COUNTER_ENUM
	        AM_COUNTER_COUNT,
};

struct am_counters {
	_Atomic uint64_t value[AM_COUNTER_COUNT];
	_Atomic uint64_t drops[AM_DROP_MAX];
	_Atomic uint64_t shed[AM_SHED_LEVELS]; // times that the worker began to leave out this step
};

// One block for each worker, and one for the drops of the service thread.
#define AM_COUNTER_BLOCKS  (AM_WORKER_MAX + 1)
#define AM_COUNTER_SERVICE AM_WORKER_MAX

struct am_drop_name {
	char name[32]; // snake_case, empty: unused
};

// A worker with fan-outs to many viewers that each have keys of their own, without threads, network
// or service thread: what the packet path's tests and its benchmark stand on. Frames go to whatever
// stands behind port 0.
#pragma once

#include <stdint.h>

#include "am_counters.h"
#include "worker.h"

#define RIG_TRACKS_MAX 8
#define RIG_PORT       10000 // UDP port of the first viewer; each has its own

struct rig {
	struct port port; // and the pool
	struct worker *worker;
	struct am_counters *counters;
	struct am_gauges *gauges;
	uint32_t viewers;
	uint16_t tracks;
	struct transport **transports;
	struct fanout *fanouts[RIG_TRACKS_MAX];
};

// The worker and `buffers` packet buffers, of which threads keep `cache` at hand. EAL runs. 0 or
// -errno.
[[nodiscard]] int rig_init(struct rig *, unsigned buffers, unsigned cache);
void rig_fini(struct rig *);

// Video tracks of one encoding, each of a publisher of its own, and viewers who subscribe to all of
// them. 0 or -errno.
[[nodiscard]] int rig_fill(struct rig *, uint32_t viewers, uint16_t tracks, uint8_t srtp_profile);
void rig_clear(struct rig *);

// Packet number `seq`, from 1, of a track, as path/receive.c makes it: the first begins a key
// frame, each is a picture of its own. NULL where the buffers are used up.
[[nodiscard]] struct rte_mbuf *
rig_packet(const struct rig *, uint16_t track, uint32_t seq, uint16_t payload_len);

// A worker with fan-outs to many viewers that each have their own keys, without threads, network or
// service thread: the basis of the packet path's tests and benchmark. Frames go to whatever serves
// port 0.
#pragma once

#include <stdint.h>

#include "am_counters.h"
#include "path/worker.h"

#define RIG_TRACKS_MAX 40
#define RIG_PORT       10000 // UDP port of the first viewer; each has its own

struct rte_mbuf;

struct rig {
	struct port port; // with the pools
	struct worker *worker; // the first, which has the viewers
	uint16_t workers;
	struct am_counters *counters; // of each worker
	struct am_gauges *gauges;
	struct am_figures *figures;
	uint32_t viewers;
	uint16_t tracks;
	struct transport **transports;
	struct fanout *fanouts[RIG_TRACKS_MAX];
};

// Makes the worker and `buffers` packet buffers, of which each thread caches `cache`. EAL must be
// running. 0 or -errno.
[[nodiscard]] int rig_init(struct rig *, unsigned buffers, unsigned cache);

// The same with several workers; the others only have publishers.
[[nodiscard]] int
rig_init_workers(struct rig *, uint16_t workers, unsigned buffers, unsigned cache);
void rig_fini(struct rig *);

// Adds video tracks of one encoding, each from a publisher of its own, and viewers that subscribe
// to all of them. 0 or -errno.
[[nodiscard]] int rig_fill(struct rig *, uint32_t viewers, uint16_t tracks, uint8_t srtp_profile);
void rig_clear(struct rig *);

// Packet number `seq`, from 1, of a track, as path/receive.c makes it: the first starts a key
// frame, and each is a frame of its own. NULL if there are no buffers left.
[[nodiscard]] struct rte_mbuf *
rig_packet(const struct rig *, uint16_t track, uint32_t seq, uint16_t payload_len);

#define RIG_PORT_ENDLESS UINT32_MAX

// Frames that the port will still accept.
extern uint32_t rig_port_room;

// Starts the EAL for a test of this name, and takes the place of port 0's driver: each frame is
// given to `take`, unless that is NULL, and freed. 0 or -1.
[[nodiscard]] int rig_port_begin(const char *test, void (*take)(const struct rte_mbuf *frame));

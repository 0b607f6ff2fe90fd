// A window of a run, and what it shows.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct generator;

#define MEASURE_CALM_S 60 // seconds that a server may take until it sheds nothing
#define MEASURE_FULL   0.97 // busy share of a core beyond which the core is the limit

// Packets are copies for viewers; all viewers have joined.
struct measure {
	uint32_t viewers;
	double seconds;
	uint64_t offered; // sent by speakers since the viewers' first packets, and not counted
	                  // before; all of the window for streams without packets
	uint64_t delivered;
	uint64_t duplicates, nacked, resent;
	uint64_t sound_lost; // audio packets among the undelivered ones
	uint32_t shed; // the most that the server has shed at a time: steps
	uint64_t unknown; // subscriptions that received something that was not examined
	uint64_t silent; // subscriptions that received nothing
	uint64_t unserved; // packets that were sent for the silent ones
	uint64_t server_drops;
	uint64_t missed; // frames that the generator's port lost
	uint64_t steal_ms; // time that the host took from all cores
	double worker_busy; // busy share of the time that the workers had
	double worker_got; // share of their cores that the workers had
	double copy_ns; // time of a worker's core per packet sent
	double behind_s; // how much of the speakers' media had not arrived when the window ended
	uint64_t memory; // bytes that the server occupied at the end
	double generator_busy, generator_got; // the same for the generator
};

// Waits, for some seconds at most, until each viewer has received packets of each track and
// speakers are in step.
void measure_settle(struct generator *);

// Silences the speakers until nothing arrives any more, for some seconds at most.
void measure_rest(struct generator *);

// Measures a window, after which speakers are silent for a moment. Its latencies are then in the
// stage.
void measure_run(struct generator *, uint32_t seconds, struct measure *);

// Silences the speakers until the server sheds nothing any more, for at most MEASURE_CALM_S.
// Returns the seconds.
double measure_calm(struct generator *);

static inline uint64_t measure_lost(const struct measure *m)
{
	return m->offered > m->delivered ? m->offered - m->delivered : 0;
}

// True if the server serves some streams nothing without counting drops, which an overloaded server
// counts.
static inline bool measure_forgets(const struct measure *m)
{
	return m->unserved > m->server_drops + m->missed;
}

static inline double measure_loss(const struct measure *m)
{
	return m->offered ? (double)measure_lost(m) / (double)m->offered : 0;
}

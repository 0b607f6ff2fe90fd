// The load generator: one thread that is the speakers, the viewers and the network between them and
// the server.
//
//     port ─▶ receive.c ─┬─ RTP ──▶ audience (counts) ─▶ source (latency), sample (bytes)
//                        ├─ SRTCP ─▶ stage (speakers), sample
//                        ├─ STUN, DTLS ─▶ members
//                        └─ ARP ──▶ net
//     port ◀── stage (speakers' media) ◀── reports (RR, NACK), answers ◀── members (ICE, DTLS)
#pragma once

#include <stdint.h>

#include "answers.h"
#include "audience.h"
#include "load.h"
#include "members.h"
#include "net.h"
#include "nic.h"
#include "pictures.h"
#include "reports.h"
#include "sample.h"
#include "server.h"
#include "stage.h"

struct generator_options {
	const struct load *load;
	uint32_t viewers_max;
	uint16_t workers; // of the server
	bool rests; // sleeps while there is nothing to do: others run on our core
	uint16_t rest_us; // … for so long
	uint32_t joins_per_s; // 0: as fast as it goes
	uint16_t joining_max;
	bool feedback; // viewers answer transport-wide numbers
	const char *profiles; // OpenSSL's names
	const char *clips; // folder
	struct nic_options nic;
	const struct server_calls *calls;
	const char *command; // that starts the server
	const char *log; // of the server
	const char *address; // of its signaling
	const char *control; // that starts its signaling, where it is a process beside it
};

struct generator {
	struct generator_options options;
	struct nic nic;
	struct net net;
	int pid; // the server's; 0: not started
	struct server *server;
	struct members members;
	struct stage stage;
	struct audience audience;
	struct reports reports;
	struct answers answers;
	struct sample sample;
	struct pictures pictures; // where a storm is looked at
	struct cipher *cipher; // for learn_offset
	uint64_t learn_tsc; // when it may be tried again
	uint32_t wanted, added; // viewers
	uint64_t tsc_per_s;
	uint64_t now_ns; // CLOCK_MONOTONIC, of this turn
	uint64_t slow_ns; // when what is done each millisecond is due
	uint64_t busy; // TSC ticks of turns with work
	uint64_t frames, strange; // received; of them neither ours nor known
	int failure; // -errno: goes no further
};

// Opens the port, starts the server, waits for both. 0 or -errno; the reason was said on stderr.
[[nodiscard]] int generator_init(struct generator *, const struct generator_options *);

// False where the server did not end well.
bool generator_fini(struct generator *);

// One turn: takes what has come, sends what is due. Returns how much there was to do.
unsigned generator_turn(struct generator *);

// Turns until done(g) or for so many milliseconds. True if done; NULL: never done.
bool generator_run(struct generator *, uint64_t ms, bool (*done)(struct generator *));

// Lets viewers join or the last ones leave until `viewers` are here. 0, or -errno where some could
// not.
[[nodiscard]] int generator_viewers(struct generator *, uint32_t viewers);

// Frames of one burst, received at `tsc`; frees them.
struct rte_mbuf;
void receive_burst(struct generator *, struct rte_mbuf **, uint16_t n, uint64_t tsc);

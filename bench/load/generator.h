// The load generator: one thread that plays the speakers, the viewers, and the network between them
// and the server.
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
	bool rests; // sleeps while there is nothing to do, since other processes run on our core
	uint16_t rest_us; // … for this long
	uint32_t joins_per_s; // 0: as fast as possible
	uint16_t joining_max;
	bool feedback; // viewers send transport-wide feedback
	const char *profiles; // OpenSSL's names
	const char *clips; // folder
	struct nic_options nic;
	const struct server_calls *calls;
	const char *command; // command that starts the server
	const char *log; // the server's
	const char *address; // of the server's signaling
	const char *control; // command that starts its signaling, if that is a separate process
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
	struct pictures pictures; // only in a storm
	struct cipher *cipher; // for learn_offset
	uint64_t learn_tsc; // when learning may be tried again
	uint32_t wanted, added; // viewers
	uint64_t tsc_per_s;
	uint64_t now_ns; // CLOCK_MONOTONIC, of this turn
	uint64_t slow_ns; // when the next millisecond's work is due
	uint64_t busy; // TSC ticks of turns with work
	uint64_t frames, strange; // received; of these, neither for us nor of a known kind
	int failure; // -errno: the run cannot continue
};

// Opens the port, starts the server, waits for both. 0 or -errno; logs the reason on stderr.
[[nodiscard]] int generator_init(struct generator *, const struct generator_options *);

// False if the server did not shut down cleanly.
bool generator_fini(struct generator *);

// One turn: takes what has arrived, sends what is due. Returns how much there was to do.
unsigned generator_turn(struct generator *);

// Turns until done(g), but at most this many milliseconds. True if done; NULL: never done.
bool generator_run(struct generator *, uint64_t ms, bool (*done)(struct generator *));

// Lets viewers join, or the last ones leave, until there are `viewers`. 0, or -errno if some could
// not join.
[[nodiscard]] int generator_viewers(struct generator *, uint32_t viewers);

// Takes and frees the frames of one burst, received at `tsc`.
struct rte_mbuf;
void receive_burst(struct generator *, struct rte_mbuf **, uint16_t n, uint64_t tsc);

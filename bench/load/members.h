// All who join: speakers and viewers, each a whole WebRTC transport (tests/client/peer.h) of its
// own address.
//
//	ABSENT ─add─▶ SIGNALED ─ready─▶ CONNECTING ─DTLS is done─▶ HERE ─remove─▶ ABSENT
//	                  └──────────────────┴── refused, or no end in time ──▶ FAILED
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "crypto/cipher.h"
#include "crypto/srtp.h"
#include "histogram.h"
#include "peer.h"
#include "server.h"

#define MEMBERS_JOINING_MAX 4096 // at the same time
#define MEMBERS_JOIN_S      30 // who needs longer has failed

struct members;
struct net;
struct nic;

enum member_state {
	MEMBER_ABSENT,
	MEMBER_SIGNALED,
	MEMBER_CONNECTING,
	MEMBER_HERE,
	MEMBER_FAILED,
};

struct member {
	struct members *members;
	enum member_state state;
	uint32_t rtcp_index;
	uint64_t added_ns; // when it was to join, by the pace
	struct cipher_key *key; // that it sends with
	struct srtp_keys keys; // while it is HERE
	char ufrag[PEER_WORD_MAX + 1], pwd[PEER_WORD_MAX + 1];
	struct peer peer; // CONNECTING and HERE
};

struct members_events {
	// The server has answered: what a viewer will receive.
	void (*answered)(void *context, uint32_t member, const struct server_answer *);
	// … or, where each is signaled alone, one stream of it.
	void (*offered
	)(void *context, uint32_t member, uint16_t index, const struct server_stream *);
	// It has its keys: media may come and go.
	void (*here)(void *context, uint32_t member);
	void *context;
};

struct members_options {
	uint32_t capacity;
	uint32_t joins_per_s; // 0: as fast as it goes
	uint16_t joining_max; // at most so many at the same time
	const char *profiles; // OpenSSL's names; NULL: GCM, then CM
	bool feedback; // who joins as a viewer answers transport-wide numbers
	struct members_events events;
	struct nic *nic;
	struct net *net;
	const struct server_calls *calls;
	struct server *server;
};

struct members {
	struct members_options options;
	uint8_t fingerprint[32];
	struct member *all;
	struct cipher *cipher; // of SRTCP
	uint32_t here, failed;
	uint16_t joining_count;
	uint32_t joining[MEMBERS_JOINING_MAX];
	uint64_t join_next_ns; // with joins_per_s
	uint64_t failed_after_ns;
	struct histogram join_ns; // from add to here, of viewers
};

[[nodiscard]] int members_init(struct members *, const struct members_options *);
void members_fini(struct members *);

// tracks: of a speaker; NULL: a viewer. 0; -EAGAIN: again later; other -errno: never.
int members_add(
        struct members *, uint32_t member, const struct server_track *tracks, uint16_t count,
        uint64_t now_ns
);

// 0 or -EAGAIN.
int members_remove(struct members *, uint32_t member);

// The server's answer, for server_events: context is a struct members.
void members_ready(void *context, uint32_t member, int result, const struct server_answer *);
void members_offered(void *context, uint32_t member, uint16_t index, const struct server_stream *);

// Who joins from now on comes at this pace; 0: as fast as it goes.
void members_pace(struct members *, uint32_t joins_per_s);

// STUN or DTLS that came for a member.
void members_receive(
        struct members *, uint32_t member, const uint8_t *payload, size_t len, uint64_t now_ns
);

// Timers of those that are joining. Call each few milliseconds while joining_count is not 0.
void members_tick(struct members *, uint64_t now_ns);

// Timers of one that is here: its consent checks. Call each second or so.
void members_visit(struct members *, uint32_t member, uint64_t now_ns);

// A datagram of a member to the server.
void members_send(struct members *, uint32_t member, const uint8_t *payload, size_t len);

// Encrypts a compound of `len` bytes at the start of a buffer of `capacity` bytes, and sends it.
void members_send_rtcp(
        struct members *, uint32_t member, uint8_t *packet, size_t len, size_t capacity
);

// All members: speakers and viewers, each a complete WebRTC transport (tests/client/peer.h) with
// its own address.
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
#define MEMBERS_JOIN_S      30 // a join that takes longer has failed

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
	uint64_t added_ns; // when it was due to join
	struct cipher_key *key; // the key that it sends with
	struct srtp_keys keys; // while it is HERE
	char ufrag[PEER_WORD_MAX + 1], pwd[PEER_WORD_MAX + 1];
	struct peer peer; // CONNECTING and HERE
};

struct members_events {
	// The server has answered with what a viewer will receive.
	void (*answered)(void *context, uint32_t member, const struct server_answer *);
	// … or with one stream, if each is signaled separately.
	void (*offered
	)(void *context, uint32_t member, uint16_t index, const struct server_stream *);
	// The member has its keys: media may flow.
	void (*here)(void *context, uint32_t member);
	void *context;
};

struct members_options {
	uint32_t capacity;
	uint32_t joins_per_s; // 0: as fast as possible
	uint16_t joining_max; // maximum at the same time
	const char *profiles; // OpenSSL's names; NULL: GCM, then CM
	bool feedback; // viewers that join send transport-wide feedback
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
	struct cipher *cipher; // for SRTCP
	uint32_t here, failed;
	uint16_t joining_count;
	uint32_t joining[MEMBERS_JOINING_MAX];
	uint64_t join_next_ns; // when the next one may join, with joins_per_s
	uint64_t failed_after_ns;
	struct histogram join_ns; // times of viewers from add to HERE
};

[[nodiscard]] int members_init(struct members *, const struct members_options *);
void members_fini(struct members *);

// Lets a member join. tracks: a speaker's; NULL: a viewer. 0; -EAGAIN: try again later; any other
// -errno: failed for good.
int members_add(
        struct members *, uint32_t member, const struct server_track *tracks, uint16_t count,
        uint64_t now_ns
);

// Lets a member leave. 0 or -EAGAIN.
int members_remove(struct members *, uint32_t member);

// The server's answer, for server_events: context is a struct members.
void members_ready(void *context, uint32_t member, int result, const struct server_answer *);
void members_offered(void *context, uint32_t member, uint16_t index, const struct server_stream *);

// Members join at this pace from now on; 0: as fast as possible.
void members_pace(struct members *, uint32_t joins_per_s);

// Takes STUN or DTLS that arrived for a member.
void members_receive(
        struct members *, uint32_t member, const uint8_t *payload, size_t len, uint64_t now_ns
);

// Runs the timers of members that are joining. Call it every few milliseconds while joining_count
// is not 0.
void members_tick(struct members *, uint64_t now_ns);

// Runs the timers of a member that is HERE, for its consent checks. Call it every second or so.
void members_visit(struct members *, uint32_t member, uint64_t now_ns);

// Sends a member's datagram to the server.
void members_send(struct members *, uint32_t member, const uint8_t *payload, size_t len);

// Encrypts a compound of `len` bytes at the start of a buffer of `capacity` bytes, and sends it.
void members_send_rtcp(
        struct members *, uint32_t member, uint8_t *packet, size_t len, size_t capacity
);

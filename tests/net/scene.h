// What the network tests share: a running data plane, a driver on its link, and parties of speakers
// and watchers. Each test makes its party and ends it, which also checks the data plane's books.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include "am_tap.h"
#include "driver.h"
#include "publisher.h"
#include "viewer.h"

#define PARTY_MEMBERS 64
#define SERVER_PORT   40000

struct member;

// The data plane under test and the link to it: one per test program.
struct scene {
	struct driver driver;
	pid_t dataplane;
	uint64_t rooms;
	size_t member_count; // of the party; what a failed test leaves behind is removed before the
	                     // next
	struct member *members[PARTY_MEMBERS];
};
extern struct scene scene;

// cmocka's group setup and teardown: start the data plane; stop it and check that it exits cleanly.
int scene_open(void **state);
int scene_close(void **state);

// Connects to the data plane as a recorder. Returns the connection, which the caller closes.
int scene_tap(struct am_tap *);

// The server's address in a family (AF_INET or AF_INET6).
struct sockaddr_storage scene_server(int family);

struct member_options {
	int family; // 0: AF_INET
	const char *profiles; // NULL: both; empty: no SRTP
	uint16_t dtls_mtu; // 0: 1200
	uint16_t loss_in_permille, loss_out_permille;
	uint8_t encodings; // speakers; 0: 3
	uint8_t voices; // speakers: how many are heard at a time in their room; 0: all
	uint8_t spatial, temporal; // watchers
	bool paused; // watchers
	bool red; // watchers take redundant audio
	bool tracks_later; // speakers: party_publish adds their tracks
	bool no_connect; // no TRANSPORT_CONNECT
	bool wrong_fingerprint;
	bool dtls_server; // the data plane starts the handshake
	bool auto_role; // the data plane may start the handshake
};
#define TOP_LAYERS .spatial = 2, .temporal = 2

// A member of a party: one client.
struct member {
	struct driver_transport transport;
	struct client client;
	struct publisher publisher; // of speakers
	struct viewer viewer; // of watchers
	uint8_t voices; // from a speaker's options
	am_id video_id, sound_id; // tracks of a speaker, subscriptions of a watcher
	struct viewer_subscription *video, *sound;
};

struct party {
	uint64_t room;
	uint16_t mid_next;
	size_t count;
	struct member *members[PARTY_MEMBERS];
	struct client *clients[PARTY_MEMBERS];
};

void party_begin(struct party *);

// Members belong to the party. They are signaled at once and connect when the party runs.
struct member *party_speaker(struct party *, const struct member_options *);
struct member *
party_watcher(struct party *, const struct member *speaker, const struct member_options *);

// Adds the tracks of a speaker that was created without them.
void party_publish(struct member *);

// Adds a member that only has a transport, without tracks.
struct member *party_transport(struct party *, const struct member_options *);

void party_run(struct party *, uint64_t ms);

// Runs until all are connected; fails the test after 10 s.
void party_connect(struct party *);

// Stops all media, ends the loss, and waits until all retransmissions have arrived.
void party_settle(struct party *);

// Removes everybody; the counters must balance then.
void party_end(struct party *);

// Fails the test if a watcher got anything wrong. Returns the verdict on its video or audio.
struct viewer_verdict check_video(const struct member *watcher);
struct viewer_verdict check_sound(const struct member *watcher);

// Fails the test unless the transport reaches the state within the time, while the party runs.
void check_ice(struct party *, const struct member *, enum am_ice_state, uint64_t ms);
void check_dtls(struct party *, const struct member *, enum am_dtls_state, uint64_t ms);

// Runs the tests against one data plane; the program's exit status.
#define SCENE_RUN(tests) cmocka_run_group_tests(tests, scene_open, scene_close)

// The real amphi-controlplane on its own port and in its own directory, with a fake data plane in
// the test's thread. Everything asserts that it succeeds.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "fake_dataplane.h"
#include "fake_recorder.h"

#define SERVER_WAIT_MS 30000 // for anything that must happen, on a machine with a slow disk

struct server {
	struct fake_dataplane dataplane;
	struct fake_recorder recorder; // not started: there is none
	char directory[64];
	char accounts[96]; // the accounts file, to be filled before the start
	uint16_t port;
	pid_t pid;
};

// Makes the directory with a page and a configuration; `settings` are lines of the group
// controlplane.
void server_make(struct server *, const char *settings);
void server_start(struct server *);

// Changes a setting of the account default; to be called before server_start.
void server_set_default(struct server *, const char *setting, const char *value);

// Sends the signal and waits. Returns the wait status.
int server_stop(struct server *, int signal);

// Stops the server in order. Returns 0 if it reported neither a leak nor another error, else -1.
int server_remove(struct server *);

// Waits until the store has this peer with these flags (enum store_flag), and nothing more is being
// written to it.
void server_wait_stored(struct server *, const char *peer_id, uint32_t flags);

// Waits until the store has the rules of this empty room, given by the end of its key.
void server_wait_kept(struct server *, const char *room);

// Waits until the store has this session among the removed ones.
void server_wait_turned_away(struct server *, const char *session);

// Waits until the history has the webhook's admission of this peer.
void server_wait_admission(struct server *, const char *peer_id);

// Lets the fake data plane run for a moment.
void server_turn(struct server *);
int server_dial(struct server *);

// Reads until a pattern appears or the connection ends, for up to SERVER_WAIT_MS. Returns the
// length, since the headers of frames may contain zeros.
size_t server_read_until(struct server *, int fd, char *out, size_t size, const char *pattern);

// Sends an HTTP request and returns the answer's status. last: the text that ends the answer; NULL
// if the server closes the connection.
int server_ask(struct server *s, const char *request, const char *last, char *answer, size_t size);

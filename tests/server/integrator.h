// An integrator and the server that serves it: accounts, a key, and an HTTPS receiver of the
// server's requests. Everything asserts that it succeeds.
#pragma once

#include "account/edit.h"
#include "page.h"
#include "receiver.h"
#include "server_process.h"

#define INTEGRATOR_HOST_SIZE    96
#define INTEGRATOR_ACCOUNTS_MAX 32

struct json;

struct integrator {
	struct server server;
	struct receiver receiver;
	struct evp_pkey_st *key; // the key of all accounts
	struct evp_pkey_st *foreign; // a key of no account
	int account_count;
	struct {
		const char *name;
		char api_token[ACCOUNT_API_TOKEN_SIZE];
	} accounts[INTEGRATOR_ACCOUNTS_MAX];
};

// An account of this name at the host <name>.example, with the key. settings: names and values as
// amphictl takes them, or "domain" and a domain that may embed rooms, ended by NULL. A value
// "receiver:PROGRAM" stands for the receiver's URL.
struct integrator_account {
	const char *name;
	const char *settings[9];
};

// Creates everything and starts the server. accounts: ended by a NULL name.
void integrator_setup(struct integrator *, const struct integrator_account accounts[]);

// As server_remove.
int integrator_teardown(struct integrator *);

// Sends a request with the account's API token, or without one if that is NULL. Returns the status.
int integrator_rest(
        struct integrator *, const char *account, const char *method, const char *path,
        const char *body, char *answer, size_t size
);

// A token with this payload, as the end of a query: "&token=…". The next call overwrites it.
const char *integrator_token(struct integrator *, const char *payload);
const char *integrator_foreign_token(struct integrator *, const char *payload);

// integrator_count: how many requests the receiver has received for this path about this peer
// (NULL: any). integrator_expect: waits until there are this many.
int integrator_count(struct integrator *, const char *path, const char *peer_id);
void integrator_expect(struct integrator *, const char *path, const char *peer_id, int count);

// The events about a peer, in order: "joinPeer closePeer".
void integrator_events(struct integrator *i, const char *peer_id, char *out, size_t size);

// Opens a page of an account in a room; `more` is appended to the query.
void integrator_open(
        struct integrator *i, struct page *p, const char *account, const char *where,
        const char *more
);

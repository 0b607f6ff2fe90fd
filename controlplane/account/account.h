// Accounts: whose pages may embed rooms, whose tokens open rooms, and whose servers are called. All
// accounts are in memory and belong to the loop; they are stored in a SQLite file that outlives the
// data plane. A struct account never changes: a change makes a new one, stores it, and then puts it
// in place of the old one. So keep an account's id from one event to the next, never its pointer.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account/domain.h"

struct store_counts;

#define ACCOUNT_DEFAULT       "default" // always exists; has localhost unless another account does
#define ACCOUNT_MAX           1024
#define ACCOUNT_NAME_MAX      64 // A-Z a-z 0-9 _ -
#define ACCOUNT_HOST_MAX      32
#define ACCOUNT_DOMAIN_MAX    64
#define ACCOUNT_KEY_MAX       8
#define ACCOUNT_API_TOKEN_MAX 16
#define ACCOUNT_KID_MAX       128
#define ACCOUNT_KEY_BITS_MIN  2048 // RFC 7518 3.3
#define ACCOUNT_KEY_BITS_MAX  8192
#define ACCOUNT_HASH_SIZE     32
#define ACCOUNT_ANCESTORS_SIZE                                                                     \
	(sizeof("frame-ancestors 'self'") + ACCOUNT_DOMAIN_MAX * (DOMAIN_ORIGIN_SIZE + 1))

// How much each account may have of what all accounts share: name, setting, default, help. The
// defaults are enough for a full webinar (20 speakers with two tracks, 2000 viewers) and leave some
// of the server to others. The 2048 WebSockets of one address use only a part of each quota.
#define QUOTAS(X)                                                                                  \
	X(ROOMS, "max-rooms", 8192, "rooms at once")                                               \
	X(PEERS, "max-peers", 8192, "people in rooms or waiting there at once")                    \
	X(TRANSPORTS, "max-transports", 16384, "media connections at once")                        \
	X(TRACKS, "max-tracks", 4096, "cameras, microphones and screen shares at once")            \
	X(SUBSCRIPTIONS, "max-subscriptions", 98304, "tracks sent to participants at once")        \
	X(TOKENS, "max-tokens", 65536, "tokens with a lifetime that are remembered")

enum quota {
#define QUOTA_ENUM(name, setting, standard, help) QUOTA_##name,
	QUOTAS(QUOTA_ENUM)
#undef QUOTA_ENUM
	        QUOTA_COUNT,
};

struct evp_pkey_st;
struct loop;

struct account_key {
	char kid[ACCOUNT_KID_MAX + 1];
	char *pem; // of the public key
	struct evp_pkey_st *key;
	int64_t created_ms;
};

// The token itself has 256 random bits and was shown only once, so its hash needs neither salt nor
// a slow function.
struct account_api_token {
	char name[ACCOUNT_NAME_MAX + 1];
	uint8_t hash[ACCOUNT_HASH_SIZE]; // SHA-256
	int64_t created_ms;
};

struct account {
	uint64_t id; // never used again once the account is removed
	char name[ACCOUNT_NAME_MAX + 1];
	int64_t created_ms;
	bool jwt_required; // nobody may enter without a token
	bool debug; // a page's URL may name the servers that are called, at any domain
	bool hook_fail_open; // without an answer, joinPeer admits
	bool enforce_start_time; // without asking a webhook
	uint8_t hook_version; // 1: GET; 2: POST JSON, signed
	char *access_url; // of the access check; NULL: none, like those below
	char *authorization_access; // Authorization header of the access check
	char *api_event; // base URL of the webhooks, without a slash at its end
	char *auth_event; // Authorization header of the webhooks
	char *hook_secret; // key of the signature; set if hook_version is 2
	bool native_clients; // a WebSocket without Origin, which is no browser's, needs no token
	bool waiting_room; // in each of its rooms, whatever tokens say
	char *rest_addresses; // need no API token for REST (address_list_has); NULL: none
	bool record_consent_asks; // speakers are recorded once they consent; else they are told
	bool record_tracks; // also a file for each track
	uint32_t record_days; // how long recordings are kept; 0: forever
	uint32_t recorded_mib_max; // of all its recordings; 0: no limit
	uint32_t quotas[QUOTA_COUNT]; // how much the account may have at once
	uint32_t host_count;
	char **hosts; // lower case, without port; "*.company.example" is all hosts under it;
	              // "[::1]"
	uint32_t domain_count;
	char **domains; // that may embed rooms: "https://domain", "https://*.domain"; lower case
	uint32_t key_count;
	struct account_key *keys;
	uint32_t api_token_count;
	struct account_api_token *api_tokens;
};

struct account_error;
struct accounts;

// Opens or creates the file, with the default account, which pages on localhost may embed. NULL
// after one line in the log.
[[nodiscard]] struct accounts *accounts_open(struct loop *, const char *path);

// Waits until everything is written.
void accounts_close(struct accounts *);

// Puts an account in force (edit.h): a new one, whose id is 0, or one that replaces the account
// with the same id. Takes over the account, even on failure: -EINVAL, -EEXIST or -ENOSPC, with a
// sentence.
[[nodiscard]] int accounts_put(struct accounts *, struct account *, struct account_error *);

// Removes an account. What still refers to it then finds the default account, or none. -ENOENT, or
// -EPERM for the default account.
[[nodiscard]] int accounts_remove(struct accounts *, uint64_t id, struct account_error *);

// The number of the last change, for accounts_are_written: changes are in force before they are in
// the file, since the loop does not wait for a disk.
uint64_t accounts_last_change(const struct accounts *);
bool accounts_are_written(const struct accounts *, uint64_t change);

// Numbers for metrics, from the thread that writes the file.
void accounts_count(const struct accounts *, struct store_counts *);

// The account for a Host header, with or without a port: the one with that host, else the one with
// the longest matching wildcard. Otherwise the default account, if a client on this machine (local)
// requests localhost or a loopback address, or after accounts_serve_unknown_hosts; else NULL. host
// may be NULL.
const struct account *accounts_by_host(const struct accounts *, const char *host, bool local);
void accounts_serve_unknown_hosts(struct accounts *, bool);

// Counts a request for a host that accounts_by_host does not know and logs what to do about it, at
// most every ten seconds.
void accounts_refuse_host(struct accounts *, const char *host, uint64_t now_ms);

// NULL if there is no such account, or no longer.
const struct account *accounts_by_id(const struct accounts *, uint64_t id);
const struct account *accounts_by_name(const struct accounts *, const char *name);

// Finds the account of an API token that a REST client sent. NULL if the token is unknown.
const struct account *accounts_by_api_token(const struct accounts *, const char *token);

// The account after `previous`, or the first if that is NULL, in the order of names.
const struct account *accounts_next(const struct accounts *, const struct account *previous);

// Whether a WebSocket or request with this Origin is allowed: the Origin is the requested host
// (with any port, since a proxy may change it) or an allowed domain. NULL and "null" are never
// allowed.
[[nodiscard]] bool
account_allows_origin(const struct account *, const char *host, const char *origin);

// Whether the URL's host is one of the allowed domains, whatever its port. The url must be valid
// (attribute_url_is_good).
[[nodiscard]] bool account_allows_url(const struct account *, const char *url);

// Writes "frame-ancestors 'self' …", at most ACCOUNT_ANCESTORS_SIZE bytes with the terminator.
// Returns its length.
size_t account_frame_ancestors(const struct account *, char *out, size_t size);

// When the token with this identity (struct claims) was first used; if it has not been used before,
// that is now. The time is kept until the token has expired, or the account has max-tokens newer
// ones.
[[nodiscard]] int64_t accounts_token_first_used_ms(
        struct accounts *, uint64_t account_id, const char *identity, int64_t expires_s,
        int64_t now_ms
);

// Forgets all first uses, so that lifetimes begin anew with the next use. Returns how many it
// forgot.
uint32_t accounts_forget_tokens(struct accounts *, uint64_t account_id);

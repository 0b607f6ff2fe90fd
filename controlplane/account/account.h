// Accounts: whose pages may embed rooms, whose tokens open them, whose servers are asked. All of
// them are in memory as the loop's own; behind them lies a SQLite file that outlives the data
// plane. Values of struct account never change: a change makes a new one, stores it, and then puts
// it in the old one's place. So keep an account's id, never its pointer, from one event to the
// next.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_counts;

#define ACCOUNT_DEFAULT       "default" // always exists; has localhost unless another claims it
#define ACCOUNT_MAX           1024
#define ACCOUNT_NAME_MAX      64 // A-Z a-z 0-9 _ -
#define ACCOUNT_HOST_MAX      32
#define ACCOUNT_DOMAIN_MAX    64
#define ACCOUNT_KEY_MAX       8
#define ACCOUNT_API_TOKEN_MAX 16
#define ACCOUNT_HOST_LEN_MAX  253 // RFC 1035 2.3.4, as text
#define ACCOUNT_KID_MAX       128
#define ACCOUNT_KEY_BITS_MIN  2048 // RFC 7518 3.3
#define ACCOUNT_KEY_BITS_MAX  8192
#define ACCOUNT_HASH_SIZE     32
#define ACCOUNT_ORIGIN_SIZE   (ACCOUNT_HOST_LEN_MAX + 24) // "https://*.", ":65535"
#define ACCOUNT_ANCESTORS_SIZE                                                                     \
	(sizeof("frame-ancestors 'self'") + ACCOUNT_DOMAIN_MAX * (ACCOUNT_ORIGIN_SIZE + 1))

// How much each account may have of what all share: name, setting, default, help. The defaults are
// enough for a full webinar (20 speakers with two tracks, 2000 viewers), and leave some of the
// server to others; the 2048 WebSockets of one address use only a part of each.
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

// The token itself is 256 random bits, and was shown only once. Its hash therefore needs neither
// salt nor a slow function.
struct account_api_token {
	char name[ACCOUNT_NAME_MAX + 1];
	uint8_t hash[ACCOUNT_HASH_SIZE]; // SHA-256
	int64_t created_ms;
};

struct account {
	uint64_t id; // never used again once the account is removed
	char name[ACCOUNT_NAME_MAX + 1];
	int64_t created_ms;
	bool jwt_required; // nobody comes in without a token
	bool debug; // a page's URL may say which servers are asked, whichever they are
	bool hook_fail_open; // a joinPeer without an answer admits
	bool enforce_start_time; // without asking a webhook
	uint8_t hook_version; // 1: GET; 2: POST JSON, signed
	char *access_url; // of the access check; NULL: none, as for those below
	char *authorization_access; // Authorization of the access check
	char *api_event; // of the webhooks: without a slash at its end
	char *auth_event; // Authorization of the webhooks
	char *hook_secret; // key of the signature; there with hook_version 2
	bool native_clients; // a WebSocket without Origin, which no browser opens, needs no token
	bool waiting_room; // in each of its rooms, whatever tokens say
	char *rest_addresses; // whose REST requests need no API token: address_list_has; NULL: none
	uint32_t quotas[QUOTA_COUNT]; // how much it may have at once
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
// with its id. Takes it over, even on failure: -EINVAL, -EEXIST, -ENOSPC with a sentence.
[[nodiscard]] int accounts_put(struct accounts *, struct account *, struct account_error *);

// What still refers to it finds the default account, or nothing. -ENOENT, or -EPERM: it is the
// default account.
[[nodiscard]] int accounts_remove(struct accounts *, uint64_t id, struct account_error *);

// The last change's number, for accounts_are_written: changes are in force before they are in the
// file, since the loop does not wait for a disk.
uint64_t accounts_last_change(const struct accounts *);
bool accounts_are_written(const struct accounts *, uint64_t change);

// Numbers for metrics, from the thread that writes the file.
void accounts_count(const struct accounts *, struct store_counts *);

// The account for a Host header, with or without a port: the one with that host, else the one with
// the longest matching wildcard. Otherwise the default account, if a client on this machine (local)
// asks for localhost or a loopback address, or after accounts_serve_unknown_hosts; else NULL. host
// may be NULL.
const struct account *accounts_by_host(const struct accounts *, const char *host, bool local);
void accounts_serve_unknown_hosts(struct accounts *, bool);

// Counts a request for a host that accounts_by_host does not know, and logs the remedy, at most
// every ten seconds.
void accounts_refuse_host(struct accounts *, const char *host, uint64_t now_ms);

// NULL: no such account, or removed meanwhile.
const struct account *accounts_by_id(const struct accounts *, uint64_t id);
const struct account *accounts_by_name(const struct accounts *, const char *name);

// By an API token as REST clients send it. NULL: unknown.
const struct account *accounts_by_api_token(const struct accounts *, const char *token);

// The account after `previous`, NULL: the first; in the order of their names.
const struct account *accounts_next(const struct accounts *, const struct account *previous);

// Whether a WebSocket or request of this Origin is allowed: it is the host that was asked (any
// port, since a proxy may change it), or an allowed domain. Origin NULL and "null" are never
// allowed.
[[nodiscard]] bool
account_allows_origin(const struct account *, const char *host, const char *origin);

// The URL's host is one of the allowed domains, whatever its port. url is a good one.
[[nodiscard]] bool account_allows_url(const struct account *, const char *url);

// "frame-ancestors 'self' …", at most ACCOUNT_ANCESTORS_SIZE with its end. Returns its length.
size_t account_frame_ancestors(const struct account *, char *out, size_t size);

// When the token of this identity (struct claims) was first used, which is now where it was not;
// kept until the token has expired, or the account has max-tokens newer ones.
[[nodiscard]] int64_t accounts_token_first_used_ms(
        struct accounts *, uint64_t account_id, const char *identity, int64_t expires_s,
        int64_t now_ms
);

// Forgets all first uses, so that lifetimes begin anew with the next use. Returns how many there
// were.
uint32_t accounts_forget_tokens(struct accounts *, uint64_t account_id);

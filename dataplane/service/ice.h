// ICE-lite of one transport (RFC 8445 2.5): it answers checks, remembers the tuples that they
// validated, and selects the one to send to. No I/O, no memory beyond the struct.
//
// Selection, in this order, at each valid check:
//  1. No tuple is selected: this one is.
//  2. It has NOMINATION and its value is higher than any before: this one (Chrome's renomination).
//  3. It has USE-CANDIDATE and no NOMINATION: this one.
//  4. NAT rebinding: a tuple never seen, to the same address of ours and with the same PRIORITY as
//     the selected one. PRIORITY names the client's socket (RFC 8445 7.1.1), and a socket has one
//     mapping at a time, so the old address is gone: this one, without waiting.
//  5. The selected one has been silent for more than ICE_SILENCE_NS: this one.
//  6. Otherwise the tuple is valid, media from it is accepted, and the selected one stays.
//
// A check can be replayed by whoever saw it, and sent in another's name. So once the keys are there
// (ice_guard) a tuple of another address than the last proven one is only awaited: it is selected
// with the first authentic packet that comes from it (ice_prove), until which nothing but answers
// to its checks goes there, and media goes on to where it went. That is less than the threefold of
// what came, which RFC 9000 8.1 allows. Another port of the same address is followed at once: NATs
// change ports, and it can harm nobody else.
//
// A client that sends nothing but checks is followed without that proof where the selected tuple
// has been silent for ICE_GONE_NS, or by its first check after a restart, if the check's
// transaction is new: what is replayed has been here before. And replays keep no consent to a tuple
// that is not proven.
#pragma once

#include "am_schema.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ICE_TUPLE_MAX        4 // validated tuples; the stalest unselected one gives way
#define ICE_NO_PATH          UINT8_MAX
#define ICE_RESPONSE_LEN_MAX 160
#define ICE_SILENCE_NS       5000000000ull // two checks of Chrome's that did not come
#define ICE_GONE_NS          10000000000ull // one of anybody's: RFC 7675 5.1 asks for 4 to 6 s
#define ICE_CONSENT_NS       30000000000ull // RFC 7675 5.1
#define ICE_SEEN_BITS        16384 // power of two; in hours some thousand checks come

// Both ends of a path. Compares bytewise: unused bytes are 0.
struct ice_tuple {
	uint8_t ip[16]; // the client's; IPv4 uses the first 4
	uint16_t port; // the client's, host byte order
	uint8_t family; // 4 or 6
	uint8_t local; // which of our addresses, AM_ADDRESS_MAX
};
static_assert(sizeof(struct ice_tuple) == 20);

struct ice_credentials {
	char ufrag[AM_UFRAG_LEN];
	char pwd[AM_PWD_LEN];
};

// A tuple from which an authentic check came.
struct ice_path {
	struct ice_tuple tuple;
	bool proven; // with ice_guard: an authentic packet has come from there
	bool awaited; // to be selected once that has
	uint32_t priority; // of its last check
	uint64_t checked_ns; // its last valid check, replays apart while it is not proven
};

struct ice {
	struct ice_credentials credentials;
	struct ice_credentials previous; // still good after a restart
	bool has_previous; // until the first valid check with the new ones
	bool has_nomination;
	uint8_t state; // enum am_ice_state
	uint8_t path_count;
	bool guarded; // paths must be proven
	uint8_t selected; // index of paths in AM_ICE_CONNECTED, otherwise ICE_NO_PATH
	uint32_t nomination; // highest value seen since the last restart
	uint64_t checked_ns; // last valid check that was consent to send, on any path
	struct ice_tuple proven; // the last selected one that was; its address needs no other proof
	struct ice_path paths[ICE_TUPLE_MAX];
	uint8_t seen[ICE_SEEN_BITS / 8]; // transactions, as a Bloom filter
};

// What a datagram did. None of them: silence, nothing changed.
enum ice_event {
	ICE_RESPOND = 1 << 0, // send the response to where the request came from
	ICE_CHECKED = 1 << 1, // a valid check: consent is fresh, and a tuple is selected
	ICE_CONNECTED = 1 << 2, // it was the first one, or the first after expiry
	ICE_ADDED = 1 << 3, // its tuple is new
	ICE_EVICTED = 1 << 4, // another had to go for it
	ICE_SELECTED = 1 << 5, // its tuple is selected from now on
	ICE_RESTARTED = 1 << 6, // the client uses the new credentials; the previous ones are gone
	ICE_AWAITED = 1 << 7, // a valid check of a tuple that ice_prove has not seen yet
};

struct ice_outcome {
	uint32_t events; // enum ice_event bits
	size_t response_len; // 0 without ICE_RESPOND
	struct ice_tuple evicted; // with ICE_EVICTED
};

void ice_init(
        struct ice *, const char ufrag[static AM_UFRAG_LEN], const char pwd[static AM_PWD_LEN]
);

// Wipes the passwords.
void ice_fini(struct ice *);

// New credentials. The ones in use stay valid until the first valid check with the new ones; paths
// and the selected one stay.
void ice_restart(
        struct ice *, const char ufrag[static AM_UFRAG_LEN], const char pwd[static AM_PWD_LEN]
);

// Take one STUN datagram that came from `from`. What is not an authentic Binding request for this
// transport is met with silence and changes nothing; error answers go to the authenticated only.
[[nodiscard]] struct ice_outcome ice_handle_request(
        struct ice *, const struct ice_tuple *from, const uint8_t *msg, size_t len, uint64_t now_ns,
        uint8_t response[static ICE_RESPONSE_LEN_MAX]
);

// The handshake has ended, which proves the selected tuple. From now on others must be proven, too.
void ice_guard(struct ice *);

// An authentic packet has come from there. True: the tuple was awaited, and is selected now.
[[nodiscard]] bool ice_prove(struct ice *, const struct ice_tuple *from, uint64_t now_ns);

// The tuple to send to, or NULL. Valid until the next call on this ice.
const struct ice_tuple *ice_selected(const struct ice *);

// True if consent to send is over: connected, and no valid check for ICE_CONSENT_NS.
bool ice_expired(const struct ice *, uint64_t now_ns);

// Act on it: AM_ICE_EXPIRED, all paths forgotten. A later valid check connects again, unless it is
// a replay from an unproven address. RFC 7675 5.1 would ask for a restart first; but that check
// proves the same password, and a laptop that slept is back without signaling.
void ice_expire(struct ice *);

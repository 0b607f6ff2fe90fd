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
// Anyone who sees a check can replay it, or send it from a forged address. So once the keys are
// there (ice_guard), a tuple with another address than the last proven one is only awaited: it is
// selected with the first authentic packet that comes from it (ice_prove). Until then only answers
// to its checks go there, which is less than three times what came, the limit of RFC 9000 8.1;
// media stays on the old path. Another port of the same address is followed at once: NATs change
// ports, and this can harm nobody else.
//
// A client that sends only checks is followed without that proof if the selected tuple has been
// silent for ICE_GONE_NS, or with its first check after a restart, provided that the check's
// transaction is new, which no replay is. Nor do replays keep consent to an unproven tuple alive.
#pragma once

#include "am_schema.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ICE_TUPLE_MAX        4 // validated tuples; the stalest unselected one gives way
#define ICE_NO_PATH          UINT8_MAX
#define ICE_RESPONSE_LEN_MAX 160
#define ICE_SILENCE_NS       5000000000ull // two of Chrome's checks missing
#define ICE_GONE_NS          10000000000ull // any client checks every 4 to 6 s, RFC 7675 5.1
#define ICE_CONSENT_NS       30000000000ull // RFC 7675 5.1
#define ICE_SEEN_BITS        16384 // power of two; some thousand checks come in hours

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

// A tuple from which an authentic check has come.
struct ice_path {
	struct ice_tuple tuple;
	bool proven; // after ice_guard: an authentic packet has come from there
	bool awaited; // select the tuple once such a packet has come
	uint32_t priority; // of its last check
	uint64_t checked_ns; // its last valid check; replays do not count while it is unproven
};

struct ice {
	struct ice_credentials credentials;
	struct ice_credentials previous; // still valid after a restart
	bool has_previous; // until the first valid check with the new ones
	bool has_nomination;
	uint8_t state; // enum am_ice_state
	uint8_t path_count;
	bool guarded; // paths must be proven
	uint8_t selected; // index of paths in AM_ICE_CONNECTED, otherwise ICE_NO_PATH
	uint32_t nomination; // highest value seen since the last restart
	uint64_t checked_ns; // last valid check that was consent to send, on any path
	struct ice_tuple proven; // last selected tuple that was: its address requires no proof
	struct ice_path paths[ICE_TUPLE_MAX];
	uint8_t seen[ICE_SEEN_BITS / 8]; // transactions, as a Bloom filter
};

// What a datagram caused. No bits: no answer, nothing changed.
enum ice_event {
	ICE_RESPOND = 1 << 0, // send the response to where the request came from
	ICE_CHECKED = 1 << 1, // a valid check: consent is fresh, and a tuple is selected
	ICE_CONNECTED = 1 << 2, // it was the first one, or the first after expiry
	ICE_ADDED = 1 << 3, // its tuple is new
	ICE_EVICTED = 1 << 4, // another tuple was evicted for it
	ICE_SELECTED = 1 << 5, // its tuple is selected from now on
	ICE_RESTARTED = 1 << 6, // the client uses the new credentials; the previous ones are gone
	ICE_AWAITED = 1 << 7, // a valid check from a tuple that is not proven yet
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

// New credentials. The ones in use stay valid until the first valid check with the new ones. Paths
// and the selection stay.
void ice_restart(
        struct ice *, const char ufrag[static AM_UFRAG_LEN], const char pwd[static AM_PWD_LEN]
);

// Take one STUN datagram that came from `from`. Anything but an authentic Binding request for this
// transport gets no answer and changes nothing; error responses go only to authenticated clients.
[[nodiscard]] struct ice_outcome ice_handle_request(
        struct ice *, const struct ice_tuple *from, const uint8_t *msg, size_t len, uint64_t now_ns,
        uint8_t response[static ICE_RESPONSE_LEN_MAX]
);

// The handshake has ended, which proves the selected tuple. From now on others must be proven, too.
void ice_guard(struct ice *);

// An authentic packet has come from this tuple. True: it was awaited, and is selected now.
[[nodiscard]] bool ice_prove(struct ice *, const struct ice_tuple *from, uint64_t now_ns);

// The tuple to send to, or NULL. Valid until the next call on this ice.
const struct ice_tuple *ice_selected(const struct ice *);

// True if consent to send is over: connected, and no valid check for ICE_CONSENT_NS.
bool ice_expired(const struct ice *, uint64_t now_ns);

// Ends the connection: the state is AM_ICE_EXPIRED, and all paths are forgotten. A later valid
// check connects again, unless it is a replay from an unproven address. RFC 7675 5.1 would require
// a restart first, but such a check proves the same password, and a laptop that was asleep is back
// without signaling.
void ice_expire(struct ice *);

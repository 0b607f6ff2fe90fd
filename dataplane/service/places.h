// Limits the DTLS handshakes in progress (DTLS_HALF_OPEN_MAX places) per room and per address, so
// that no room or address keeps others from connecting. They are counted in buckets by a secret
// hash, so there is nothing to allocate; two in the same bucket share its limit.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PLACES_ROOM_MAX    1024 // a quarter: a webinar that reconnects requires many at once
#define PLACES_ADDRESS_MAX 512 // of an IPv4 address or IPv6 /64, such as an office's; an eighth
#define PLACES_BUCKETS     4096 // a power of two

struct places {
	uint32_t secret;
	uint16_t rooms[PLACES_BUCKETS];
	uint16_t addresses[PLACES_BUCKETS];
};

// The buckets of one session.
struct place {
	uint16_t room;
	uint16_t address;
};

void places_init(struct places *);

// ip: 16 bytes, of which IPv4 uses the first four. family: 4 or 6.
struct place
places_of(const struct places *, uint64_t room_id, const uint8_t ip[static 16], uint8_t family);

// True if neither the room nor the address has used up its share.
[[nodiscard]] bool places_free(const struct places *, struct place);

void places_take(struct places *, struct place);
void places_give(struct places *, struct place);

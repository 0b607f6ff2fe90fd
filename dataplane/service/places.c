#include "service/places.h"

#include <assert.h>
#include <openssl/rand.h>
#include <rte_jhash.h>

void places_init(struct places *p)
{
	*p = (struct places){0};
	// If this fails, buckets can be guessed but work just as well.
	(void)RAND_bytes((uint8_t *)&p->secret, sizeof(p->secret));
}

struct place
places_of(const struct places *p, uint64_t room_id, const uint8_t ip[static 16], uint8_t family)
{
	uint32_t len = family == 4 ? 4 : 8; // IPv6: a host has a whole /64

	return (struct place){
	        .room = rte_jhash(&room_id, sizeof(room_id), p->secret) % PLACES_BUCKETS,
	        .address = rte_jhash(ip, len, p->secret) % PLACES_BUCKETS,
	};
}

bool places_free(const struct places *p, struct place at)
{
	return p->rooms[at.room] < PLACES_ROOM_MAX && p->addresses[at.address] < PLACES_ADDRESS_MAX;
}

void places_take(struct places *p, struct place at)
{
	p->rooms[at.room]++;
	p->addresses[at.address]++;
}

void places_give(struct places *p, struct place at)
{
	assert(p->rooms[at.room] > 0 && p->addresses[at.address] > 0);
	p->rooms[at.room]--;
	p->addresses[at.address]--;
}

#include "room/peer.h"

#include "base/memory.h"
#include "base/text.h"
#include "room/usage.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct peer *peer_create(const char *id, const char *session, const struct rights *rights)
{
	struct peer *p = memory_new(1, sizeof(*p));

	assert(strlen(id) < sizeof(p->id) && strlen(session) < sizeof(p->session));
	strcpy(p->id, id);
	strcpy(p->session, session);
	p->rights = *rights;
	p->device = memory_copy_string("{}");
	LIST_INIT(&p->tracks);
	LIST_INIT(&p->subscriptions);
	return p;
}

void peer_destroy(struct peer *p)
{
	assert(LIST_EMPTY(&p->tracks) && LIST_EMPTY(&p->subscriptions));
	free(p->device);
	free(p->page.speaker);
	free(p);
}

void peer_set_device(struct peer *p, char *json)
{
	free(p->device);
	p->device = json;
}

int peer_set_display_name(struct peer *p, const char *name)
{
	char clean[PEER_NAME_SIZE];

	if (text_clean_name(clean, PEER_NAME_MAX, name) <= 0)
		return -EINVAL;
	strcpy(p->display_name, clean);
	return 0;
}

struct transport *peer_transport_add(struct peer *p, am_id id, bool consuming)
{
	struct transport *first = &p->transports[consuming ? PEER_TRANSPORT_MAX : 0];

	for (int i = 0; i < PEER_TRANSPORT_MAX; i++) {
		struct transport *t = &first[i];
		if (t->id)
			continue;
		*t = (struct transport){
		        .id = id,
		        .number = ++p->transport_count,
		        .peer = p,
		        .consuming = consuming,
		        .data_stream = AM_DATA_NONE,
		};
		// A publisher's streams on one transport share a CNAME (RFC 3550 6.5.1).
		uint8_t random[8];
		memory_random(random, sizeof(random));
		for (size_t k = 0; k < sizeof(random); k++)
			t->cname[k] = (char)('a' + random[k] % 26);
		peer_use(p, QUOTA_TRANSPORTS, 1);
		p->receiving_used += consuming;
		return t;
	}
	return NULL;
}

bool peer_receiving_allows(struct peer *p, uint64_t now_ms)
{
	uint64_t steps = (now_ms - p->receiving_ms) / PEER_RECEIVING_MS;

	p->receiving_used = steps < p->receiving_used ? p->receiving_used - (uint32_t)steps : 0;
	p->receiving_ms = p->receiving_used ? p->receiving_ms + steps * PEER_RECEIVING_MS : now_ms;
	return p->receiving_used < PEER_RECEIVING_BURST;
}

void peer_transport_remove(struct transport *t)
{
	peer_use(t->peer, QUOTA_TRANSPORTS, -1);
	*t = (struct transport){0};
}

bool peer_has_transport(const struct peer *p)
{
	for (int i = 0; i < 2 * PEER_TRANSPORT_MAX; i++) {
		if (p->transports[i].id)
			return true;
	}
	return false;
}

bool peer_is_connected(const struct peer *p)
{
	for (int i = 0; i < 2 * PEER_TRANSPORT_MAX; i++) {
		if (p->transports[i].id && p->transports[i].ice == AM_ICE_CONNECTED)
			return true;
	}
	return false;
}

struct transport *peer_transport_consuming(struct peer *p)
{
	for (int i = 0; i < PEER_TRANSPORT_MAX; i++) {
		struct transport *t = &p->transports[PEER_TRANSPORT_MAX + i];
		if (t->id && t->ready)
			return t;
	}
	return NULL;
}

void peer_use(const struct peer *p, enum quota q, int n)
{
	if (p->usage)
		p->usage->count[q] += (uint32_t)n;
}

bool peer_sees_hand(const struct peer *to, const struct peer *who)
{
	return to->joined && (to == who || to->rights.speaker || to->rights.moderator);
}

bool peer_is_announced(const struct peer *p, const struct peer *to)
{
	return p->joined && (p->rights.speaker || to->rights.moderator);
}

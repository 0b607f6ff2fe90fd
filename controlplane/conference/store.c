#include "conference/store.h"

#include "conference/state.h"
#include "store/rooms.h"

#include <assert.h>

// Rooms are stored only once a data plane is known.
static bool is_kept(const struct conference *c)
{
	return c->generation != 0;
}

void conference_store_room(struct conference *c, const struct room *r)
{
	if (!is_kept(c))
		return;
	store_room_put(
	        c->store,
	        &(struct store_room){
	                .id = r->id,
	                .account_id = r->account_id,
	                .name = r->name,
	                .kind = (int)r->kind,
	                .created_ms = r->created_ms,
	                .waiting_room = r->rules.waiting_room,
	                .speakers_max = r->rules.speakers_max,
	                .viewers_max = r->rules.viewers_max,
	                .pin = r->rules.pin,
	                .video = r->rules.video ? r->rules.video : "",
	                .bitrate = r->bitrate,
	        }
	);
}

static_assert(STORE_MUTED_VIDEO == STORE_MUTED_AUDIO << TRACK_VIDEO);
static_assert(STORE_MUTED_SHARE == STORE_MUTED_AUDIO << TRACK_SHARE);

static uint32_t flags_of(const struct peer *p)
{
	return (p->rights.speaker ? STORE_SPEAKER : 0) |
	       (p->rights.moderator ? STORE_MODERATOR : 0) |
	       (p->rights.can_record ? STORE_CAN_RECORD : 0) | (p->rights.chat ? STORE_CHAT : 0) |
	       (p->waiting ? STORE_WAITING : 0) | (p->joined ? STORE_JOINED : 0) |
	       (p->signed_id ? STORE_SIGNED_ID : 0) | (p->name_is_fixed ? STORE_NAME_IS_FIXED : 0) |
	       (p->rights.hand ? STORE_HAND_ENABLED : 0) | (p->hand ? STORE_HAND : 0) |
	       (p->takes_data ? STORE_TAKES_DATA : 0) |
	       (p->reads_envelope ? STORE_READS_ENVELOPE : 0) |
	       (p->heeds_wanted ? STORE_HEEDS_WANTED : 0) |
	       (p->takes_lists ? STORE_TAKES_LISTS : 0) |
	       (p->consent == CONSENT_GIVEN ? STORE_CONSENTS : 0) |
	       (p->consent == CONSENT_REFUSED ? STORE_REFUSES : 0) | p->muted * STORE_MUTED_AUDIO;
}

void conference_store_peer(struct conference *c, const struct peer *p, const char *capabilities)
{
	if (!is_kept(c))
		return;
	store_peer_put(
	        c->store,
	        &(struct store_peer){
	                .room_id = p->room->id,
	                .id = p->id,
	                .session = p->session,
	                .flags = flags_of(p),
	                .display_name = p->display_name,
	                .device = p->device,
	                .capabilities = capabilities,
	        }
	);
}

void conference_store_flags(struct conference *c, const struct peer *p)
{
	if (is_kept(c))
		store_peer_flags(c->store, p->room->id, p->id, flags_of(p));
}

bool conference_stores_media(const struct conference *c, const struct peer *p)
{
	return is_kept(c) && p->joined;
}

void conference_store_transport(struct conference *c, const struct transport *t)
{
	if (!conference_stores_media(c, t->peer) || !t->ready)
		return;
	store_transport_put(
	        c->store,
	        &(struct store_transport){
	                .id = t->id,
	                .room_id = t->peer->room->id,
	                .peer_id = t->peer->id,
	                .consuming = t->consuming,
	                .connected = t->connected,
	                .mid_reserved = t->mid_reserved,
	                .cname = t->cname,
	        }
	);
}

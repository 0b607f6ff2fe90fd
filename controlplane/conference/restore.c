#include "conference/restore.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "conference/chat.h"
#include "conference/leave.h"
#include "conference/recall.h"
#include "conference/state.h"
#include "media/region.h"
#include "statistics/statistics.h"
#include "store/rooms.h"

#include "am_log.h"

#include <stdlib.h>
#include <string.h>

// State while the store is read: the rooms by id, to which all later rows refer.
struct restoring {
	struct conference *conference;
	struct room **rooms; // sorted before the first lookup
	size_t count, size;
	bool sorted;
	uint32_t peers, tracks, subscriptions;
};

static int ids_compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int rooms_compare(const void *a, const void *b)
{
	return ids_compare((*(struct room *const *)a)->id, (*(struct room *const *)b)->id);
}

static int id_compare(const void *id, const void *room)
{
	return ids_compare(*(const uint64_t *)id, (*(struct room *const *)room)->id);
}

static struct room *room_by_id(struct restoring *r, uint64_t id)
{
	if (r->count == 0)
		return NULL;
	if (!r->sorted)
		qsort(r->rooms, r->count, sizeof(struct room *), rooms_compare);
	r->sorted = true;
	struct room **found = bsearch(&id, r->rooms, r->count, sizeof(struct room *), id_compare);
	return found ? *found : NULL;
}

static void room_note(struct restoring *r, struct room *room)
{
	if (r->count == r->size) {
		r->size = r->size ? 2 * r->size : 64;
		r->rooms = memory_grow(r->rooms, r->size, sizeof(struct room *));
	}
	r->rooms[r->count++] = room;
}

static void room_restore(void *owner, const struct store_room *row)
{
	struct restoring *r = owner;
	struct rooms *rooms = &r->conference->rooms;

	if (strlen(row->name) > ROOM_NAME_MAX || strlen(row->pin) > ROOM_PIN_MAX ||
	    rooms_find(rooms, row->account_id, row->name))
		return;
	struct room *room = room_create(
	        rooms, row->id, row->account_id, row->name, row->kind ? ROOM_WEBINAR : ROOM_CALL,
	        row->created_ms
	);
	room->rules.waiting_room = row->waiting_room;
	room->rules.speakers_max = row->speakers_max;
	room->rules.viewers_max = row->viewers_max;
	strcpy(room->rules.pin, row->pin);
	room_set_video(room, row->video[0] ? row->video : NULL);
	room->bitrate = row->bitrate;
	room_note(r, room);
}

// Makes the peer a member again; its session in the statistics goes on.
static void rejoin(struct conference *c, struct peer *p)
{
	room_join_peer(p);
	p->statistics_session = statistics_joined(
	        c->statistics, p->room->account_id, p->room->name, p->id, clock_real_ms()
	);
}

static void peer_restore(void *owner, const struct store_peer *row)
{
	struct restoring *r = owner;
	struct room *room = room_by_id(r, row->room_id);

	if (!room || strlen(row->id) >= PEER_ID_SIZE || strlen(row->session) > PEER_SESSION_MAX)
		return;
	const struct rights rights = {
	        .speaker = row->flags & STORE_SPEAKER,
	        .moderator = row->flags & STORE_MODERATOR,
	        .can_record = row->flags & STORE_CAN_RECORD,
	        .chat = row->flags & STORE_CHAT,
	        .hand = row->flags & STORE_HAND_ENABLED,
	};
	struct peer *p = peer_create(row->id, row->session, &rights);
	p->waiting = row->flags & STORE_WAITING;
	p->signed_id = row->flags & STORE_SIGNED_ID;
	p->name_is_fixed = row->flags & STORE_NAME_IS_FIXED;
	p->takes_data = row->flags & STORE_TAKES_DATA;
	p->reads_envelope = row->flags & STORE_READS_ENVELOPE;
	p->heeds_wanted = row->flags & STORE_HEEDS_WANTED;
	p->takes_lists = row->flags & STORE_TAKES_LISTS;
	p->consent = row->flags & STORE_CONSENTS  ? CONSENT_GIVEN
	             : row->flags & STORE_REFUSES ? CONSENT_REFUSED
	                                          : CONSENT_UNDECIDED;
	p->muted = row->flags / STORE_MUTED_AUDIO % (1u << TRACK_KIND_COUNT);
	if (peer_set_display_name(p, row->display_name) < 0)
		p->display_name[0] = '\0';
	peer_set_device(p, memory_copy_string(row->device));
	struct json *caps = json_parse(row->capabilities, strlen(row->capabilities));
	p->consumes = caps && ortc_caps_read(&p->caps, caps) == 0;
	json_free(caps);
	room_add_peer(room, p);
	if (row->flags & STORE_JOINED && !p->waiting)
		rejoin(r->conference, p);
	if (row->flags & STORE_HAND && p->joined)
		room_raise_hand(p);
	conference_gone_add(r->conference, p);
	r->peers++;
}

static void transport_restore(void *owner, const struct store_transport *row)
{
	struct restoring *r = owner;
	struct conference *c = r->conference;
	struct room *room = room_by_id(r, row->room_id);
	struct peer *p = room ? room_find_peer(room, row->peer_id) : NULL;
	struct am_transport_state state;

	if (!p || !media_read_transport(c->media, am_id_slot(row->id), &state) ||
	    state.id != row->id || strlen(row->cname) > AM_CNAME_MAX)
		return;
	if (state.dtls == AM_DTLS_FAILED || state.dtls == AM_DTLS_CLOSED)
		return; // it ended meanwhile; conference_verify removes it
	struct transport *t = peer_transport_add(p, row->id, row->consuming);
	if (!t)
		return;
	t->ready = true;
	t->connected = row->connected;
	t->ice = state.ice;
	t->dtls = state.dtls;
	t->mid_next = t->mid_reserved = row->mid_reserved;
	strcpy(t->cname, row->cname);
	conference_chat_restore(t, &state);
	c->transports[am_id_slot(t->id)] = t;
}

static void track_restore(void *owner, const struct store_track *row)
{
	struct restoring *r = owner;
	struct conference *c = r->conference;
	struct transport *t = conference_transport(c, row->transport_id);
	struct am_track_state state;
	struct am_cmd_track_add add;
	struct ortc_media media;
	const char *why;

	if (!t || !media_read_track(c->media, am_id_slot(row->id), &state) || state.id != row->id)
		return;
	struct json *parameters = json_parse(row->parameters, strlen(row->parameters));
	enum ortc_kind kind = row->kind ? ORTC_VIDEO : ORTC_AUDIO;
	int ret = ortc_media_read(&media, &add, kind, parameters, t->cname, &why);
	json_free(parameters);
	if (ret < 0)
		return;
	struct track *track =
	        track_create(row->id, t, &media, memory_copy_string(row->app_data), row->paused);
	track_set_encodings(track, &add);
	track->wanted = state.wanted;
	track->ready = true;
	c->tracks[am_id_slot(track->id)] = track;
	if (state.paused != row->paused) // the last process died before it told the data plane
		media_track_pause(c->media, track->id, row->paused);
	r->tracks++;
}

static void subscription_restore(struct restoring *r, const struct am_subscription_state *state)
{
	struct conference *c = r->conference;
	struct track *track = conference_track(c, state->track_id);
	struct transport *t = conference_transport(c, state->transport_id);
	struct am_subscription_figures sent;

	if (!track || !t || !t->consuming || track->owner == t->peer ||
	    track->owner->room != t->peer->room || !state->ssrc)
		return;
	struct subscription *s = subscription_create(state->id, track, t);
	s->ssrc = state->ssrc;
	s->rtx_ssrc = state->rtx_ssrc;
	s->mid = (uint16_t)(strtoul(state->mid, NULL, 10) % SUBSCRIPTION_MID_COUNT);
	s->spatial_layer = state->spatial_layer;
	s->temporal_layer = state->temporal_layer;
	s->spatial_layer_now = state->spatial_layer_now;
	s->temporal_layer_now = state->temporal_layer_now;
	s->withheld = state->withheld;
	s->priority = state->priority;
	s->ready = true;
	// What was sent before this process started does not count in its first look.
	if (media_subscription_figures(c->media, s->id, &sent)) {
		s->seen.packets = sent.packets;
		s->seen.repeats = sent.retransmitted;
	}
	// A paused subscription was paused by its viewer or never confirmed: the table does not say
	// which. If the page lists it on resuming, it is started: an unwanted video is better
	// than a black one.
	s->confirmed = !state->paused;
	c->subscriptions[am_id_slot(s->id)] = s;
	r->subscriptions++;
}

// Drops peers without a session, which cannot come back.
static void lost_peers_drop(struct conference *c)
{
	struct peer *p = TAILQ_FIRST(&c->gone), *next;

	for (; p; p = next) {
		next = TAILQ_NEXT(p, in_gone);
		if (!p->session[0])
			conference_remove(c, p, REFUSAL_NONE);
	}
}

static void empty_rooms_drop(struct conference *c)
{
	struct map *m = &c->rooms.by_key;

	for (size_t i = 0; i < m->size; i++) {
		struct map_node *n = m->buckets[i], *next;
		for (; n; n = next) {
			next = n->next;
			struct room *room = container_of(n, struct room, by_key);
			if (!room_is_empty(room))
				continue;
			conference_keep_rules(c, room);
			recordings_room_gone(c->recordings, room);
			store_room_remove(c->store, room->id);
			room_destroy(&c->rooms, room);
		}
	}
}

void conference_restore(struct conference *c)
{
	struct restoring r = {.conference = c};
	const struct store_rooms_reader reader = {
	        .owner = &r,
	        .room = room_restore,
	        .peer = peer_restore,
	        .transport = transport_restore,
	        .track = track_restore,
	};
	struct am_subscription_state state;

	if (store_rooms_read(c->store, &reader) < 0)
		am_error("conference: some rooms of the last process are lost");
	for (uint32_t i = 0; i < AM_SUBSCRIPTION_MAX; i++) {
		if (media_read_subscription(c->media, i, &state))
			subscription_restore(&r, &state);
	}
	free(r.rooms);
	lost_peers_drop(c);
	empty_rooms_drop(c);
	am_info("conference: restored; rooms=%zu peers=%u tracks=%u subscriptions=%u",
	        c->rooms.by_key.count, r.peers, r.tracks, r.subscriptions);
}

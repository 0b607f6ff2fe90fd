#include "recording/taps.h"

#include "media/media.h"
#include "media/region.h"
#include "recording/link.h"
#include "recording/people.h"
#include "recording/state.h"
#include "room/room.h"
#include "room/track.h"

#include "am_log.h"

#include <string.h>

static_assert(AM_ROOM_TAP_MAX >= AM_RECORD_MAX);

#define PUBLISHER_MASK ((UINT64_C(1) << 53) - 1) // JSON's whole numbers

// Tracks of one sending transport share a clock. The number is made of what outlives this process,
// so that the next one finds the same.
static uint64_t publisher_of(const struct recordings *all, const struct track *t)
{
	uint64_t x = all->generation ^ t->transport->id * UINT64_C(0x9e3779b97f4a7c15);

	// The finalizer of MurmurHash3, which spreads each bit over all.
	x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
	x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	x = (x ^ x >> 33) & PUBLISHER_MASK;
	return x ? x : 1;
}

static uint8_t kind_of(const struct track *t)
{
	bool sound = t->media.kind == ORTC_AUDIO;

	if (t->kind == TRACK_SHARE)
		return sound ? AM_RECORD_SCREEN_SOUND : AM_RECORD_SCREEN;
	return sound ? AM_RECORD_VOICE : AM_RECORD_CAMERA;
}

static struct am_record_track statement(const struct recording *r, const struct track *t)
{
	return (struct am_record_track){
	        .recording_id = r->id,
	        .track_id = t->id,
	        .generation = r->all->generation,
	        .publisher = publisher_of(r->all, t),
	        .clock_rate = ortc_codecs[t->media.codec].clock_rate,
	        .kind = kind_of(t),
	        .codec = (uint8_t)t->media.codec,
	        .encoding_count = t->encoding_count ? t->encoding_count : 1,
	        .paused = t->paused,
	};
}

static void state_track(const struct recording *r, const struct tap *tap)
{
	const struct am_record_msg m = {.type = AM_RECORD_TRACK, .track = tap->stated};
	recorder_link_send(r->all->link, &m);
}

static struct tap *find(struct recording *r, am_id id)
{
	for (uint32_t i = 0; i < r->tap_count; i++) {
		if (r->taps[i].stated.track_id == id)
			return &r->taps[i];
	}
	return NULL;
}

static struct tap *add(struct recording *r, const struct track *t)
{
	if (r->tap_count == AM_RECORD_TRACK_MAX) {
		if (!r->taps_full)
			am_warning("recording: too many tracks; room=%s", r->room_name);
		r->taps_full = true;
		return NULL;
	}
	struct tap *tap = &r->taps[r->tap_count++];
	*tap = (struct tap){.stated = {.track_id = t->id}};
	return tap;
}

// Whether the data plane should copy what the recording states.
static bool is_running(const struct recording *r)
{
	return recording_is_active(r) && r->run == AM_RECORD_RUN && r->room;
}

static void match_track(struct recording *r, const struct track *t)
{
	const struct am_record_track now = statement(r, t);
	struct tap *tap = find(r, t->id);

	if (!tap)
		tap = add(r, t);
	if (!tap)
		return;
	tap->seen = true;
	if (memcmp(&tap->stated, &now, sizeof(now)) != 0) {
		tap->stated = now;
		people_add(r, now.publisher, t->owner->id, t->owner->display_name);
		state_track(r, tap);
	}
	if (tap->tapped != is_running(r))
		media_track_tap(r->all->media, t->id, !tap->tapped);
	tap->tapped = is_running(r);
}

static void match_peer(struct recording *r, const struct peer *p)
{
	const struct track *t;

	if (r->asks && p->consent != CONSENT_GIVEN)
		return;
	LIST_FOREACH (t, &p->tracks, of_owner) {
		if (t->ready)
			match_track(r, t);
	}
}

static void end(struct recording *r, struct tap *tap)
{
	const struct am_record_msg m = {
	        .type = AM_RECORD_TRACK_END,
	        .track =
	                {.recording_id = r->id,
	                 .track_id = tap->stated.track_id,
	                 .generation = tap->stated.generation},
	};

	if (tap->tapped)
		media_track_tap(r->all->media, tap->stated.track_id, false);
	recorder_link_send(r->all->link, &m);
	*tap = r->taps[--r->tap_count];
}

static void match_chat(struct recording *r)
{
	if (r->chat_tapped != is_running(r))
		media_room_tap(r->all->media, r->room_number, !r->chat_tapped);
	r->chat_tapped = is_running(r);
}

void taps_match(struct recording *r)
{
	const struct peer *p;

	if (!recording_is_active(r))
		return;
	for (uint32_t i = 0; i < r->tap_count; i++)
		r->taps[i].seen = false;
	if (r->room) {
		TAILQ_FOREACH (p, &r->room->speakers, in_room)
			match_peer(r, p);
	}
	for (uint32_t i = 0; i < r->tap_count;) {
		if (r->taps[i].seen)
			i++;
		else
			end(r, &r->taps[i]);
	}
	match_chat(r);
}

void taps_end(struct recording *r, am_id id)
{
	struct tap *tap = find(r, id);

	if (!tap)
		return;
	tap->tapped = false; // the data plane forgets it along with the track
	end(r, tap);
}

void taps_clear(struct recording *r)
{
	for (uint32_t i = 0; i < r->tap_count; i++) {
		if (r->taps[i].tapped)
			media_track_tap(r->all->media, r->taps[i].stated.track_id, false);
	}
	r->tap_count = 0;
	if (r->chat_tapped)
		media_room_tap(r->all->media, r->room_number, false);
	r->chat_tapped = false;
}

void taps_forget(struct recording *r)
{
	for (uint32_t i = 0; i < r->tap_count; i++)
		r->taps[i].tapped = false;
	r->chat_tapped = false;
}

void taps_state(const struct recording *r)
{
	for (uint32_t i = 0; i < r->tap_count; i++)
		state_track(r, &r->taps[i]);
}

static bool is_stated(const struct recording *r, am_id id)
{
	for (uint32_t i = 0; i < r->tap_count; i++) {
		if (r->taps[i].stated.track_id == id)
			return true;
	}
	return false;
}

bool taps_have(const struct recording *r, am_id id)
{
	for (uint32_t i = 0; i < r->tap_count; i++) {
		if (r->taps[i].stated.track_id == id)
			return r->taps[i].tapped;
	}
	return false;
}

uint64_t taps_publisher(const struct recording *r, const struct peer *p)
{
	const struct track *t;

	LIST_FOREACH (t, &p->tracks, of_owner) {
		if (t->kind == TRACK_AUDIO && is_stated(r, t->id))
			return publisher_of(r->all, t);
	}
	return 0;
}

static bool track_is_wanted(const struct recordings *all, am_id id)
{
	const struct recording *r;

	LIST_FOREACH (r, &all->list, next) {
		if (taps_have(r, id))
			return true;
	}
	return false;
}

static bool room_is_wanted(const struct recordings *all, uint64_t room_number)
{
	const struct recording *r;

	LIST_FOREACH (r, &all->list, next) {
		if (r->chat_tapped && r->room_number == room_number)
			return true;
	}
	return false;
}

void taps_tidy(struct recordings *all)
{
	uint64_t rooms[AM_ROOM_TAP_MAX];
	struct am_track_state state;

	for (uint32_t i = 0; i < AM_TRACK_MAX; i++) {
		if (media_read_track(all->media, i, &state) && state.tapped &&
		    !track_is_wanted(all, state.id))
			media_track_tap(all->media, state.id, false);
	}
	uint32_t count = media_tapped_rooms(all->media, rooms);
	for (uint32_t i = 0; i < count; i++) {
		if (!room_is_wanted(all, rooms[i]))
			media_room_tap(all->media, rooms[i], false);
	}
}

#include "conference/recording.h"

#include "account/account.h"
#include "conference/state.h"
#include "conference/store.h"
#include "conference/subscriptions.h"
#include "hook/hook.h"

#include <errno.h>

static void tell_account(struct conference *c, const struct recording_view *v)
{
	const struct recording_row *row = v->row;
	const struct account *a = c->accounts ? accounts_by_id(c->accounts, row->account_id) : NULL;

	if (v->begins)
		hook_recording(c->hooks, a, HOOK_RECORDING_STARTED, row, NULL, 0);
	else if ((v->state == RECORDING_STOPPING && v->started_ms) || (v->state == RECORDING_FAILED && v->started_ms && !v->end_is_known))
		hook_recording(c->hooks, a, HOOK_RECORDING_STOPPED, row, NULL, 0);
	else if (v->state == RECORDING_READY)
		hook_recording(c->hooks, a, HOOK_RECORDING_READY, row, v->files, v->file_count);
}

// What is shared in another codec than that of the cameras is shared anew.
static void shares_look(struct conference *c, const struct room *r)
{
	const struct peer *p;
	struct track *t;

	TAILQ_FOREACH (p, &r->speakers, in_room) {
		LIST_FOREACH (t, &p->tracks, of_owner)
			conference_find_unfit(c, t);
	}
}

static void changed(void *owner, const struct room *r, const struct recording_view *v)
{
	struct conference *c = owner;

	tell_account(c, v);
	if (r && !v->end_is_known)
		c->events->recording(c->events->owner, r, v);
	if (r && v->state == RECORDING_STARTING)
		shares_look(c, r);
}

static void asked(void *owner, struct peer *p)
{
	struct conference *c = owner;

	if (p->connection)
		c->events->consent_asked(c->events->owner, p);
}

int conference_recording_init(struct conference *c, const struct conference_settings *set)
{
	c->recordings_events = (struct recordings_events){c, changed, asked};
	c->recordings = recordings_create(&(struct recordings_settings){
	        .loop = c->loop,
	        .media = c->media,
	        .history = set->history,
	        .accounts = c->accounts,
	        .rooms = &c->rooms,
	        .socket = set->recorder,
	        .directory = set->recordings,
	        .s3 = set->s3,
	        .s3_prefix = set->s3_prefix,
	        .free_min_bytes = (uint64_t)set->recording_free_min_mib << 20,
	        .events = &c->recordings_events,
	});
	return c->recordings ? 0 : -errno;
}

int conference_record_start(struct conference *c, struct room *r, const struct peer *by)
{
	int ret = recording_start(c->recordings, r, by);

	// Who starts a recording consents.
	if (ret == 0 && by && by->rights.speaker)
		conference_record_consent(c, room_find_peer(r, by->id), true);
	return ret;
}

int conference_record_stop(struct conference *c, struct room *r, const struct peer *by)
{
	return recording_stop(c->recordings, r, by ? RECORDING_BY_MODERATOR : RECORDING_BY_API);
}

int conference_record_pause(struct conference *c, struct room *r, const struct peer *)
{
	return recording_pause(c->recordings, r);
}

int conference_record_resume(struct conference *c, struct room *r, const struct peer *)
{
	return recording_resume(c->recordings, r);
}

void conference_record_consent(struct conference *c, struct peer *p, bool consents)
{
	enum consent now = consents ? CONSENT_GIVEN : CONSENT_REFUSED;

	if (p->consent == now)
		return;
	p->consent = now;
	conference_store_flags(c, p);
	recordings_consent(c->recordings, p);
}

bool conference_record_asks(const struct conference *c, const struct peer *p)
{
	return recording_asks(c->recordings, p);
}

const struct recording_view *conference_recording(const struct conference *c, const struct room *r)
{
	return recording_of(c->recordings, r);
}

enum am_codec conference_screen_codec(const struct conference *c, const struct room *r)
{
	const struct recording_view *v = recording_of(c->recordings, r);
	bool records = v && v->state <= RECORDING_PAUSED;

	return records ? AM_CODEC_VP8 : room_screen_codec(r);
}

const struct recordings *conference_recordings(const struct conference *c)
{
	return c->recordings;
}

#include "signaling/recording.h"

#include "base/json.h"
#include "conference/events.h"
#include "protoo/wire.h"
#include "recording/recording.h"
#include "signaling/handlers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// Answers a request whose result is 0 or what recording.h says.
static void answer(struct connection *c, int64_t id, int result)
{
	switch (result) {
	case 0: return connection_accept(c, id, NULL);
	case -ENOTCONN:
		return connection_reject(
		        c, id, 503, "recorder-absent: nothing can be recorded now"
		);
	case -ENOSPC: return connection_reject(c, id, 507, "disk-full: too little space is left");
	case -EMFILE: return connection_reject(c, id, 503, "too-many: recordings of this server");
	case -EDQUOT:
		return connection_reject(c, id, 507, "quota: this account's space is used up");
	case -ENOENT: return connection_reject(c, id, 409, "not-recording: nothing is recorded");
	default: return connection_reject_errno(c, id, result);
	}
}

typedef int record_fn(struct conference *, struct room *, const struct peer *);

static void record(struct connection *c, int64_t id, record_fn *fn)
{
	if (!c->peer->rights.can_record)
		return connection_reject(c, id, 403, "not-allowed: canRecord is not granted");
	answer(c, id, fn(conference_of(c), c->peer->room, c->peer));
}

void handle_start_recording(struct connection *c, int64_t id, const struct json *)
{
	record(c, id, conference_record_start);
}

void handle_stop_recording(struct connection *c, int64_t id, const struct json *)
{
	record(c, id, conference_record_stop);
}

void handle_pause_recording(struct connection *c, int64_t id, const struct json *)
{
	record(c, id, conference_record_pause);
}

void handle_resume_recording(struct connection *c, int64_t id, const struct json *)
{
	record(c, id, conference_record_resume);
}

void handle_consent(struct connection *c, int64_t id, const struct json *data)
{
	bool consents;

	if (!c->peer->rights.speaker)
		return connection_reject(c, id, 403, "not-allowed: viewers are not recorded");
	if (!json_bool(json_member(data, "consent"), &consents))
		return connection_reject_errno(c, id, -EINVAL);
	conference_record_consent(conference_of(c), c->peer, consents);
	connection_accept(c, id, NULL);
}

struct json *recording_of_room(const struct conference *c, const struct room *r)
{
	const struct recording_view *v = conference_recording(c, r);

	return v && v->state <= RECORDING_PAUSED ? wire_recording(v) : json_new_raw("null");
}

// Also to those who have not joined yet: they were told in `admitted` what was true then.
static void notify(const struct signaling *s, const struct peer_list *list, const char *text)
{
	const struct peer *p;

	TAILQ_FOREACH (p, list, in_room) {
		struct connection *c = signaling_connection(s, p->connection);
		if (c)
			connection_send(c, text, strlen(text));
	}
}

static void on_recording(void *owner, const struct room *r, const struct recording_view *v)
{
	char *text = notification_text("recording", wire_recording(v));

	notify(owner, &r->speakers, text);
	notify(owner, &r->viewers, text);
	free(text);
}

static void on_consent_asked(void *owner, struct peer *to)
{
	struct connection *c = signaling_connection(owner, to->connection);
	if (c)
		connection_notify(c, "recordingConsentAsked", NULL);
}

void recording_ask(struct connection *c)
{
	if (conference_record_asks(conference_of(c), c->peer))
		connection_notify(c, "recordingConsentAsked", NULL);
}

void recording_events_init(struct conference_events *e)
{
	e->recording = on_recording;
	e->consent_asked = on_consent_asked;
}

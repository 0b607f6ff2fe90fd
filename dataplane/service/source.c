#include "service/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "path/message.h"
#include "path/track.h"
#include "service/fanouts.h"
#include "service/mail.h"
#include "service/newcomers.h"
#include "service/publish.h"
#include "service/records.h"
#include "service/registry.h"
#include "service/sink.h"

void source_free_track(struct track *t)
{
	rooms_leave(t);
	free(t);
}

static void track_format(struct track *t)
{
	static const uint8_t forwarded[] = {
	        AM_EXT_AUDIO_LEVEL,
	        AM_EXT_TOFFSET,
	        AM_EXT_ABS_CAPTURE_TIME,
	        AM_EXT_PLAYOUT_DELAY,
	};
	const struct am_cmd_track_add *p = &t->params;

	t->format = (struct rtp_track_format){
	        .pt = p->room_payload_type,
	        .mid_id = AM_EXT_MID,
	        .abs_send_time_id = AM_EXT_ABS_SEND_TIME,
	        .transport_cc_id = AM_EXT_TRANSPORT_CC,
	};
	for (size_t i = 0; i < sizeof(forwarded); i++) {
		uint8_t id = p->extension_id[forwarded[i]];
		if (id && id <= RTP_EXT_CLIENT_ID_MAX)
			t->format.ext_map.room_id[id] = forwarded[i];
	}
}

static struct track *track_create(const struct source *s)
{
	struct track *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->params = s->params;
	t->paused = s->paused;
	t->tapped = s->tapped;
	track_format(t);
	for (int i = 0; i < s->params.encoding_count; i++) {
		struct track_stream *stream = &t->streams[i];
		stream->ssrc = s->params.encodings[i].ssrc;
		stream->rtx_ssrc = s->params.encodings[i].rtx_ssrc;
		rtp_clock_init(&stream->clock, s->params.clock_rate);
		reception_init(&stream->reception, s->params.clock_rate);
		nack_init(&stream->nack);
		keyframe_init(&stream->keyframe);
		temporal_init(&stream->counter);
	}
	return t;
}

// Allocates in the track what its transport still lacks to receive it; the transport takes that
// over. 0 or -ENOMEM.
static int transport_equip(struct session *s, struct track *t)
{
	if (!s->publishes)
		t->ssrcs = calloc(1, sizeof(*t->ssrcs));
	if (t->params.transport_cc && !s->twcc)
		t->twcc = malloc(sizeof(*t->twcc));
	if ((!s->publishes && !t->ssrcs) || (t->params.transport_cc && !s->twcc && !t->twcc)) {
		free(t->ssrcs);
		free(t->twcc);
		return -ENOMEM;
	}
	if (t->twcc)
		twcc_init(t->twcc);
	s->publishes = true;
	s->twcc = s->twcc || t->twcc;
	return 0;
}

int source_place(struct registry *r, struct source *s)
{
	struct track *t = track_create(s);

	if (!t)
		return -ENOMEM;
	if (rooms_join(&r->rooms, s->session->room_id, t) < 0 ||
	    transport_equip(s->session, t) < 0) {
		source_free_track(t);
		return -ENOMEM;
	}
	t->workers = fanouts_workers(s);
	mail_post(
	        r, s->session->worker,
	        &(struct message){
	                .type = MESSAGE_TRACK_ADD,
	                .object = t,
	                .id = s->params.track_id,
	                .id2 = s->params.transport_id,
	        }
	);
	s->placed = true;
	fanouts_post(r, s, MESSAGE_FANOUT_OWNER, s->session->worker);
	return 0;
}

// SSRCs that a track may send from: one for each encoding, and as many for RTX.
static unsigned ssrcs_of(const struct am_cmd_track_add *p)
{
	return p->encoding_count * (p->rtx_payload_type ? 2u : 1u);
}

static bool ssrcs_fit(const struct session *s, const struct am_cmd_track_add *p)
{
	unsigned count = ssrcs_of(p);
	const struct source *source;

	TAILQ_FOREACH (source, &s->sources, entry)
		count += ssrcs_of(&source->params);
	return count <= AM_SSRC_MAX;
}

int source_add(struct registry *r, const struct am_cmd_track_add *p)
{
	struct session *session = registry_session(r, p->transport_id);

	if (!session)
		return -ENOENT;
	if (session_lacks_srtp(session))
		return -EPROTO;
	if (!ssrcs_fit(session, p))
		return -E2BIG;
	if (r->sources[am_id_slot(p->track_id)])
		return -EEXIST;
	struct source *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->params = *p;
	s->paused = p->paused;
	s->session = session;
	TAILQ_INIT(&s->sinks);
	if (session->worker != WORKER_NONE && source_place(r, s) < 0) {
		free(s);
		return -ENOMEM;
	}
	demand_init(&s->demand, p->encoding_count);
	if (p->encoding_count > 1)
		TAILQ_INSERT_TAIL(&r->simulcasts, s, simulcast);
	TAILQ_INSERT_TAIL(&session->sources, s, entry);
	r->sources[am_id_slot(p->track_id)] = s;
	publish_source(r->region, s);
	return 0;
}

void source_pause(struct registry *r, struct source *s, bool paused)
{
	s->paused = paused;
	if (paused)
		fanouts_post(r, s, MESSAGE_FANOUT_RESTART, 0);
	publish_source(r->region, s);
	mail_post_track(r, s, MESSAGE_TRACK_PAUSE, paused);
}

void source_tap(struct registry *r, struct source *s, bool tapped)
{
	s->tapped = tapped;
	publish_source(r->region, s);
	mail_post_track(r, s, MESSAGE_TRACK_TAP, tapped);
}

void source_request_key_frame(struct registry *r, const struct source *s)
{
	mail_post_track(r, s, MESSAGE_TRACK_KEY_FRAME, 0);
}

void source_remove(struct registry *r, struct source *s)
{
	while (!TAILQ_EMPTY(&s->sinks))
		sink_remove(r, TAILQ_FIRST(&s->sinks));
	newcomers_remove(r, s);
	mail_post_track(r, s, MESSAGE_TRACK_REMOVE, 0);
	TAILQ_REMOVE(&s->session->sources, s, entry);
	if (s->params.encoding_count > 1)
		TAILQ_REMOVE(&r->simulcasts, s, simulcast);
	r->sources[am_id_slot(s->params.track_id)] = NULL;
	publish_no_source(r->region, am_id_slot(s->params.track_id));
	free(s);
}

// Ignores a message about a fan-out that has been removed since.
void source_wishes_told(struct registry *r, uint16_t worker, const struct message *msg)
{
	struct source *s = registry_source(r, msg->id);

	if (s && s->fanouts[worker].object)
		s->fanouts[worker].wished = (uint8_t)msg->value;
}

// The recorder wishes for the highest encoding.
static uint8_t wished_of(const struct source *s)
{
	uint8_t most = s->tapped ? s->params.encoding_count : 0;

	for (int i = 0; i < AM_WORKER_MAX; i++)
		most = RTE_MAX(most, s->fanouts[i].wished);
	return most;
}

static void demand_tell(struct registry *r, const struct source *s)
{
	const struct am_msg event = {
	        .type = AM_EVENT_TRACK_WANTED,
	        .track_wanted = {s->params.track_id, source_wanted(s)},
	};

	publish_source(r->region, s);
	publish_event(r->region, &event);
	fanouts_post(r, s, MESSAGE_FANOUT_HOLD, s->demand.active);
}

void source_look_all(struct registry *r, int64_t now_us)
{
	struct source *s;

	TAILQ_FOREACH (s, &r->simulcasts, simulcast) {
		if (demand_look(&s->demand, wished_of(s), now_us))
			demand_tell(r, s);
	}
}

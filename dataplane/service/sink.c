#include "service/sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "path/fanout.h"
#include "path/message.h"
#include "path/track.h"
#include "service/fanouts.h"
#include "service/mail.h"
#include "service/newcomers.h"
#include "service/publish.h"
#include "service/records.h"
#include "service/registry.h"

// First sequence numbers are random in the lower half only: a viewer that misses the first packets
// would take a number after the wrap for one before it, and never decrypt anything (RFC 3711
// 3.3.1).
#define SEQ_START_MASK 0x7FFF

static int subscription_init(struct subscription *s, const struct sink *k)
{
	struct {
		uint32_t timestamp;
		uint16_t seq, rtx_seq;
	} random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -EIO;
	*s = (struct subscription){
	        .ssrc = k->ssrc,
	        .rtx_ssrc = k->source->params.room_rtx_payload_type ? k->rtx_ssrc : 0,
	        .place = s->place,
	        .rtx_index = random.rtx_seq & SEQ_START_MASK,
	        .mid_len = (uint8_t)strlen(k->mid),
	        .paused = k->paused ? SUBSCRIPTION_PAUSED : 0,
	        .transport_cc = k->transport_cc,
	        .red_payload_type = k->red_payload_type,
	        .priority = k->priority,
	        .asked = layers_make(k->spatial, k->temporal),
	        .given = SELECTOR_NONE,
	        .layer_told = AM_LAYER_NONE,
	        .id = k->id,
	};
	memcpy(s->mid, k->mid, s->mid_len);
	enum selector_kind kind = SELECTOR_VIDEO;
	if (k->source->params.codec == AM_CODEC_OPUS)
		kind = SELECTOR_AUDIO;
	else if (track_spatial_limits(&k->source->params) > 1)
		kind = SELECTOR_SVC;
	selector_init(&s->selector, kind, random.seq & SEQ_START_MASK, random.timestamp);
	selector_prefer(&s->selector, k->spatial, k->temporal);
	return 0;
}

// What the link to a viewer carries is measured from its first subscription on. 0 or -ENOMEM.
static int viewer_equip(struct registry *r, struct session *s)
{
	if (s->views)
		return 0;
	struct viewer *v = aligned_alloc(alignof(struct viewer), sizeof(*v));
	if (!v)
		return -ENOMEM;
	memset(v, 0, sizeof(*v));
	mail_post(
	        r, s->worker,
	        &(struct message){.type = MESSAGE_TRANSPORT_VIEWER, .object = v, .id = s->id}
	);
	s->views = true;
	return 0;
}

int sink_place(struct registry *r, struct sink *k)
{
	uint16_t w = k->session->worker;

	if (viewer_equip(r, k->session) < 0)
		return -ENOMEM;
	struct subscription *s = fanouts_take_place(r, k->source, w);
	if (!s)
		return -ENOMEM;
	if (subscription_init(s, k) < 0) {
		fanouts_give_place(r, k->source, w, s);
		return -ENOMEM;
	}
	mail_post(
	        r, w,
	        &(struct message){
	                .type = MESSAGE_SUBSCRIPTION_ADD,
	                .object = s,
	                .id = k->source->params.track_id,
	                .id2 = k->session->id,
	        }
	);
	k->object = s;
	fanouts_hold(r, k->source, w);
	return 0;
}

int sink_add(struct registry *r, const struct am_cmd_subscription_add *p)
{
	struct session *session = registry_session(r, p->transport_id);
	struct source *source = registry_source(r, p->track_id);

	if (!session || !source)
		return -ENOENT;
	if (session->room_id != source->session->room_id)
		return -EXDEV;
	if (session_lacks_srtp(session))
		return -EPROTO;
	if (r->sinks[am_id_slot(p->subscription_id)])
		return -EEXIST;
	struct sink *s = malloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	int ret = ssrc_set_add(&session->ssrcs, p->ssrc, p->rtx_ssrc);
	if (ret < 0) {
		free(s);
		return ret;
	}
	*s = (struct sink){
	        .id = p->subscription_id,
	        .source = source,
	        .session = session,
	        .ssrc = p->ssrc,
	        .rtx_ssrc = p->rtx_ssrc,
	        .paused = p->paused,
	        .transport_cc = p->transport_cc,
	        .red_payload_type = p->red_payload_type,
	        .priority = p->priority,
	        .spatial = p->spatial_layer,
	        .temporal = p->temporal_layer,
	        .spatial_now = AM_LAYER_NONE,
	};
	memcpy(s->mid, p->mid, sizeof(s->mid));
	if (session->worker != WORKER_NONE && sink_place(r, s) < 0) {
		free(s);
		return -ENOMEM;
	}
	TAILQ_INSERT_TAIL(&source->sinks, s, of_source);
	TAILQ_INSERT_TAIL(&session->sinks, s, of_session);
	r->sinks[am_id_slot(p->subscription_id)] = s;
	publish_sink(r->region, s);
	if (session->worker == WORKER_NONE)
		newcomers_add(r, source, s->spatial);
	return 0;
}

static void sink_post(struct registry *r, const struct sink *s, uint16_t type, uint32_t value)
{
	if (s->object)
		mail_post(
		        r, s->session->worker,
		        &(struct message){.type = type, .object = s->object, .value = value}
		);
}

void sink_pause(struct registry *r, struct sink *s, bool paused)
{
	s->paused = paused;
	if (paused)
		s->spatial_now = AM_LAYER_NONE;
	publish_sink(r->region, s);
	sink_post(r, s, MESSAGE_SUBSCRIPTION_PAUSE, paused);
}

void sink_prefer(
        struct registry *r, struct sink *s, uint8_t spatial, uint8_t temporal, uint8_t priority
)
{
	s->spatial = spatial;
	s->temporal = temporal;
	s->priority = priority;
	publish_sink(r->region, s);
	sink_post(
	        r, s, MESSAGE_SUBSCRIPTION_LAYERS,
	        spatial | (uint32_t)temporal << 8 | (uint32_t)priority << 16
	);
}

void sink_request_key_frame(struct registry *r, struct sink *s)
{
	sink_post(r, s, MESSAGE_SUBSCRIPTION_KEY_FRAME, 0);
}

static void sink_unplace(struct registry *r, struct sink *k)
{
	uint16_t w = k->session->worker;

	if (!k->object)
		return;
	mail_post(
	        r, w, &(struct message){.type = MESSAGE_SUBSCRIPTION_REMOVE, .object = k->object}
	);
	k->object = NULL;
	fanouts_release(r, k->source, w);
}

void sink_remove(struct registry *r, struct sink *s)
{
	sink_unplace(r, s);
	TAILQ_REMOVE(&s->source->sinks, s, of_source);
	TAILQ_REMOVE(&s->session->sinks, s, of_session);
	r->sinks[am_id_slot(s->id)] = NULL;
	publish_no_sink(r->region, am_id_slot(s->id));
	free(s);
}

void sink_layers_told(struct registry *r, const struct message *msg)
{
	struct sink *s = registry_sink(r, msg->id);

	if (!s)
		return;
	s->spatial_now = (uint8_t)msg->value;
	s->temporal_now = (uint8_t)(msg->value >> 8);
	s->withheld = (uint8_t)(msg->value >> 16);
	publish_sink(r->region, s);
	const struct am_msg event = {
	        .type = AM_EVENT_SUBSCRIPTION_LAYERS,
	        .subscription_layer = {msg->id, s->spatial_now, s->temporal_now, s->withheld},
	};
	publish_event(r->region, &event);
}

#include "service/registry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <rte_ring_elem.h>

#include "am_log.h"
#include "path/inbox.h"
#include "path/wish.h"
#include "service/publish.h"
#include "service/session.h"

// First sequence numbers are random in their lower half alone: a viewer who misses the first
// packets would take a number after the wrap for one before it, and never decrypt (RFC 3711 3.3.1).
#define SEQ_START_MASK 0x7FFF
#define COLLECT_BATCH  32
#define LOOK_US        100000
#define EXPECT_LOOKS   (RELAY_HISTORY_MS * 1000 / LOOK_US) // older pictures help nobody
#define POST_WAIT_US   20
#define POST_WAITS_MAX 250000 // 5 s: a worker that takes nothing for so long is dead

void registry_init(
        struct registry *r, struct am_region *region, struct worker *workers, uint16_t worker_count
)
{
	memset(r, 0, sizeof(*r));
	r->region = region;
	r->workers = workers;
	r->worker_count = worker_count;
	TAILQ_INIT(&r->all);
	TAILQ_INIT(&r->simulcasts);
	LIST_INIT(&r->expecting);
}

struct session *registry_session(const struct registry *r, am_id id)
{
	struct session *s = r->sessions[am_id_slot(id) % AM_TRANSPORT_MAX];
	return s && s->id == id ? s : NULL;
}

bool registry_has_media(const struct session *s)
{
	return !TAILQ_EMPTY(&s->sources) || !TAILQ_EMPTY(&s->sinks);
}

// Its client has offered no SRTP profile: it carries data alone.
static bool lacks_srtp(const struct session *s)
{
	return s->dtls_state == AM_DTLS_CONNECTED && !s->keyed;
}

struct source *registry_source(const struct registry *r, am_id id)
{
	struct source *s = r->sources[am_id_slot(id) % AM_TRACK_MAX];
	return s && s->params.track_id == id ? s : NULL;
}

struct sink *registry_sink(const struct registry *r, am_id id)
{
	struct sink *s = r->sinks[am_id_slot(id) % AM_SUBSCRIPTION_MAX];
	return s && s->id == id ? s : NULL;
}

static void transport_free(struct transport *t)
{
	srtp_receiver_destroy(t->receiver);
	srtcp_receiver_destroy(t->rtcp_receiver);
	cipher_key_destroy(t->key);
	free(t->ssrcs);
	free(t->twcc);
	free(t->viewer);
	free(t);
}

static void track_free(struct track *t)
{
	rooms_leave(t);
	free(t);
}

static void layers_told(struct registry *r, const struct message *msg)
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

static void too_long_told(struct registry *r, const struct message *msg)
{
	const struct am_msg event = {
	        .type = AM_EVENT_TRACK_TOO_LONG,
	        .track_too_long = {msg->id, msg->value},
	};

	am_warning(
	        "service: track=%lx: payloads of %u bytes are too long for some viewers' paths: "
	        "counted as drop too_long",
	        msg->id, msg->value
	);
	publish_event(r->region, &event);
}

// Of a fan-out that has gone since nothing is wished.
static void wishes_told(struct registry *r, uint16_t worker, const struct message *msg)
{
	struct source *s = registry_source(r, msg->id);

	if (s && s->fanouts[worker].object)
		s->fanouts[worker].wished = (uint8_t)msg->value;
}

static void fanout_free(struct fanout *f)
{
	while (f->chunks) {
		struct fanout_chunk *c = f->chunks;
		f->chunks = c->next;
		free(c);
	}
	free(f);
}

static void place_give(struct source_fanout *f, struct fanout_chunk *c, uint8_t place)
{
	if (c->taken == UINT64_MAX)
		LIST_INSERT_HEAD(&f->roomy, c, roomy);
	c->taken &= ~(UINT64_C(1) << place);
}

// A place in a chunk may be taken again, if the fan-out that it was in is still the same.
static void place_free(struct registry *r, uint16_t worker, const struct message *msg)
{
	struct source *source = registry_source(r, msg->id);
	struct subscription *s = msg->object;
	struct fanout_chunk *c = fanout_chunk_of(s);

	if (source && source->fanouts[worker].object == c->fanout)
		place_give(&source->fanouts[worker], c, s->place);
}

static void reply_handle(struct registry *r, uint16_t worker, const struct message *msg)
{
	switch (msg->type) {
	case MESSAGE_FREE: free(msg->object); break;
	case MESSAGE_FREE_TRACK: track_free(msg->object); break;
	case MESSAGE_FREE_FANOUT: fanout_free(msg->object); break;
	case MESSAGE_FREE_SUBSCRIPTION: place_free(r, worker, msg); break;
	case MESSAGE_FREE_TRANSPORT: transport_free(msg->object); break;
	case MESSAGE_LAYERS: layers_told(r, msg); break;
	case MESSAGE_PATH_PROVEN:
		session_proven(registry_session(r, msg->id), &msg->flow, msg->mac);
		break;
	case MESSAGE_WISHES: wishes_told(r, worker, msg); break;
	case MESSAGE_TOO_LONG: too_long_told(r, msg); break;
	case MESSAGE_PORT_STOPPED: r->workers_stopped++; break;
	}
}

unsigned registry_collect(struct registry *r)
{
	struct message batch[COLLECT_BATCH];
	unsigned total = 0, n;

	for (uint16_t i = 0; i < r->worker_count; i++) {
		do {
			n = rte_ring_sc_dequeue_burst_elem(
			        r->workers[i].replies, batch, sizeof(*batch), COLLECT_BATCH, NULL
			);
			for (unsigned j = 0; j < n; j++)
				reply_handle(r, i, &batch[j]);
			total += n;
		} while (n == COLLECT_BATCH);
	}
	return total;
}

void registry_drain(struct registry *r)
{
	for (uint16_t i = 0; i < r->worker_count; i++) {
		while (inbox_service(&r->workers[i], WORKER_INBOX) > 0)
			registry_collect(r);
	}
	registry_collect(r);
}

void registry_post(struct registry *r, uint16_t worker, const struct message *msg)
{
	struct rte_ring *inbox = r->workers[worker].inbox;

	for (int waits = 0;
	     rte_ring_sp_enqueue_elem(inbox, (void *)(uintptr_t)msg, sizeof(*msg)) < 0; waits++) {
		// The worker may wait for room in its replies: collecting goes first.
		registry_collect(r);
		if (r->workers_returned) {
			registry_drain(r);
			continue;
		}
		if (waits == POST_WAITS_MAX) {
			am_error("service: worker=%u takes no messages, giving up", worker);
			abort();
		}
		usleep(POST_WAIT_US);
	}
}

static uint32_t worker_bits(const struct source *s)
{
	uint32_t bits = 0;

	for (int i = 0; i < AM_WORKER_MAX; i++)
		bits |= s->fanouts[i].count ? 1u << i : 0;
	return bits;
}

static void post_track_workers(struct registry *r, const struct source *s)
{
	if (s->placed)
		registry_post(
		        r, s->session->worker,
		        &(struct message){
		                .type = MESSAGE_TRACK_WORKERS,
		                .id = s->params.track_id,
		                .value = worker_bits(s),
		        }
		);
}

static struct fanout *fanout_create(const struct source *s)
{
	const struct am_cmd_track_add *p = &s->params;
	uint8_t spatial_limits = relay_spatial_limits(p);
	uint8_t streams = spatial_limits > 1 ? spatial_limits : p->encoding_count;
	struct fanout *f = calloc(1, sizeof(*f) + streams * sizeof(f->streams[0]));

	if (!f)
		return NULL;
	f->track_id = p->track_id;
	f->publisher = am_id_slot(p->transport_id);
	f->owner = s->placed ? s->session->worker : RELAY_NO_WORKER;
	f->codec = p->codec;
	f->room_rtx_payload_type = p->room_rtx_payload_type;
	f->screen = p->screen;
	f->stream_count = p->encoding_count;
	f->spatial_limits = spatial_limits;
	f->wish_told = WISH_UNTOLD;
	strcpy(f->cname, p->cname);
	for (int i = 0; i < p->encoding_count; i++)
		history_init(
		        &f->streams[i].history, f->streams[i].slots, RELAY_HISTORY,
		        p->screen ? RELAY_SCREEN_MS : RELAY_HISTORY_MS
		);
	return f;
}

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
	else if (relay_spatial_limits(&k->source->params) > 1)
		kind = SELECTOR_SVC;
	selector_init(&s->selector, kind, random.seq & SEQ_START_MASK, random.timestamp);
	selector_prefer(&s->selector, k->spatial, k->temporal);
	return 0;
}

// A new chunk of a fan-out, given to its worker. NULL without memory.
static struct fanout_chunk *chunk_add(struct registry *r, struct source *source, uint16_t worker)
{
	struct source_fanout *f = &source->fanouts[worker];
	struct fanout_chunk *c = aligned_alloc(64, (sizeof(*c) + 63) / 64 * 64);

	if (!c)
		return NULL;
	c->used = 0;
	c->taken = 0;
	c->fanout = f->object;
	LIST_INSERT_HEAD(&f->roomy, c, roomy);
	registry_post(
	        r, worker,
	        &(struct message
	        ){.type = MESSAGE_FANOUT_CHUNK, .object = c, .id = source->params.track_id}
	);
	return c;
}

// A free place for a subscription in the fan-out, which is there. NULL without memory.
static struct subscription *place_take(struct registry *r, struct source *source, uint16_t worker)
{
	struct fanout_chunk *c = LIST_FIRST(&source->fanouts[worker].roomy);

	if (!c)
		c = chunk_add(r, source, worker);
	if (!c)
		return NULL;
	uint8_t place = (uint8_t)__builtin_ctzll(~c->taken);
	c->taken |= UINT64_C(1) << place;
	if (c->taken == UINT64_MAX)
		LIST_REMOVE(c, roomy);
	c->subscriptions[place].place = place;
	return &c->subscriptions[place];
}

// Takes the fan-out away; the worker hands it back with its chunks.
static void fanout_remove(struct registry *r, struct source *source, uint16_t worker)
{
	struct source_fanout *f = &source->fanouts[worker];

	post_track_workers(r, source);
	registry_post(
	        r, worker,
	        &(struct message){.type = MESSAGE_FANOUT_REMOVE, .id = source->params.track_id}
	);
	f->object = NULL;
	f->wished = 0;
	LIST_INIT(&f->roomy);
}

static int fanout_add(struct registry *r, struct source *source, uint16_t worker)
{
	struct source_fanout *f = &source->fanouts[worker];

	f->object = fanout_create(source);
	if (!f->object)
		return -ENOMEM;
	registry_post(
	        r, worker, &(struct message){.type = MESSAGE_FANOUT_ADD, .object = f->object}
	);
	return 0;
}

// Gives the subscription to its viewer's worker, with the fan-out that it needs there.
// What the way to a viewer carries is measured from its first subscription on. 0 or -ENOMEM.
static int viewer_equip(struct registry *r, struct session *s)
{
	if (s->views)
		return 0;
	struct viewer *v = aligned_alloc(alignof(struct viewer), sizeof(*v));
	if (!v)
		return -ENOMEM;
	memset(v, 0, sizeof(*v));
	registry_post(
	        r, s->worker,
	        &(struct message){.type = MESSAGE_TRANSPORT_VIEWER, .object = v, .id = s->id}
	);
	s->views = true;
	return 0;
}

static int sink_place(struct registry *r, struct sink *k)
{
	uint16_t w = k->session->worker;
	struct source_fanout *f = &k->source->fanouts[w];

	if (viewer_equip(r, k->session) < 0)
		return -ENOMEM;
	if (!f->object && fanout_add(r, k->source, w) < 0)
		return -ENOMEM;
	struct subscription *s = place_take(r, k->source, w);
	if (!s || subscription_init(s, k) < 0) {
		if (s)
			place_give(f, fanout_chunk_of(s), s->place);
		if (f->count == 0)
			fanout_remove(r, k->source, w);
		return -ENOMEM;
	}
	registry_post(
	        r, w,
	        &(struct message){
	                .type = MESSAGE_SUBSCRIPTION_ADD,
	                .object = s,
	                .id = k->source->params.track_id,
	                .id2 = k->session->id,
	        }
	);
	k->object = s;
	if (f->count++ == 0)
		post_track_workers(r, k->source);
	return 0;
}

static void sink_unplace(struct registry *r, struct sink *k)
{
	uint16_t w = k->session->worker;

	if (!k->object)
		return;
	registry_post(
	        r, w, &(struct message){.type = MESSAGE_SUBSCRIPTION_REMOVE, .object = k->object}
	);
	k->object = NULL;
	if (--k->source->fanouts[w].count == 0)
		fanout_remove(r, k->source, w);
}

static void track_format(struct track *t)
{
	static const uint8_t forwarded[] = {
	        AM_EXT_AUDIO_LEVEL,      AM_EXT_VIDEO_ORIENTATION, AM_EXT_TOFFSET,
	        AM_EXT_ABS_CAPTURE_TIME, AM_EXT_PLAYOUT_DELAY,
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

// What the transport lacks to receive this track; it takes it from there. 0 or -ENOMEM.
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

static int source_place(struct registry *r, struct source *s)
{
	struct track *t = track_create(s);

	if (!t)
		return -ENOMEM;
	if (rooms_join(&r->rooms, s->session->room_id, t) < 0 ||
	    transport_equip(s->session, t) < 0) {
		track_free(t);
		return -ENOMEM;
	}
	t->workers = worker_bits(s);
	registry_post(
	        r, s->session->worker,
	        &(struct message){
	                .type = MESSAGE_TRACK_ADD,
	                .object = t,
	                .id = s->params.track_id,
	                .id2 = s->params.transport_id,
	        }
	);
	s->placed = true;
	for (uint16_t i = 0; i < r->worker_count; i++) {
		if (s->fanouts[i].count)
			registry_post(
			        r, i,
			        &(struct message){
			                .type = MESSAGE_FANOUT_OWNER,
			                .id = s->params.track_id,
			                .value = s->session->worker,
			        }
			);
	}
	return 0;
}

int registry_place(struct registry *r, struct session *s, uint16_t worker)
{
	struct transport *t = aligned_alloc(alignof(struct transport), sizeof(*t));
	struct source *source;
	struct sink *sink;

	if (!t)
		return -ENOMEM;
	memset(t, 0, sizeof(*t));
	t->id = s->id;
	t->feedback_ssrc = am_id_slot(s->id) + 1;
	t->rtx.tokens = RELAY_RTX_BURST;
	TAILQ_INIT(&t->tracks);
	TAILQ_INIT(&t->subscriptions);
	s->worker = worker;
	registry_post(r, worker, &(struct message){.type = MESSAGE_TRANSPORT_ADD, .object = t});
	TAILQ_FOREACH (source, &s->sources, entry) {
		if (source_place(r, source) < 0)
			am_error("service: track=%lx: out of memory", source->params.track_id);
	}
	TAILQ_FOREACH (sink, &s->sinks, of_session) {
		if (sink_place(r, sink) < 0)
			am_error("service: subscription=%lx: out of memory", sink->id);
	}
	return 0;
}

int registry_add_session(struct registry *r, struct session *s)
{
	uint32_t slot = am_id_slot(s->id);

	if (r->sessions[slot])
		return -EEXIST;
	s->worker = RELAY_NO_WORKER;
	TAILQ_INIT(&s->sources);
	TAILQ_INIT(&s->sinks);
	TAILQ_INSERT_TAIL(&r->all, s, entry);
	r->sessions[slot] = s;
	r->session_count++;
	publish_session(r->region, s);
	return 0;
}

void registry_remove_session(struct registry *r, struct session *s)
{
	while (!TAILQ_EMPTY(&s->sinks))
		registry_remove_subscription(r, TAILQ_FIRST(&s->sinks));
	while (!TAILQ_EMPTY(&s->sources))
		registry_remove_track(r, TAILQ_FIRST(&s->sources));
	if (s->worker != RELAY_NO_WORKER)
		registry_post(
		        r, s->worker,
		        &(struct message){.type = MESSAGE_TRANSPORT_REMOVE, .id = s->id}
		);
	TAILQ_REMOVE(&r->all, s, entry);
	r->sessions[am_id_slot(s->id)] = NULL;
	r->session_count--;
	ssrc_set_fini(&s->ssrcs);
	publish_no_session(r->region, am_id_slot(s->id));
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

int registry_add_track(struct registry *r, const struct am_cmd_track_add *p)
{
	struct session *session = registry_session(r, p->transport_id);

	if (!session)
		return -ENOENT;
	if (lacks_srtp(session))
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
	if (session->worker != RELAY_NO_WORKER && source_place(r, s) < 0) {
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

static void source_unexpect(struct registry *r, struct source *s)
{
	if (!s->expected)
		return;
	s->expected = 0;
	LIST_REMOVE(s, expecting);
	for (uint16_t i = 0; i < r->worker_count; i++) {
		if (s->expectant >> i & 1 && --s->fanouts[i].count == 0)
			fanout_remove(r, s, i);
	}
	s->expectant = 0;
}

// A viewer is about to come, nobody knows yet to which worker: each keeps what comes for it, and
// the key frame comes while its way is found and keys are agreed on.
static void source_expect(struct registry *r, struct source *s, uint8_t encoding)
{
	if (s->params.codec == AM_CODEC_OPUS || s->paused || !s->placed)
		return;
	if (s->expected == EXPECT_LOOKS) // many come together, and share one
		return;
	if (!s->expected)
		LIST_INSERT_HEAD(&r->expecting, s, expecting);
	s->expected = EXPECT_LOOKS;
	for (uint16_t i = 0; i < r->worker_count; i++) {
		struct source_fanout *f = &s->fanouts[i];
		if (s->expectant >> i & 1 || (!f->object && fanout_add(r, s, i) < 0))
			continue;
		s->expectant |= 1u << i;
		if (f->count++ == 0)
			post_track_workers(r, s);
	}
	registry_post(
	        r, s->session->worker,
	        &(struct message){
	                .type = MESSAGE_TRACK_EXPECT,
	                .id = s->params.track_id,
	                .value = RTE_MIN(encoding, s->demand.active - 1),
	        }
	);
}

void registry_pause_track(struct registry *r, struct source *s, bool paused)
{
	s->paused = paused;
	for (uint16_t i = 0; paused && i < r->worker_count; i++) {
		if (s->fanouts[i].count)
			registry_post(
			        r, i,
			        &(struct message
			        ){.type = MESSAGE_FANOUT_RESTART, .id = s->params.track_id}
			);
	}
	publish_source(r->region, s);
	if (s->placed)
		registry_post(
		        r, s->session->worker,
		        &(struct message){
		                .type = MESSAGE_TRACK_PAUSE,
		                .id = s->params.track_id,
		                .value = paused,
		        }
		);
}

void registry_remove_track(struct registry *r, struct source *s)
{
	while (!TAILQ_EMPTY(&s->sinks))
		registry_remove_subscription(r, TAILQ_FIRST(&s->sinks));
	source_unexpect(r, s);
	if (s->placed)
		registry_post(
		        r, s->session->worker,
		        &(struct message){.type = MESSAGE_TRACK_REMOVE, .id = s->params.track_id}
		);
	TAILQ_REMOVE(&s->session->sources, s, entry);
	if (s->params.encoding_count > 1)
		TAILQ_REMOVE(&r->simulcasts, s, simulcast);
	r->sources[am_id_slot(s->params.track_id)] = NULL;
	publish_no_source(r->region, am_id_slot(s->params.track_id));
	free(s);
}

static uint8_t wished_of(const struct source *s)
{
	uint8_t most = 0;

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
	for (uint16_t i = 0; i < r->worker_count; i++) {
		if (s->fanouts[i].count)
			registry_post(
			        r, i,
			        &(struct message){
			                .type = MESSAGE_FANOUT_HOLD,
			                .id = s->params.track_id,
			                .value = s->demand.active,
			        }
			);
	}
}

void registry_look(struct registry *r, int64_t now_us)
{
	struct source *s;

	if (now_us - r->looked_us < LOOK_US)
		return;
	r->looked_us = now_us;
	struct source *next = LIST_FIRST(&r->expecting);
	while ((s = next)) {
		next = LIST_NEXT(s, expecting);
		if (s->expected == 1)
			source_unexpect(r, s);
		else
			s->expected--;
	}
	TAILQ_FOREACH (s, &r->simulcasts, simulcast) {
		if (demand_look(&s->demand, wished_of(s), now_us))
			demand_tell(r, s);
	}
}

int registry_add_subscription(struct registry *r, const struct am_cmd_subscription_add *p)
{
	struct session *session = registry_session(r, p->transport_id);
	struct source *source = registry_source(r, p->track_id);

	if (!session || !source)
		return -ENOENT;
	if (session->room_id != source->session->room_id)
		return -EXDEV;
	if (lacks_srtp(session))
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
	if (session->worker != RELAY_NO_WORKER && sink_place(r, s) < 0) {
		free(s);
		return -ENOMEM;
	}
	TAILQ_INSERT_TAIL(&source->sinks, s, of_source);
	TAILQ_INSERT_TAIL(&session->sinks, s, of_session);
	r->sinks[am_id_slot(p->subscription_id)] = s;
	publish_sink(r->region, s);
	if (session->worker == RELAY_NO_WORKER)
		source_expect(r, source, s->spatial);
	return 0;
}

static void sink_post(struct registry *r, const struct sink *s, uint16_t type, uint32_t value)
{
	if (s->object)
		registry_post(
		        r, s->session->worker,
		        &(struct message){.type = type, .object = s->object, .value = value}
		);
}

void registry_pause_subscription(struct registry *r, struct sink *s, bool paused)
{
	s->paused = paused;
	if (paused)
		s->spatial_now = AM_LAYER_NONE;
	publish_sink(r->region, s);
	sink_post(r, s, MESSAGE_SUBSCRIPTION_PAUSE, paused);
}

void registry_prefer_layers(
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

void registry_request_key_frame(struct registry *r, struct sink *s)
{
	sink_post(r, s, MESSAGE_SUBSCRIPTION_KEY_FRAME, 0);
}

void registry_remove_subscription(struct registry *r, struct sink *s)
{
	sink_unplace(r, s);
	TAILQ_REMOVE(&s->source->sinks, s, of_source);
	TAILQ_REMOVE(&s->session->sinks, s, of_session);
	r->sinks[am_id_slot(s->id)] = NULL;
	publish_no_sink(r->region, am_id_slot(s->id));
	free(s);
}

void registry_publish_session(struct registry *r, const struct session *s)
{
	const struct am_msg event = {
	        .type = AM_EVENT_TRANSPORT_STATE,
	        .transport_state = {s->id, s->ice.state, s->dtls_state},
	};

	publish_session(r->region, s);
	publish_event(r->region, &event);
}

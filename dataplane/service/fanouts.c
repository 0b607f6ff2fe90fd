#include "service/fanouts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "path/fanout.h"
#include "path/message.h"
#include "path/track.h"
#include "path/wish.h"
#include "service/mail.h"
#include "service/records.h"
#include "service/registry.h"

uint32_t fanouts_workers(const struct source *s)
{
	uint32_t bits = 0;

	for (int i = 0; i < AM_WORKER_MAX; i++)
		bits |= s->fanouts[i].count ? 1u << i : 0;
	return bits;
}

void fanouts_post(struct registry *r, const struct source *s, uint16_t type, uint32_t value)
{
	for (uint16_t i = 0; i < r->worker_count; i++) {
		if (s->fanouts[i].count)
			mail_post(
			        r, i,
			        &(struct message
			        ){.type = type, .id = s->params.track_id, .value = value}
			);
	}
}

static void workers_tell(struct registry *r, const struct source *s)
{
	mail_post_track(r, s, MESSAGE_TRACK_WORKERS, fanouts_workers(s));
}

static struct fanout *fanout_create(const struct source *s)
{
	const struct am_cmd_track_add *p = &s->params;
	uint8_t spatial_limits = track_spatial_limits(p);
	uint8_t streams = spatial_limits > 1 ? spatial_limits : p->encoding_count;
	struct fanout *f = calloc(1, sizeof(*f) + streams * sizeof(f->streams[0]));

	if (!f)
		return NULL;
	f->track_id = p->track_id;
	f->publisher = am_id_slot(p->transport_id);
	f->owner = s->placed ? s->session->worker : WORKER_NONE;
	f->codec = p->codec;
	f->room_rtx_payload_type = p->room_rtx_payload_type;
	f->screen = p->screen;
	f->rates.may_stand = p->screen;
	f->stream_count = p->encoding_count;
	f->spatial_limits = spatial_limits;
	f->wish_told = WISH_UNTOLD;
	strcpy(f->cname, p->cname);
	for (int i = 0; i < p->encoding_count; i++)
		history_init(
		        &f->streams[i].history, f->streams[i].slots, FANOUT_HISTORY,
		        p->screen ? FANOUT_SCREEN_MS : FANOUT_HISTORY_MS
		);
	return f;
}

int fanouts_add(struct registry *r, struct source *source, uint16_t worker)
{
	struct source_fanout *f = &source->fanouts[worker];

	if (f->object)
		return 0;
	f->object = fanout_create(source);
	if (!f->object)
		return -ENOMEM;
	mail_post(r, worker, &(struct message){.type = MESSAGE_FANOUT_ADD, .object = f->object});
	return 0;
}

// Removes the fan-out unless something still requires it; the worker hands it back with its chunks.
static void remove_unless_held(struct registry *r, struct source *source, uint16_t worker)
{
	struct source_fanout *f = &source->fanouts[worker];

	if (f->count > 0)
		return;
	workers_tell(r, source);
	mail_post(
	        r, worker,
	        &(struct message){.type = MESSAGE_FANOUT_REMOVE, .id = source->params.track_id}
	);
	f->object = NULL;
	f->wished = 0;
	LIST_INIT(&f->roomy);
}

void fanouts_hold(struct registry *r, struct source *s, uint16_t worker)
{
	if (s->fanouts[worker].count++ == 0)
		workers_tell(r, s);
}

void fanouts_release(struct registry *r, struct source *s, uint16_t worker)
{
	s->fanouts[worker].count--;
	remove_unless_held(r, s, worker);
}

// A new chunk of a fan-out, given to its worker. NULL if out of memory.
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
	mail_post(
	        r, worker,
	        &(struct message
	        ){.type = MESSAGE_FANOUT_CHUNK, .object = c, .id = source->params.track_id}
	);
	return c;
}

struct subscription *fanouts_take_place(struct registry *r, struct source *source, uint16_t worker)
{
	if (fanouts_add(r, source, worker) < 0)
		return NULL;
	struct fanout_chunk *c = LIST_FIRST(&source->fanouts[worker].roomy);
	if (!c)
		c = chunk_add(r, source, worker);
	if (!c) {
		remove_unless_held(r, source, worker);
		return NULL;
	}
	uint8_t place = (uint8_t)__builtin_ctzll(~c->taken);
	c->taken |= UINT64_C(1) << place;
	if (c->taken == UINT64_MAX)
		LIST_REMOVE(c, roomy);
	c->subscriptions[place].place = place;
	return &c->subscriptions[place];
}

static void place_give(struct source_fanout *f, struct fanout_chunk *c, uint8_t place)
{
	if (c->taken == UINT64_MAX)
		LIST_INSERT_HEAD(&f->roomy, c, roomy);
	c->taken &= ~(UINT64_C(1) << place);
}

void fanouts_give_place(
        struct registry *r, struct source *source, uint16_t worker, struct subscription *s
)
{
	place_give(&source->fanouts[worker], fanout_chunk_of(s), s->place);
	remove_unless_held(r, source, worker);
}

void fanouts_free(struct fanout *f)
{
	while (f->chunks) {
		struct fanout_chunk *c = f->chunks;
		f->chunks = c->next;
		free(c);
	}
	free(f);
}

// A place in a chunk may be taken again, if the fan-out that it was in is still the same.
void fanouts_place_told(struct registry *r, uint16_t worker, const struct message *msg)
{
	struct source *source = registry_source(r, msg->id);
	struct subscription *s = msg->object;
	struct fanout_chunk *c = fanout_chunk_of(s);

	if (source && source->fanouts[worker].object == c->fanout)
		place_give(&source->fanouts[worker], c, s->place);
}

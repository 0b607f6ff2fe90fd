#include "path/ssrc.h"

struct ssrc_route *ssrc_find(const struct transport *t, uint32_t ssrc)
{
	struct ssrc_table *table = t->ssrcs;

	for (uint16_t i = 0; i < table->count; i++) {
		if (table->routes[i].ssrc == ssrc)
			return &table->routes[i];
	}
	return NULL;
}

static struct ssrc_route *
route_add(struct ssrc_table *table, struct track *track, uint32_t ssrc, uint8_t stream, bool rtx)
{
	if (table->count == TRANSPORT_SSRC_MAX)
		return NULL;
	struct ssrc_route *r = &table->routes[table->count++];
	*r = (struct ssrc_route){.ssrc = ssrc, .stream = stream, .rtx = rtx, .track = track};
	return r;
}

static void route_remove(struct transport *t, struct ssrc_route *r)
{
	if (t->receiver)
		srtp_receiver_forget(t->receiver, r->ssrc);
	*r = t->ssrcs->routes[--t->ssrcs->count];
}

static bool is_over(const struct ssrc_table *table, uint32_t ssrc)
{
	for (uint16_t i = 0; i < table->over_count; i++) {
		if (table->over[i] == ssrc)
			return true;
	}
	return false;
}

static void end(struct transport *t, struct ssrc_route *r)
{
	struct ssrc_table *table = t->ssrcs;

	table->over[table->over_next] = r->ssrc;
	table->over_next = (uint16_t)((table->over_next + 1) % TRANSPORT_SSRC_OVER);
	if (table->over_count < TRANSPORT_SSRC_OVER)
		table->over_count++;
	route_remove(t, r);
}

static void source_end(struct track_stream *s)
{
	numbering_end_source(&s->numbering);
	reception_init(&s->reception, s->reception.rate);
	keyframe_init(&s->keyframe);
}

struct ssrc_route *
ssrc_learn(struct transport *t, struct track *track, uint32_t ssrc, uint8_t stream, bool rtx)
{
	struct track_stream *s = &track->streams[stream];
	uint32_t *place = rtx ? &s->rtx_ssrc : &s->ssrc;

	if (is_over(t->ssrcs, ssrc))
		return NULL;
	struct ssrc_route *old = *place ? ssrc_find(t, *place) : NULL;
	if (old)
		end(t, old);
	struct ssrc_route *r = route_add(t->ssrcs, track, ssrc, stream, rtx);
	if (!r)
		return NULL;
	*place = ssrc;
	if (!rtx) // reception and key frame requests belong to an SSRC
		source_end(s);
	return r;
}

void ssrc_add_track(struct transport *t, struct track *track)
{
	for (uint8_t i = 0; i < track->params.encoding_count; i++) {
		const struct track_stream *s = &track->streams[i];
		if (s->ssrc)
			(void)route_add(t->ssrcs, track, s->ssrc, i, false);
		if (s->rtx_ssrc)
			(void)route_add(t->ssrcs, track, s->rtx_ssrc, i, true);
	}
}

void ssrc_remove_track(struct transport *t, const struct track *track)
{
	for (uint16_t i = 0; i < t->ssrcs->count;) {
		if (t->ssrcs->routes[i].track == track)
			end(t, &t->ssrcs->routes[i]);
		else
			i++;
	}
}

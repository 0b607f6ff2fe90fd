#include "path/subscription.h"

#include "path/pli.h"
#include "path/post.h"

#define KEY_FRAME_ASK_US 100000 // between two requests of this worker to the track's worker

// Why the viewer gets nothing of a track that its client requests, or AM_LIMIT_NONE.
static enum am_limit withheld(const struct subscription *s)
{
	if (s->paused & SUBSCRIPTION_PAUSED)
		return AM_LIMIT_NONE;
	if (s->paused & SUBSCRIPTION_SHED)
		return AM_LIMIT_OVERLOAD;
	return s->paused & SUBSCRIPTION_STARVED ? AM_LIMIT_BANDWIDTH : AM_LIMIT_NONE;
}

void subscription_tell_layers(struct worker *w, struct subscription *s)
{
	uint8_t layer = selector_layer(&s->selector), temporal = limit_temporal(s->selector.limit);
	uint8_t told = (uint8_t)(layer << 4 | temporal);
	enum am_limit why = withheld(s);

	static_assert(SELECTOR_NONE == AM_LAYER_NONE);
	if ((told == s->layer_told && why == s->withheld_told) || s->fanout->codec == AM_CODEC_OPUS)
		return;
	const struct message msg = {
	        .type = MESSAGE_LAYERS,
	        .id = s->id,
	        .value = layer | (uint32_t)temporal << 8 | (uint32_t)why << 16,
	};
	// If the ring is full, the next packet reports it.
	if (!message_post(w->replies, &msg))
		return;
	s->layer_told = told;
	s->withheld_told = why & 15;
}

// Part of a key frame goes to the viewer. If the viewer still wants another layer, its wish stays.
void subscription_key_frame(const struct worker *w, struct subscription *s, uint16_t flags)
{
	keyframe_share_got(&s->key_frames, w->now_us);
	if (!(flags & TRACK_KEY_FRAME))
		return;
	keyframe_share_answered(&s->key_frames);
	if (selector_wanted_layer(&s->selector) == SELECTOR_NONE)
		keyframe_share_excuse(&s->key_frames);
}

void subscription_forward(struct worker *w, struct subscription *s, const struct rte_mbuf *m)
{
	subscription_forward_with(w, s, m, NULL);
}

void subscription_request_key_frame(struct worker *w, struct subscription *s)
{
	struct fanout *f = s->fanout;
	uint8_t layer = selector_wanted_layer(&s->selector);

	if (layer == SELECTOR_NONE || layer >= f->stream_count || f->codec == AM_CODEC_OPUS ||
	    w->now_us < s->key_frames.reserved_us ||
	    w->now_us - f->streams[layer].key_frame_asked_us < KEY_FRAME_ASK_US)
		return;
	f->streams[layer].key_frame_asked_us = w->now_us;
	pli_ask(w, f, layer);
}

void subscription_changed(struct worker *w, struct subscription *s)
{
	if (selector_wanted_layer(&s->selector) == SELECTOR_NONE)
		return;
	keyframe_share_reserve(&s->key_frames, w->now_us);
	subscription_request_key_frame(w, s);
}

#include "path/catchup.h"

#include <rte_mbuf.h>

#include "path/copy.h"
#include "path/pace.h"
#include "path/subscription.h"
#include "path/viewer.h"

#define PACKETS_MAX 64 // of one past; all go out at once

// Base-layer packets of a past, oldest first.
struct past {
	uint16_t count;
	const struct rte_mbuf *packets[PACKETS_MAX];
};

static const struct track_packet *info_of(const struct rte_mbuf *m)
{
	return &media_packet_of(m)->info;
}

// Collects the encoding's base layer from its last key frame up to a number. False if a packet is
// missing, or if there are too many to send at once.
static bool past_find(
        const struct worker *w, const struct fanout_stream *stream, uint8_t limit, uint32_t end,
        struct past *past
)
{
	const struct track_packet *before = NULL;

	past->count = 0;
	// Numbers may jump; the history holds nothing from further back.
	if (end - stream->chain.first > FANOUT_HISTORY ||
	    !history_get(&stream->history, stream->chain.first, w->now_us))
		return false;
	for (uint32_t seq = stream->chain.first; (int32_t)(seq - end) < 0; seq++) {
		const struct rte_mbuf *m = history_get(&stream->history, seq, w->now_us);
		if (!m || !track_packet_is_within(info_of(m), limit))
			continue;
		const struct track_packet *p = info_of(m);
		bool next = before ? p->seq_at[limit] == (uint16_t)(before->seq_at[limit] + 1)
		                   : p->seq == stream->chain.first;
		if (!next || past->count == PACKETS_MAX)
			return false;
		past->packets[past->count++] = m;
		before = p;
	}
	return past->count > 0;
}

// Whether the key frame is already in the queue.
static bool is_coming(const struct fanout_stream *stream, uint32_t queued)
{
	return stream->chain.known && (int32_t)(stream->chain.whole - queued) >= 0;
}

static bool encoding_begin(
        struct worker *w, struct subscription *s, const struct fanout_queue *q, uint8_t layer
)
{
	const struct fanout_stream *stream = &s->fanout->streams[layer];
	uint8_t limit = limit_make(limit_spatial(s->selector.preferred_limit), 0);
	uint32_t end = fanout_queue_begin(q, layer, &stream->history);
	struct past past;

	if (!stream->chain.known || is_coming(stream, end) || stream->chain.packets > PACKETS_MAX ||
	    !viewer_carries_at_once(w, s->transport, stream->chain.bytes) ||
	    !past_find(w, stream, limit, end, &past))
		return false;
	selector_begin_past(
	        &s->selector, info_of(past.packets[0]), info_of(past.packets[past.count - 1])
	);
	for (uint16_t i = 0; i < past.count; i++)
		subscription_forward(w, s, past.packets[i]);
	selector_end_past(&s->selector);
	pace_from(s, end);
	worker_count(w, AM_COUNTER_catchups, 1);
	return true;
}

void catchup(struct worker *w, struct subscription *s, const struct fanout_queue *q)
{
	const struct fanout *f = s->fanout;
	uint8_t wanted = selector_wanted_layer(&s->selector);

	if (wanted >= f->stream_count)
		return;
	const struct fanout_stream *stream = &f->streams[wanted];
	if (is_coming(stream, fanout_queue_begin(q, wanted, &stream->history)))
		return;
	for (int layer = wanted; layer >= 0; layer--) {
		if ((f->active >> layer & 1) && encoding_begin(w, s, q, (uint8_t)layer))
			return;
	}
}

bool catchup_has_past(const struct worker *w, const struct fanout *f, uint8_t encoding)
{
	if (encoding >= f->stream_count)
		return false;
	const struct fanout_stream *stream = &f->streams[encoding];
	return stream->chain.known && stream->chain.packets <= PACKETS_MAX &&
	       history_get(&stream->history, stream->chain.first, w->now_us);
}

bool catchup_is_at_hand(const struct worker *w, const struct subscription *s)
{
	uint8_t wanted = selector_wanted_layer(&s->selector);
	const struct fanout *f = s->fanout;

	return catchup_has_past(w, f, wanted) &&
	       viewer_carries_at_once(w, s->transport, f->streams[wanted].chain.bytes);
}

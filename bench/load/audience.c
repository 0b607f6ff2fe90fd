#include "audience.h"

#include "load.h"
#include "source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int audience_init(struct audience *a, const struct audience_options *o)
{
	size_t size = (size_t)o->capacity * o->stream_count * sizeof(struct stream);

	*a = (struct audience){.options = *o};
	a->streams = aligned_alloc(alignof(struct stream), size);
	a->places = calloc(o->capacity, AUDIENCE_PLACES);
	if (!a->streams || !a->places) {
		audience_fini(a);
		return -ENOMEM;
	}
	memset(a->streams, 0, size);
	return 0;
}

void audience_fini(struct audience *a)
{
	free(a->streams);
	free(a->places);
	*a = (struct audience){0};
}

static bool layout_same(const struct server_stream *a, const struct server_stream *b)
{
	return a->speaker == b->speaker && a->track == b->track &&
	       a->payload_type == b->payload_type && a->rtx_payload_type == b->rtx_payload_type &&
	       a->mid_id == b->mid_id && strcmp(a->mid, b->mid) == 0;
}

int audience_expect_one(
        struct audience *a, uint32_t viewer, uint16_t index, const struct server_stream *stream
)
{
	if (index >= a->options.stream_count)
		return -EPROTO;
	struct server_stream *l = &a->layout[index];
	if (l->ssrc == 0)
		*l = *stream;
	if (!layout_same(stream, l))
		return -EPROTO;
	audience_streams(a, viewer)[index] = (struct stream){
	        .ssrc = stream->ssrc,
	        .rtx_ssrc = stream->rtx_ssrc,
	        .track = index,
	};
	a->places[(size_t)viewer * AUDIENCE_PLACES + stream->ssrc % AUDIENCE_PLACES] =
	        (uint8_t)index;
	return 0;
}

int audience_expect(
        struct audience *a, uint32_t viewer, const struct server_stream *streams, uint16_t count
)
{
	int ret = count == a->options.stream_count ? 0 : -EPROTO;

	for (uint16_t i = 0; i < count && ret == 0; i++)
		ret = audience_expect_one(a, viewer, i, &streams[i]);
	return ret;
}

void audience_forget(struct audience *a, uint32_t viewer)
{
	memset(audience_streams(a, viewer), 0, a->options.stream_count * sizeof(struct stream));
}

// Number of packets that the source has sent after the highest one that arrived.
static uint16_t missing(const struct stream *s, const struct source *source)
{
	return s->known ? (uint16_t)(source->top - (s->top - s->seq_offset)) : 0;
}

void audience_count(
        const struct audience *a, uint32_t viewers, const struct source *sources,
        struct audience_counts *c
)
{
	*c = (struct audience_counts){0};
	for (size_t i = 0; i < (size_t)viewers * a->options.stream_count; i++) {
		const struct stream *s = &a->streams[i];
		const struct server_stream *l = &a->layout[s->track];
		if (s->seen == 0) {
			c->silent++;
			c->silent_of[i % a->options.stream_count]++;
			continue;
		}
		c->received += s->received;
		c->expected += stream_expected(s);
		c->missing += missing(s, &sources[l->speaker * LOAD_TRACKS + l->track]);
		c->sound_lost += l->track == LOAD_SOUND ? stream_lost(s) : 0;
		c->duplicates += s->duplicates;
		c->resent += s->resent;
		c->unknown += !s->known;
	}
}

#include "media/assembly.h"

#include "media/frames.h"
#include "media/track_packet.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define NONE UINT8_MAX
// Frames of lower encodings in ASSEMBLY_ACTIVE_US that prove that a silent one has stopped.
#define QUIET_FRAMES 5
// How long a higher encoding's key frame is asked for. The data plane asks from time to time, and a
// link that does not carry the key frame is not helped by more of them.
#define RISE_US  3000000
#define SEQ_MAX  (UINT64_C(1) << 62)
#define TIME_MAX (INT64_C(1) << 60)

static_assert(ASSEMBLY_FRAME_MAX == FRAME_BYTES_MAX);

struct encoding {
	struct frames *frames; // NULL until it sends
	uint32_t quiet; // frames of lower encodings since its last packet
};

struct assembly {
	enum codec codec;
	uint8_t count;
	uint8_t current; // NONE before the first frame
	assembly_sink *sink;
	void *owner;
	int64_t now_us;
	int64_t frame_us; // when the last frame was handed over, or the first packet came
	int64_t rise_us; // since when a higher encoding is active
	bool begun, rising;
	struct encoding encodings[TRACK_LAYERS];
};

struct assembly *
assembly_create(enum codec codec, uint8_t encodings, assembly_sink *sink, void *owner)
{
	if (encodings < 1 || encodings > TRACK_LAYERS) {
		errno = EINVAL;
		return NULL;
	}
	struct assembly *a = calloc(1, sizeof(*a));
	if (a == NULL)
		return NULL;
	a->codec = codec;
	a->count = encodings;
	a->current = NONE;
	a->sink = sink;
	a->owner = owner;
	return a;
}

void assembly_destroy(struct assembly *a)
{
	if (a == NULL)
		return;
	for (unsigned i = 0; i < a->count; i++)
		frames_destroy(a->encodings[i].frames);
	free(a);
}

static bool is_active(const struct assembly *a, uint8_t index)
{
	const struct encoding *e = &a->encodings[index];
	if (e->frames == NULL)
		return false;
	int64_t silent_us = a->now_us - e->frames->last_us;
	return silent_us < ASSEMBLY_ACTIVE_US ||
	       (silent_us < ASSEMBLY_STILL_US && e->quiet < QUIET_FRAMES);
}

// The highest active encoding, or NONE.
static uint8_t highest(const struct assembly *a)
{
	for (uint8_t i = a->count; i-- > 0;) {
		if (is_active(a, i))
			return i;
	}
	return NONE;
}

// Whether the stream goes on with this key frame of an encoding that is not the current one.
static bool is_welcome(const struct assembly *a, uint8_t index)
{
	if (a->current != NONE && index > a->current)
		return true;
	bool stopped = a->current == NONE || !is_active(a, a->current);
	return (stopped && index == highest(a)) || a->now_us - a->frame_us >= ASSEMBLY_STARVED_US;
}

static void take_frame(
        void *owner, struct frames *f, const struct reorder_packet *first,
        const struct depacketized *d
)
{
	struct assembly *a = owner;
	uint8_t index = 0;
	while (a->encodings[index].frames != f)
		index++;
	bool sound = a->codec == CODEC_OPUS;
	if (index != a->current && !sound && !(d->key && is_welcome(a, index)))
		return;
	a->current = index;
	a->frame_us = a->now_us;
	a->sink(a->owner, &(struct assembly_frame){
	                          .data = d->data,
	                          .len = d->len,
	                          .seq = f->last_seq,
	                          .arrival_us = first->arrival_us,
	                          .timestamp = first->timestamp,
	                          .width = d->width,
	                          .height = d->height,
	                          .encoding = index,
	                          .source = f->source,
	                          .key = d->key || sound,
	                  });
}

static void note_now(struct assembly *a, int64_t now_us)
{
	if (now_us > a->now_us && now_us < TIME_MAX)
		a->now_us = now_us;
	uint8_t top = highest(a);
	bool rising = a->current != NONE && top != NONE && top > a->current;
	if (rising && !a->rising)
		a->rise_us = a->now_us;
	a->rising = rising;
}

static void note_activity(struct assembly *a, const struct assembly_packet *p)
{
	if (!a->begun) {
		a->frame_us = a->now_us;
		if (a->current != NONE) // as assembly_resume said
			a->encodings[a->current].frames->last_us = a->now_us;
	}
	a->begun = true;
	a->encodings[p->encoding].quiet = 0;
	for (unsigned i = p->encoding + 1u; p->marker && i < a->count; i++)
		a->encodings[i].quiet++;
}

// NULL: no memory.
static struct frames *frames_of(struct assembly *a, uint8_t index)
{
	struct encoding *e = &a->encodings[index];
	int64_t wait_us = a->codec == CODEC_OPUS ? ASSEMBLY_SOUND_WAIT_US : ASSEMBLY_WAIT_US;
	if (e->frames == NULL)
		e->frames = frames_create(a->codec, wait_us, take_frame, a);
	return e->frames;
}

int assembly_resume(struct assembly *a, uint8_t encoding, uint8_t source, uint64_t seq)
{
	if (encoding >= a->count || seq >= SEQ_MAX)
		return -EINVAL;
	struct frames *f = frames_of(a, encoding);
	if (f == NULL)
		return -ENOMEM;
	frames_resume(f, source, seq);
	a->current = encoding;
	return 0;
}

void assembly_packet(struct assembly *a, const struct assembly_packet *p)
{
	if (p->encoding >= a->count || p->seq >= SEQ_MAX || p->len > REORDER_PAYLOAD_MAX ||
	    p->arrival_us < 0 || p->arrival_us >= TIME_MAX)
		return;
	struct frames *f = frames_of(a, p->encoding);
	if (f == NULL)
		return;
	note_now(a, p->arrival_us);
	note_activity(a, p);
	struct reorder_packet header = {
	        .seq = p->seq,
	        .arrival_us = p->arrival_us,
	        .timestamp = p->timestamp,
	        .marker = p->marker,
	        .len = (uint16_t)p->len,
	};
	frames_packet(f, &header, p->source, p->payload);
}

void assembly_tick(struct assembly *a, int64_t now_us)
{
	note_now(a, now_us);
	for (unsigned i = 0; i < a->count; i++) {
		if (a->encodings[i].frames != NULL)
			frames_tick(a->encodings[i].frames, a->now_us);
	}
}

void assembly_drain(struct assembly *a)
{
	for (unsigned i = 0; i < a->count; i++) {
		if (a->encodings[i].frames != NULL)
			frames_drain(a->encodings[i].frames);
	}
}

bool assembly_needs_key_frame(const struct assembly *a)
{
	if (a->codec == CODEC_OPUS)
		return false;
	if (a->current == NONE || a->encodings[a->current].frames->seeking)
		return true;
	uint8_t top = highest(a);
	if (top == NONE || top == a->current)
		return false;
	return top < a->current || a->now_us - a->rise_us < RISE_US;
}

uint64_t assembly_lost(const struct assembly *a)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < a->count; i++)
		sum += a->encodings[i].frames != NULL ? a->encodings[i].frames->lost : 0;
	return sum;
}

uint64_t assembly_left_out(const struct assembly *a)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < a->count; i++)
		sum += a->encodings[i].frames != NULL ? a->encodings[i].frames->left_out : 0;
	return sum;
}

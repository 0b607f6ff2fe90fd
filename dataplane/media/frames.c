#include "media/frames.h"

#include <stdlib.h>

#define LOST_MAX UINT16_MAX // of one gap: more is nonsense

struct frames *frames_create(enum codec codec, int64_t wait_us, frames_sink *sink, void *owner)
{
	struct frames *f = calloc(1, sizeof(*f));
	if (f == NULL)
		return NULL;
	f->codec = codec;
	f->wait_us = wait_us;
	f->sink = sink;
	f->owner = owner;
	depacketizer_init(&f->depacketizer, codec);
	return f;
}

void frames_destroy(struct frames *f)
{
	if (f == NULL)
		return;
	reorder_fini(&f->waiting);
	depacketizer_fini(&f->depacketizer);
	free(f);
}

static bool is_sound(const struct frames *f)
{
	return f->codec == CODEC_OPUS;
}

// Everything up to the next key frame is lost.
static void seek(struct frames *f)
{
	f->seeking = true;
	f->open = false;
	f->gap = 0;
	f->references.started = false;
}

static void judge(struct frames *f, enum reference_verdict verdict)
{
	if (verdict == REFERENCE_OK)
		return;
	f->left_out++;
	if (verdict == REFERENCE_NEEDS_KEY)
		seek(f);
}

static void close_frame(struct frames *f)
{
	struct depacketized d;
	struct reference_frame r = {
	        .info = &f->info, .refs = {f->refs[0], f->refs[1]}, .lost = f->lost_before};
	f->open = false;
	if (f->broken || depacketizer_finish(&f->depacketizer, &d) != 0) {
		judge(f, references_broken(&f->references, &r));
		return;
	}
	if (d.len == 0)
		return;
	r.key = d.key;
	r.order = d.order;
	enum reference_verdict verdict = references_frame(&f->references, &r);
	if (verdict == REFERENCE_OK)
		f->sink(f->owner, f, &f->first, &d);
	judge(f, verdict);
}

// Whether this packet's frame has lost none of its packets before it.
static bool is_first(const struct frames *f, const struct frame_info *info)
{
	return info->begin || (f->gap == 0 && f->codec != CODEC_VP8);
}

static void
open_frame(struct frames *f, const struct reorder_packet *header, const struct frame_info *info)
{
	f->open = true;
	f->broken = !is_first(f, info);
	f->first = *header;
	f->info = *info;
	f->refs[0] = f->refs[1] = 0;
	f->lost_before = f->gap;
	f->gap = 0;
	depacketizer_begin(&f->depacketizer);
}

// A frame is what its later packets say as well: its layers' references, and whether its slices may
// be missed.
static void note_info(struct frames *f, const struct frame_info *info)
{
	for (unsigned i = 0; i < info->ref_count; i++)
		f->refs[info->refs[i] / 64 & 1] |= UINT64_C(1) << (info->refs[i] % 64);
	if ((info->h264_units & H264_SLICE) != 0)
		f->info.discardable = info->discardable;
}

// Whether decoding may begin with this packet. H.264: the first of the parameter sets, or the IDR
// picture if they have come before.
static bool begins_key(const struct frames *f, const uint8_t *payload, size_t len)
{
	struct frame_info info;
	if (codec_inspect(f->codec, payload, len, &info) != 0)
		return false;
	if (f->codec != CODEC_H264)
		return info.key_frame;
	return (info.h264_units & H264_SPS) != 0 ||
	       (info.key_frame && f->depacketizer.h264.sps.len > 0);
}

// The next packet in order, or behind a gap.
static void
take_packet(struct frames *f, const struct reorder_packet *header, const uint8_t *payload)
{
	struct frame_info info;
	if (header->len == 0)
		return;
	if (codec_inspect(f->codec, payload, header->len, &info) != 0) {
		f->gap++;
		return;
	}
	if (f->open && header->timestamp != f->first.timestamp) {
		// Its last packet had no marker: it may be among those that are missing.
		f->broken |= f->gap > 0;
		close_frame(f);
	}
	if (f->seeking) {
		if (!begins_key(f, payload, header->len))
			return;
		f->seeking = false;
	}
	if (!f->open) {
		open_frame(f, header, &info);
	} else if (f->gap > 0) {
		f->broken = true;
		f->gap = 0;
	}
	f->last_seq = header->seq;
	note_info(f, &info);
	if (!f->broken)
		f->broken = depacketizer_payload(&f->depacketizer, payload, header->len) != 0;
	if (header->marker)
		close_frame(f);
}

static void
take_sound(struct frames *f, const struct reorder_packet *header, const uint8_t *payload)
{
	f->last_seq = header->seq;
	if (header->len > 0)
		f->sink(f->owner, f, header,
		        &(struct depacketized){.data = payload, .len = header->len});
}

// One packet that is next in order.
static void deliver(struct frames *f, const struct reorder_packet *header, const uint8_t *payload)
{
	f->waiting.next = header->seq + 1;
	f->delivered = true;
	if (is_sound(f))
		take_sound(f, header, payload);
	else
		take_packet(f, header, payload);
}

static void drain_in_order(struct frames *f)
{
	struct reorder_packet *p;
	while (!f->seeking && (p = reorder_take(&f->waiting, f->waiting.next)) != NULL) {
		deliver(f, p, p->payload);
		free(p);
	}
}

// What is missing before seq is lost.
static void skip_to(struct frames *f, uint64_t seq)
{
	uint64_t missing = reorder_skip(&f->waiting, seq);
	f->gap += (uint32_t)(missing < LOST_MAX ? missing : LOST_MAX);
	if (f->gap > LOST_MAX)
		f->gap = LOST_MAX;
	if (f->delivered)
		f->lost += missing < LOST_MAX ? missing : LOST_MAX;
}

// The lowest packet that waits and begins a key frame, or NULL.
static const struct reorder_packet *find_key(const struct frames *f)
{
	const struct reorder *w = &f->waiting;
	for (uint64_t seq = w->next; w->count > 0 && seq <= w->top; seq++) {
		const struct reorder_packet *p = w->slots[seq % REORDER_PACKETS];
		if (p != NULL && p->seq == seq && begins_key(f, p->payload, p->len))
			return p;
	}
	return NULL;
}

// After seek: key frames may already wait.
static void resume(struct frames *f)
{
	const struct reorder_packet *p;
	while (f->seeking && (p = find_key(f)) != NULL) {
		skip_to(f, p->seq);
		f->gap = 0;
		f->seeking = false;
		drain_in_order(f);
	}
}

// Gives up the lowest gap.
static void give_up(struct frames *f)
{
	const struct reorder_packet *p = reorder_lowest(&f->waiting);
	if (p == NULL)
		return;
	if (f->seeking) {
		skip_to(f, p->seq + 1);
		return;
	}
	skip_to(f, p->seq);
	drain_in_order(f);
	resume(f);
}

// Makes room for a packet far ahead.
static void make_room(struct frames *f, uint64_t seq)
{
	while (seq - f->waiting.next >= REORDER_PACKETS && f->waiting.count > 0)
		give_up(f);
	if (seq - f->waiting.next >= REORDER_PACKETS)
		skip_to(f, f->seeking ? seq - REORDER_PACKETS + 1 : seq);
}

static void start(struct frames *f, uint64_t seq, uint8_t source)
{
	reorder_fini(&f->waiting);
	depacketizer_reset(&f->depacketizer);
	f->references = (struct references){.codec = f->codec};
	f->started = true;
	f->delivered = false;
	f->source = source;
	f->gap = 0;
	f->open = false;
	f->seeking = !is_sound(f);
	f->waiting.next = f->seeking && seq > FRAMES_ROOM ? seq - FRAMES_ROOM : seq;
}

void frames_resume(struct frames *f, uint8_t source, uint64_t seq)
{
	start(f, seq + 1, source);
	f->waiting.next = seq + 1;
	f->seeking = false;
	references_resume(&f->references);
}

static void keep(struct frames *f, const struct reorder_packet *header, const uint8_t *payload)
{
	if (!f->seeking) {
		reorder_put(&f->waiting, header, payload);
		return;
	}
	if (reorder_put(&f->waiting, header, payload) && begins_key(f, payload, header->len))
		resume(f);
}

void frames_packet(
        struct frames *f, const struct reorder_packet *header, uint8_t source,
        const uint8_t *payload
)
{
	if (!f->started || source != f->source) {
		frames_drain(f);
		start(f, header->seq, source);
	}
	f->last_us = header->arrival_us;
	if (header->seq < f->waiting.next)
		return; // too late, or there already
	make_room(f, header->seq);
	if (f->seeking || header->seq != f->waiting.next) {
		keep(f, header, payload);
	} else {
		deliver(f, header, payload);
		drain_in_order(f);
		resume(f);
	}
	frames_tick(f, header->arrival_us);
}

void frames_tick(struct frames *f, int64_t now_us)
{
	while (f->waiting.count > 0 && now_us - reorder_oldest_us(&f->waiting) >= f->wait_us)
		give_up(f);
}

void frames_drain(struct frames *f)
{
	while (f->waiting.count > 0)
		give_up(f);
	if (f->open) {
		f->broken = true; // its last packet has not come
		close_frame(f);
	}
}

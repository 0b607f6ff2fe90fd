#include "media/temporal.h"

#include "media/codec.h"
#include "wire/sequence.h"

#include <errno.h>
#include <string.h>

// Rings of counts, indexed by the low bits of an extended number.
typedef uint16_t counts[TEMPORAL_LIMITS];

void temporal_init(struct layer_counter *c)
{
	memset(c, 0, sizeof(*c));
}

void temporal_restart(struct layer_counter *c)
{
	c->picture_count = 0;
}

// Number everything after `from` up to `to`, which has temporal_id. Those in between are missing
// and get a number at every limit.
static void count_up(counts *ring, uint32_t size, uint64_t from, uint64_t to, uint8_t temporal_id)
{
	counts at;
	memcpy(at, ring[from % size], sizeof(at));
	uint64_t missing = to - from - 1;
	uint64_t forgotten = missing > size ? missing - size : 0;
	for (int t = 0; t < TEMPORAL_LIMITS; t++)
		at[t] = (uint16_t)(at[t] + forgotten);

	for (uint64_t s = from + 1 + forgotten; s < to; s++) {
		for (int t = 0; t < TEMPORAL_LIMITS; t++)
			at[t]++;
		memcpy(ring[s % size], at, sizeof(at));
	}
	for (int t = temporal_id; t < TEMPORAL_LIMITS; t++)
		at[t]++;
	memcpy(ring[to % size], at, sizeof(at));
}

static uint32_t remembered(uint32_t count, uint64_t more, uint32_t max)
{
	return count + more < max ? (uint32_t)(count + more) : max;
}

// How far picture id is ahead of the highest, in its modulus.
static int32_t picture_ahead(const struct layer_counter *c, const struct frame_info *info)
{
	int shift = 32 - info->picture_id_bits;
	return (int32_t)((info->picture_id - c->picture_top) << shift) >> shift;
}

// The first picture, or an encoder that has restarted with an unrelated id: the count goes on.
static void restart_pictures(struct layer_counter *c, uint16_t picture_id)
{
	counts at;
	memcpy(at, c->pictures[c->picture_top % TEMPORAL_PICTURES], sizeof(at));
	c->picture_count = 0;
	c->picture_top = picture_id - 1u;
	memcpy(c->pictures[c->picture_top % TEMPORAL_PICTURES], at, sizeof(at));
}

static int count_picture(
        struct layer_counter *c, const struct frame_info *info, bool newest, struct track_packet *p
)
{
	int32_t ahead = picture_ahead(c, info);
	bool forgotten = -ahead >= (int32_t)c->picture_count;
	if (c->picture_count == 0 || (forgotten && newest)) {
		restart_pictures(c, info->picture_id);
		ahead = 1;
	}
	if (ahead > 0) {
		// The extended id is only used modulo the ring and in differences: it may wrap.
		uint64_t from = (uint64_t)c->picture_top + (UINT64_C(1) << 32);
		count_up(
		        c->pictures, TEMPORAL_PICTURES, from, from + (uint32_t)ahead, p->temporal_id
		);
		c->picture_top += (uint32_t)ahead;
		c->picture_count = remembered(c->picture_count, (uint32_t)ahead, TEMPORAL_PICTURES);
	} else if (-ahead >= (int32_t)c->picture_count) {
		return -ERANGE;
	}
	uint32_t picture = ahead > 0 ? c->picture_top : c->picture_top + (uint32_t)ahead;
	memcpy(p->picture_at, c->pictures[picture % TEMPORAL_PICTURES], sizeof(p->picture_at));
	return 0;
}

// Notes the picture's temporal layer. True if the picture refers only to pictures of lower layers:
// then its layer may be entered with it, as with VP8's Y.
static bool refers_below(
        struct layer_counter *c, const struct frame_info *info, uint32_t picture,
        uint8_t temporal_id
)
{
	// Of each picture: its id and its temporal layer.
	uint16_t *own = c->pictures[picture % TEMPORAL_PICTURES];
	own[0] = (uint16_t)picture;
	own[1] = temporal_id;
	for (uint8_t i = 0; i < info->ref_count; i++) {
		uint32_t ref = picture - info->refs[i];
		const uint16_t *at = c->pictures[ref % TEMPORAL_PICTURES];
		if (at[0] != (uint16_t)ref || at[1] >= temporal_id)
			return false;
	}
	return info->ref_count > 0;
}

// Pictures that refer to each other by id keep their distances, whatever a viewer leaves out: at
// each limit they count by id. Gaps are legal.
static void
extend_picture(struct layer_counter *c, const struct frame_info *info, struct track_packet *p)
{
	int32_t ahead = picture_ahead(c, info);
	uint32_t picture = c->picture_top + (uint32_t)ahead;

	if (ahead > 0)
		c->picture_top = picture;
	if (refers_below(c, info, picture, p->temporal_id))
		p->flags |= TRACK_LAYER_SYNC;
	for (int t = 0; t < TEMPORAL_LIMITS; t++)
		p->picture_at[t] = (uint16_t)picture;
}

static uint16_t flags_of(const struct frame_info *info)
{
	uint16_t flags = 0;
	flags |= info->key_frame ? TRACK_KEY_FRAME : 0;
	flags |= info->begin ? TRACK_BEGIN : 0;
	flags |= info->layer_sync ? TRACK_LAYER_SYNC : 0;
	flags |= info->switch_up ? TRACK_SWITCH_UP : 0;
	flags |= info->has_tl0picidx ? TRACK_TL0PICIDX : 0;
	flags |= info->layer_end ? TRACK_LAYER_END : 0;
	flags |= info->spatial_sync ? TRACK_SPATIAL_SYNC : 0;
	flags |= info->picture_refs ? TRACK_PICTURE_REFS : 0;
	return flags;
}

// Packets before the first may still come late: they count as missing for now.
static void begin_packets(struct layer_counter *c, uint64_t seq)
{
	c->top = seq - 1 - TEMPORAL_EARLY;
	for (int t = 0; t < TEMPORAL_LIMITS; t++)
		c->packets[c->top % TEMPORAL_PACKETS][t] = (uint16_t)-TEMPORAL_EARLY;
}

// True if the packet has a number at the lowest limit: it counted as missing and so within every
// limit, or it belongs to the base layer.
static bool is_in_all(const struct layer_counter *c, uint64_t seq)
{
	return c->top - seq + 1 < c->packet_count &&
	       c->packets[seq % TEMPORAL_PACKETS][0] != c->packets[(seq - 1) % TEMPORAL_PACKETS][0];
}

// Counts a packet of this temporal layer and fills `at`. 0 or -ERANGE; *newest: whether it is the
// newest.
static int count_packet(
        struct layer_counter *c, uint64_t seq, uint8_t temporal_id, uint16_t at[TEMPORAL_LIMITS],
        bool *newest
)
{
	if (c->packet_count == 0)
		begin_packets(c, seq);
	*newest = seq > c->top;
	if (!*newest && c->top - seq >= c->packet_count)
		return -ERANGE;
	if (*newest) {
		count_up(c->packets, TEMPORAL_PACKETS, c->top, seq, temporal_id);
		c->packet_count = remembered(c->packet_count, seq - c->top, TEMPORAL_PACKETS);
		c->top = seq;
	}
	memcpy(at, c->packets[seq % TEMPORAL_PACKETS], sizeof(counts));
	return 0;
}

// Fills in what the packet itself says.
static void
describe(uint64_t seq, const struct frame_info *info, bool empty, struct track_packet *p)
{
	p->seq = (uint32_t)seq;
	p->flags = (uint16_t)((p->flags & (TRACK_TIME | TRACK_END)) | flags_of(info));
	p->spatial_id = 0;
	p->temporal_id = info->temporal_id;
	if (p->temporal_id >= TEMPORAL_LIMITS)
		p->temporal_id = TEMPORAL_LIMITS - 1;
	if (empty)
		p->temporal_id = TEMPORAL_NONE;
	p->tl0picidx = info->tl0picidx;
	p->picture_id = info->picture_id;
	p->picture_id_bits = empty ? 0 : info->picture_id_bits;
	memset(p->picture_at, 0, sizeof(p->picture_at));
}

static int count_pictures(
        struct layer_counter *c, const struct frame_info *info, bool newest, struct track_packet *p
)
{
	if (p->picture_id_bits == 0)
		return 0;
	if (!info->picture_refs)
		return count_picture(c, info, newest, p);
	extend_picture(c, info, p);
	return 0;
}

int temporal_count(
        struct layer_counter *c, uint64_t seq, const struct frame_info *info, bool empty,
        struct track_packet *p
)
{
	bool newest;

	describe(seq, info, empty, p);
	if (count_packet(c, seq, p->temporal_id, p->seq_at, &newest) < 0)
		return -ERANGE;
	if (!newest && is_in_all(c, seq))
		p->flags |= TRACK_LATE;
	return count_pictures(c, info, newest, p);
}

void temporal_skip(struct layer_counter *c, uint64_t seq)
{
	counts at;

	if (c->packet_count == 0)
		begin_packets(c, seq);
	if (seq <= c->top)
		return;
	memcpy(at, c->packets[c->top % TEMPORAL_PACKETS], sizeof(at));
	uint64_t more = seq - c->top;
	uint32_t kept = remembered(0, more, TEMPORAL_PACKETS);
	for (uint64_t s = seq - kept + 1; s <= seq; s++)
		memcpy(c->packets[s % TEMPORAL_PACKETS], at, sizeof(at));
	c->packet_count = remembered(c->packet_count, more, TEMPORAL_PACKETS);
	c->top = seq;
}

int spatial_count(
        struct layer_counter *const counters[SPATIAL_LIMITS], uint64_t seq,
        const struct frame_info *info, bool empty, struct track_packet *p
)
{
	bool newest;

	describe(seq, info, empty, p);
	p->spatial_id = info->spatial_id;
	if (p->spatial_id >= SPATIAL_LIMITS)
		p->spatial_id = SPATIAL_LIMITS - 1;
	for (uint8_t s = 0; s < SPATIAL_LIMITS; s++) {
		uint8_t temporal_id = s < p->spatial_id ? TEMPORAL_NONE : p->temporal_id;
		if (count_packet(
		            counters[s], seq, temporal_id, &p->seq_at[limit_make(s, 0)], &newest
		    ) < 0)
			return -ERANGE;
	}
	if (!newest && is_in_all(counters[0], seq))
		p->flags |= TRACK_LATE;
	return count_pictures(counters[0], info, newest, p);
}

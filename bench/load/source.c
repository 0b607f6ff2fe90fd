#include "source.h"

#include "stream.h"

#include <string.h>

#define VP8_NUMBERS_END 6 // descriptor up to TL0PICIDX with a 15-bit picture id (RFC 7741 4.2)

static void
packet_finish(const struct source *s, const struct source_packet *p, struct source_latency *l)
{
	if (!p->here || !p->measured)
		return;
	if (p->copies == 0) {
		l->uncopied++;
		return;
	}
	histogram_add(&l->first, p->first - p->sent);
	histogram_add(&l->last, p->last - p->sent);
	if (!s->video)
		histogram_add(&l->sound, p->last - p->sent);
}

struct source_packet *source_add(
        struct source *s, struct source_latency *l, uint16_t seq, uint32_t timestamp,
        const uint8_t *payload, uint16_t len
)
{
	struct source_packet *p = &s->packets[seq % SOURCE_PACKETS];

	packet_finish(s, p, l);
	s->top = s->count++ == 0 ? seq : stream_extend(s->top, seq);
	*p = (struct source_packet){
	        .timestamp = timestamp,
	        .seq = seq,
	        .len = len,
	        .here = len <= SOURCE_PAYLOAD_MAX,
	};
	if (p->here)
		memcpy(s->payloads[seq % SOURCE_PACKETS], payload, len);
	return p;
}

void source_finish(struct source *s, struct source_latency *l)
{
	for (int i = 0; i < SOURCE_PACKETS; i++) {
		packet_finish(s, &s->packets[i], l);
		s->packets[i].measured = false;
	}
}

// Where the part of the payload begins that is the same for all viewers: after TL0PICIDX or the
// picture id.
static size_t vp8_numbers_end(const uint8_t *payload, size_t len)
{
	size_t n = 2;

	if (len < VP8_NUMBERS_END || (payload[0] & 0x80) == 0)
		return 0;
	if ((payload[1] & 0x80) != 0)
		n += (payload[2] & 0x80) != 0 ? 2 : 1;
	return (payload[1] & 0x40) != 0 ? n + 1 : n;
}

bool source_same(
        const struct source *s, const struct source_packet *p, const uint8_t *payload, size_t len
)
{
	const uint8_t *sent = s->payloads[p - s->packets];
	size_t skip = s->video ? vp8_numbers_end(sent, p->len) : 0;

	// Of the bytes before that, only the first two are the same: they say which numbers follow.
	return len == p->len && (skip == 0 || memcmp(payload, sent, 2) == 0) &&
	       memcmp(payload + skip, sent + skip, len - skip) == 0;
}

struct source_match
source_find(struct source *s, const uint8_t *payload, size_t len, uint64_t since)
{
	struct source_match match = {0};

	for (uint32_t i = 0; i < SOURCE_PACKETS && i < s->count; i++) {
		const struct source_packet *p = source_at(s, (uint16_t)(s->top - i));
		if (!p || p->sent < since)
			break;
		if (!source_same(s, p, payload, len))
			continue;
		if (match.count++ == 0)
			match.packet = p;
	}
	return match;
}

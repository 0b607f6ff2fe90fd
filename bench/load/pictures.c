#include "pictures.h"

#include "learn.h"
#include "media/codec.h"
#include "net.h"
#include "stream.h"
#include "wire/rtp.h"

#include <errno.h>
#include <stdlib.h>

int pictures_init(struct pictures *p, uint32_t capacity, uint16_t videos, struct cipher *cipher)
{
	*p = (struct pictures){.capacity = capacity, .videos = videos, .cipher = cipher};
	p->all = calloc((size_t)capacity * videos, sizeof(*p->all));
	p->viewers = calloc(capacity, sizeof(*p->viewers));
	if (p->all && p->viewers)
		return 0;
	pictures_fini(p);
	return -ENOMEM;
}

void pictures_fini(struct pictures *p)
{
	free(p->all);
	free(p->viewers);
	p->all = NULL;
	p->viewers = NULL;
}

void pictures_click(struct pictures *p, uint32_t viewer, uint64_t now_ns)
{
	if (!p->all)
		return;
	p->viewers[viewer] = (struct picture_viewer){.click_ns = now_ns};
	p->watched++;
}

void pictures_here(struct pictures *p, uint32_t viewer, uint64_t now_ns)
{
	if (!p->all || p->viewers[viewer].click_ns == 0)
		return;
	p->viewers[viewer].here_ns = now_ns;
	histogram_add(&p->connected, now_ns - p->viewers[viewer].click_ns);
}

static bool begins_key_frame(
        struct pictures *p, const struct stream *s, const struct srtp_keys *keys,
        const uint8_t *packet, size_t len
)
{
	uint32_t roc = stream_extend(s->top, net_rtp_seq(packet)) >> 16;
	uint8_t out[LEARN_PACKET_MAX];
	struct frame_info info;
	uint16_t payload_len;

	const uint8_t *payload =
	        learn_payload(p->cipher, keys, roc, packet, len, out, &payload_len);
	return payload && codec_inspect(CODEC_VP8, payload, payload_len, &info) == 0 &&
	       info.key_frame;
}

// True if all packets from a to b have come.
static bool has_all(const struct stream *s, uint16_t a, uint16_t b)
{
	for (uint16_t seq = a; seq != (uint16_t)(b + 1); seq++) {
		uint32_t behind = s->top - stream_extend(s->top, seq);
		if (behind >= STREAM_WINDOW || (s->seen >> behind & 1) == 0)
			return false;
	}
	return true;
}

static void picture_seen(struct pictures *p, struct picture_viewer *v, uint64_t now_ns)
{
	if (v->seen++ == 0) {
		p->with_one++;
		histogram_add(&p->first, now_ns - v->click_ns);
		histogram_add(&p->first_of_connected, now_ns - v->here_ns);
	}
	if (v->seen == p->videos) {
		p->with_all++;
		histogram_add(&p->last, now_ns - v->click_ns);
	}
}

void pictures_take(
        struct pictures *p, uint32_t viewer, uint16_t video, const struct stream *s,
        const struct srtp_keys *keys, const uint8_t *packet, size_t len, uint64_t now_ns
)
{
	struct picture *i = &p->all[(size_t)viewer * p->videos + video];
	uint16_t seq = net_rtp_seq(packet);
	bool marker = packet[1] & RTP_MARKER, key = false;

	// Another key frame replaces one with a gap.
	if (!i->begun || i->ended)
		key = begins_key_frame(p, s, keys, packet, len);
	if (key) {
		i->first = seq;
		i->begun = true;
		i->ended = false;
	} else if (!i->tried) {
		p->no_key++;
	}
	i->tried = true;
	if (i->begun && !i->ended && marker && (int16_t)(uint16_t)(seq - i->first) >= 0) {
		i->last = seq;
		i->ended = true;
	}
	if (!i->ended || !has_all(s, i->first, i->last))
		return;
	i->seen = true;
	picture_seen(p, &p->viewers[viewer], now_ns);
}

#include "publisher.h"

#include <string.h>
#include <time.h>

#include "am_clock.h"

#define VIDEO_CLOCK  90000u
#define AUDIO_CLOCK  48000u
#define FRAME_RATE   30u
#define SOUND_RATE   50u
#define NTP_UNIX     2208988800u // 1900 to 1970
#define AUDIO_PART   120 // bytes
#define CATCH_UP_MAX 8 // frames sent at once after a stall

void publisher_init(struct publisher *p, struct client *client, uint32_t source, uint8_t encodings)
{
	*p = (struct publisher){.client = client, .source = source, .encodings = encodings};
	for (uint8_t i = 0; i < encodings; i++) {
		struct publisher_stream *s = &p->video[i];
		s->ssrc = source * 100 + i + 1;
		s->rtx_ssrc = source * 100 + i + 11;
		s->timestamp_base = 0xfffffff0u - source * 7919u - i * 1000003u; // wraps soon
		s->sequence = (uint16_t)(65500 + i * 7);
		s->rtx_sequence = (uint16_t)(100 * i);
		s->picture_id = (uint16_t)(0x7ff0 + i * 3);
		s->tl0 = (uint8_t)(250 + i);
		s->key_wanted = true;
		if (encodings > 1) {
			s->rid[0] = 'r';
			s->rid[1] = (char)('0' + i);
		}
	}
	p->audio.ssrc = source * 100 + 21;
	p->audio.timestamp_base = source * 65537u;
	p->audio.sequence = 65530;
	p->level = 40;
}

static void abs_send_time_put(uint8_t out[3])
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	uint64_t fixed = ((uint64_t)t.tv_sec & 63) << 18 | ((uint64_t)t.tv_nsec << 18) / NS_PER_S;
	am_put_u24(out, (uint32_t)fixed);
}

// Sends one packet with all extensions that a browser would add.
static void
rtp_send(struct publisher *p, struct wire_rtp rtp, const char *mid, uint8_t rid_id, const char *rid)
{
	uint8_t send_time[3], transport[2];

	abs_send_time_put(send_time);
	am_put_u16(transport, p->transport_sequence++);
	rtp.ext[PUBLISHER_EXT_ABS_SEND_TIME] = (struct wire_ext){send_time, 3};
	rtp.ext[PUBLISHER_EXT_TRANSPORT_CC] = (struct wire_ext){transport, 2};
	rtp.ext[PUBLISHER_EXT_MID] = (struct wire_ext){(const uint8_t *)mid, 1};
	if (rid[0])
		rtp.ext[rid_id] = (struct wire_ext){(const uint8_t *)rid, (uint8_t)strlen(rid)};
	client_rtp_send(p->client, &rtp);
}

static void part_send(
        struct publisher *p, struct publisher_stream *s, const struct media_vp8 *v,
        uint32_t timestamp
)
{
	struct publisher_sent *kept = &s->history[s->sequence % PUBLISHER_HISTORY];

	kept->len = v->part.len;
	media_vp8_build(v, kept->payload);
	kept->head = (struct wire_rtp){
	        .marker = v->part.part + 1 == v->part.parts,
	        .payload_type = PUBLISHER_PT_VP8,
	        .sequence = s->sequence++,
	        .timestamp = timestamp,
	        .ssrc = s->ssrc,
	};
	struct wire_rtp rtp = kept->head;
	rtp.payload = kept->payload;
	rtp.payload_len = kept->len;
	s->packets++;
	s->bytes += kept->len;
	if (p->lose_every && s->packets % p->lose_every == 0) {
		p->transport_sequence++;
		s->lost++;
		return;
	}
	rtp_send(p, rtp, PUBLISHER_MID_VIDEO, PUBLISHER_EXT_RID, s->rid);
}

// Temporal layers 0, 2, 1, 2 (L1T3), all of which depend only on the base layer.
static void frame_send(struct publisher *p, uint8_t encoding)
{
	static const uint8_t pattern[4] = {0, 2, 1, 2};
	struct publisher_stream *s = &p->video[encoding];
	bool key = s->key_wanted;
	struct media_vp8 v = {
	        .part = {.source = p->source, .frame = p->frame, .encoding = encoding, .key = key},
	        .temporal_layer = key ? 0 : pattern[p->frame % 4],
	};

	s->key_wanted = false;
	s->picture_id = (s->picture_id + 1) & 0x7fff;
	if (v.temporal_layer == 0)
		s->tl0++;
	if (key) {
		s->key_frames++;
		s->key_index = (s->key_index + 1) & 31;
	}
	v.picture_id = s->picture_id;
	v.tl0 = s->tl0;
	v.key_index = s->key_index;
	v.sync = v.temporal_layer > 0;
	v.part.parts = (uint8_t)((1u << encoding) + (key ? 2 : 0));
	for (; v.part.part < v.part.parts; v.part.part++) {
		v.part.len = (uint16_t)(MEDIA_PAYLOAD_MAX - 137 * encoding - (p->frame * 31) % 500);
		part_send(p, s, &v, s->timestamp_base + p->frame * (VIDEO_CLOCK / FRAME_RATE));
	}
}

static void sound_send(struct publisher *p)
{
	uint8_t payload[AUDIO_PART];
	const uint8_t level = 0x80 | p->level; // voice
	struct media_part part = {
	        .source = p->source, .frame = p->sound, .parts = 1, .len = AUDIO_PART};
	struct wire_rtp rtp = {
	        .payload_type = PUBLISHER_PT_OPUS,
	        .marker = p->sound == 0,
	        .sequence = p->audio.sequence++,
	        .timestamp = p->audio.timestamp_base + p->sound * (AUDIO_CLOCK / SOUND_RATE),
	        .ssrc = p->audio.ssrc,
	        .payload = payload,
	        .payload_len = sizeof(payload),
	};
	rtp.ext[PUBLISHER_EXT_AUDIO_LEVEL] = (struct wire_ext){&level, 1};
	media_opus_build(&part, payload);
	p->audio.packets++;
	p->audio.bytes += AUDIO_PART;
	rtp_send(p, rtp, PUBLISHER_MID_AUDIO, PUBLISHER_EXT_RID, "");
}

static void report_send(struct publisher *p, struct publisher_stream *s, uint32_t rtp_timestamp)
{
	uint8_t out[128];
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	struct wire_sr sr = {
	        .ssrc = s->ssrc,
	        .ntp = ((uint64_t)t.tv_sec + NTP_UNIX) << 32 |
	               ((uint64_t)t.tv_nsec << 32) / NS_PER_S,
	        .rtp_timestamp = rtp_timestamp,
	        .packets = s->packets,
	        .bytes = s->bytes,
	};
	p->ntp = sr.ntp;
	size_t n = wire_sr_build(&sr, out);
	n += wire_sdes_build(s->ssrc, PUBLISHER_CNAME, out + n);
	client_rtcp_send(p->client, out, n);
}

static void reports_send(struct publisher *p, uint64_t elapsed_ns)
{
	uint32_t video = (uint32_t)(elapsed_ns * (VIDEO_CLOCK / 1000) / NS_PER_MS);
	uint32_t audio = (uint32_t)(elapsed_ns * (AUDIO_CLOCK / 1000) / NS_PER_MS);

	for (uint8_t i = 0; i < p->encodings; i++) {
		if (p->video[i].packets)
			report_send(p, &p->video[i], p->video[i].timestamp_base + video);
	}
	if (p->audio.packets)
		report_send(p, &p->audio, p->audio.timestamp_base + audio);
}

// RTX (RFC 4588 4): own SSRC and sequence, the original sequence before the payload.
static void repair_send(struct publisher *p, struct publisher_stream *s, uint16_t sequence)
{
	const struct publisher_sent *kept = &s->history[sequence % PUBLISHER_HISTORY];
	if (kept->len == 0 || kept->head.sequence != sequence)
		return;
	uint8_t payload[MEDIA_PAYLOAD_MAX + 2];
	struct wire_rtp rtp = kept->head;
	am_put_u16(payload, sequence);
	memcpy(payload + 2, kept->payload, kept->len);
	rtp.payload = payload;
	rtp.payload_len = kept->len + 2u;
	rtp.payload_type = PUBLISHER_PT_RTX;
	rtp.ssrc = s->rtx_ssrc;
	rtp.sequence = s->rtx_sequence++;
	s->resent++;
	rtp_send(p, rtp, PUBLISHER_MID_VIDEO, PUBLISHER_EXT_REPAIRED_RID, s->rid);
}

static void repairs_send(struct publisher *p, uint64_t now_ns)
{
	for (; p->repair_first != p->repair_next; p->repair_first++) {
		const struct publisher_repair *r = &p->repairs[p->repair_first % PUBLISHER_REPAIRS];
		if (now_ns < r->due_ns)
			return;
		repair_send(p, r->stream, r->sequence);
	}
}

static void tick(void *context, uint64_t now_ns)
{
	struct publisher *p = context;

	if (p->client->peer.state != PEER_CONNECTED)
		return;
	repairs_send(p, now_ns);
	if (!p->start_ns)
		p->start_ns = now_ns;
	uint64_t elapsed = now_ns - p->start_ns;
	for (int i = 0; i < CATCH_UP_MAX && p->frame <= elapsed * FRAME_RATE / NS_PER_S; i++) {
		for (uint8_t e = 0; e < p->encodings; e++) {
			if (!p->video_off && !p->video[e].off)
				frame_send(p, e);
		}
		p->frame++;
	}
	for (int i = 0; i < CATCH_UP_MAX && p->sound <= elapsed * SOUND_RATE / NS_PER_S; i++) {
		if (!p->audio_off)
			sound_send(p);
		p->sound++;
	}
	if (now_ns >= p->report_next_ns) {
		p->report_next_ns = now_ns + NS_PER_S / 2;
		reports_send(p, elapsed);
	}
}

static struct publisher_stream *stream_find(struct publisher *p, uint32_t ssrc)
{
	for (uint8_t i = 0; i < p->encodings; i++) {
		if (p->video[i].ssrc == ssrc)
			return &p->video[i];
	}
	return p->audio.ssrc == ssrc ? &p->audio : NULL;
}

static void resend(void *context, uint32_t ssrc, uint16_t sequence)
{
	struct publisher *p = context;
	struct publisher_stream *s = stream_find(p, ssrc);

	if (!s || s == &p->audio)
		return;
	s->nacked++;
	if (p->deaf || p->repair_next - p->repair_first == PUBLISHER_REPAIRS)
		return;
	p->repairs[p->repair_next++ % PUBLISHER_REPAIRS] = (struct publisher_repair){
	        .stream = s,
	        .due_ns = am_clock_ns() + p->repair_ms * NS_PER_MS,
	        .sequence = sequence,
	};
	repairs_send(p, am_clock_ns());
}

static void pli_take(struct publisher *p, uint32_t ssrc, uint64_t now_ns)
{
	struct publisher_stream *s = stream_find(p, ssrc);

	if (!s)
		return;
	if (s->plis < sizeof(s->pli_times_ns) / sizeof(s->pli_times_ns[0]))
		s->pli_times_ns[s->plis] = now_ns;
	s->plis++;
	s->key_wanted = true;
}

static void blocks_take(struct publisher *p, const struct wire_rtcp *r, size_t skip)
{
	for (uint8_t i = 0; i < r->count && skip + 24u * (i + 1u) <= r->len; i++) {
		struct am_reader block = am_reader_init(r->body + skip + 24u * i, 4);
		struct publisher_stream *s = stream_find(p, am_read_u32(&block));
		if (s)
			s->reports++;
	}
}

static void rtcp_take(void *context, const uint8_t *bytes, size_t len, uint64_t now_ns)
{
	struct publisher *p = context;
	struct am_reader all = am_reader_init(bytes, len);
	struct wire_rtcp r;

	while (wire_rtcp_next(&all, &r) == 1) {
		struct am_reader body = am_reader_init(r.body, r.len);
		am_read_u32(&body); // sender SSRC
		uint32_t media = am_read_u32(&body);
		if (r.type == WIRE_RTPFB && r.count == WIRE_FMT_NACK)
			wire_nack_each(&r, resend, p);
		else if (r.type == WIRE_RTPFB && r.count == WIRE_FMT_TWCC)
			p->transport_feedback++;
		else if (r.type == WIRE_PSFB && r.count == WIRE_FMT_PLI)
			pli_take(p, media, now_ns);
		else if (r.type == WIRE_RR)
			blocks_take(p, &r, 4);
		else if (r.type == WIRE_SR)
			blocks_take(p, &r, 24);
	}
}

const struct client_events publisher_events = {.rtcp = rtcp_take, .tick = tick};

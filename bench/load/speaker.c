#include "speaker.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "wire.h"
#include "wire/rtp.h"

#define NS_PER_S          1000000000ull
#define STALL_NS          (NS_PER_S / 2) // frames later than this are skipped
#define REPORT_NS         NS_PER_S
#define DESCRIPTOR        6 // bytes of VP8 payload descriptor
#define PICTURE_ID_MASK   0x7fff
#define RTX_NUMBER        2 // RFC 4588 4: the original sequence number before the payload
#define AUDIO_LEVEL_VOICE 0x80 // RFC 6464 3
#define FIR_ENTRY         8 // RFC 5104 4.3.1.1

static_assert(RTX_NUMBER + SPEAKER_PAYLOAD_MAX + 128 < SPEAKER_PACKET_MAX);

static const struct clip_frame *frame_at(const struct clip *c, uint64_t index)
{
	return &c->frames[index % c->count];
}

static uint64_t slot_ns(const struct clip *c, uint64_t slot)
{
	uint64_t ticks = slot * c->frame_ticks;
	return ticks / c->clock_rate * NS_PER_S + ticks % c->clock_rate * NS_PER_S / c->clock_rate;
}

// The first slot that does not begin before this time.
static uint64_t slot_after(const struct clip *c, uint64_t ns)
{
	uint64_t ticks = ns / NS_PER_S * c->clock_rate + ns % NS_PER_S * c->clock_rate / NS_PER_S;
	uint64_t slot = ticks / c->frame_ticks;
	return slot_ns(c, slot) < ns ? slot + 1 : slot;
}

static uint32_t timestamp_at(const struct speaker_stream *s, uint64_t ticks)
{
	return s->timestamp_base + (uint32_t)ticks;
}

// --- sending ---

// Adds SSRC, sequence number and extensions other than MID and audio level; encrypts and sends.
static void packet_send(
        struct speaker *s, struct speaker_stream *stream, const struct wire_rtp *rtp,
        const char *mid, uint64_t now_ns
)
{
	const uint8_t *ext_id = s->config.ext_id;
	uint8_t packet[SPEAKER_PACKET_MAX], send_time[3], transport[2];
	struct wire_rtp head = *rtp;

	am_put_u24(send_time, rtp_abs_send_time((int64_t)(now_ns / 1000)));
	am_put_u16(transport, s->transport_seq);
	head.ext[ext_id[AM_EXT_ABS_SEND_TIME]] = (struct wire_ext){send_time, sizeof(send_time)};
	head.ext[ext_id[AM_EXT_MID]] =
	        (struct wire_ext){(const uint8_t *)mid, (uint8_t)strlen(mid)};
	if (ext_id[AM_EXT_TRANSPORT_CC] != 0) {
		head.ext[ext_id[AM_EXT_TRANSPORT_CC]] =
		        (struct wire_ext){transport, sizeof(transport)};
		s->transport_seq++;
	}
	head.ext[0] = (struct wire_ext){0}; // extensions without an id have gone there
	head.ssrc = stream->ssrc;
	head.sequence = stream->seq;
	head.payload_len = 0;
	struct cipher_job job = {
	        .key = s->key,
	        .packet = packet,
	        .header_len = (uint8_t)wire_rtp_build(&head, packet),
	        .payload = rtp->payload,
	        .payload_len = (uint16_t)rtp->payload_len,
	};
	if (!cipher_index_take(&stream->index, stream->seq, &job.roc))
		return; // after 2^48 packets
	stream->seq++;
	stream->packets++;
	stream->bytes += (uint32_t)rtp->payload_len;
	cipher_protect_burst(s->cipher, &job, 1);
	s->config.send(s->config.context, packet, job.len);
}

static void told(const struct speaker *s, const struct speaker_packet *p)
{
	if (s->config.sent)
		s->config.sent(s->config.context, p);
}

// RFC 7741 4.2, as browsers write it: X, then I, L and T with 15 bits of picture id.
static void descriptor_put(const struct speaker_kept *k, uint8_t out[DESCRIPTOR])
{
	out[0] = k->offset == 0 ? 0x90 : 0x80; // S: the partition begins
	out[1] = 0xe0;
	am_put_u16(out + 2, 0x8000 | k->picture_id);
	out[4] = k->tl0picidx;
	out[5] = 0; // TID, Y, KEYIDX: one temporal layer
}

// Sends a packet of the video, for the first time or as RTX.
static void
video_send(struct speaker *s, const struct speaker_kept *k, bool resent, uint64_t now_ns)
{
	uint8_t buffer[RTX_NUMBER + SPEAKER_PAYLOAD_MAX];
	uint8_t *payload = buffer + RTX_NUMBER;
	uint16_t len = (uint16_t)(DESCRIPTOR + k->len);

	am_put_u16(buffer, k->seq);
	descriptor_put(k, payload);
	memcpy(payload + DESCRIPTOR, k->frame->bytes + k->offset, k->len);
	told(s, &(struct speaker_packet){
	                .payload = payload,
	                .payload_len = len,
	                .sent_ns = now_ns,
	                .timestamp = k->timestamp,
	                .seq = k->seq,
	                .video = true,
	                .resent = resent,
	        });
	struct wire_rtp rtp = {
	        .marker = k->marker,
	        .payload_type = resent ? s->config.video_rtx_pt : s->config.video_pt,
	        .timestamp = k->timestamp,
	        .payload = resent ? buffer : payload,
	        .payload_len = resent ? (size_t)RTX_NUMBER + len : len,
	};
	packet_send(s, resent ? &s->rtx : &s->video.stream, &rtp, s->config.video_mid, now_ns);
}

// Splits a frame into packets of equal size. Returns their number.
static unsigned frame_send(struct speaker *s, const struct clip_frame *f, uint64_t now_ns)
{
	const uint32_t room = SPEAKER_PAYLOAD_MAX - DESCRIPTOR;
	uint32_t parts = (f->len + room - 1) / room;
	struct speaker_stream *stream = &s->video.stream;

	s->picture_id = (s->picture_id + 1) & PICTURE_ID_MASK;
	s->tl0picidx++;
	for (uint32_t i = 0; i < parts; i++) {
		uint32_t from = (uint32_t)((uint64_t)f->len * i / parts);
		uint32_t to = (uint32_t)((uint64_t)f->len * (i + 1) / parts);
		struct speaker_kept *k = &s->history[stream->seq % SPEAKER_HISTORY];
		*k = (struct speaker_kept){
		        .frame = f,
		        .offset = from,
		        .len = to - from,
		        .timestamp =
		                timestamp_at(stream, s->video.slot * s->config.video->frame_ticks),
		        .seq = stream->seq,
		        .picture_id = s->picture_id,
		        .tl0picidx = s->tl0picidx,
		        .marker = i + 1 == parts,
		};
		s->counts.video_bytes += DESCRIPTOR + k->len;
		video_send(s, k, false, now_ns);
	}
	s->counts.video_packets += parts;
	s->counts.video_frames++;
	s->counts.key_frames += f->key;
	return parts;
}

// Sends the packet of the audio's next slot.
static unsigned sound_send(struct speaker *s, uint64_t now_ns)
{
	const struct clip_frame *f = frame_at(s->config.audio, s->audio.frame);
	const uint8_t level = AUDIO_LEVEL_VOICE | f->level;
	struct speaker_stream *stream = &s->audio.stream;
	struct wire_rtp rtp = {
	        .marker = stream->packets == 0, // a talkspurt begins (RFC 3551 4.1)
	        .payload_type = s->config.audio_pt,
	        .timestamp = timestamp_at(stream, s->audio.slot * s->config.audio->frame_ticks),
	        .payload = f->bytes,
	        .payload_len = f->len,
	};

	rtp.ext[s->config.ext_id[AM_EXT_AUDIO_LEVEL]] = (struct wire_ext){&level, 1};
	told(s, &(struct speaker_packet){
	                .payload = f->bytes,
	                .payload_len = (uint16_t)f->len,
	                .sent_ns = now_ns,
	                .timestamp = rtp.timestamp,
	                .seq = stream->seq,
	        });
	packet_send(s, stream, &rtp, s->config.audio_mid, now_ns);
	s->counts.audio_packets++;
	s->counts.audio_bytes += f->len;
	return 1;
}

// --- playing ---

static uint64_t due_ns(const struct speaker *s, const struct clip *c, const struct speaker_track *t)
{
	return c ? s->zero_ns + slot_ns(c, t->slot) : UINT64_MAX;
}

// True if the track's next slot is due. After a stall, that is the newest slot.
static bool track_is_due(
        const struct speaker *s, const struct clip *c, struct speaker_track *t, uint64_t now_ns
)
{
	uint64_t due = due_ns(s, c, t);

	if (due > now_ns)
		return false;
	if (now_ns - due > STALL_NS)
		t->slot = slot_after(c, now_ns - s->zero_ns + 1) - 1;
	return true;
}

static unsigned video_play(struct speaker *s, uint64_t now_ns)
{
	const struct clip *c = s->config.video;
	struct speaker_track *t = &s->video;
	unsigned sent = 0;

	while (track_is_due(s, c, t, now_ns)) {
		if (s->key_wanted || t->frame < t->slot) {
			for (t->frame = t->slot; !frame_at(c, t->frame)->key;)
				t->frame++;
			s->key_wanted = false;
		}
		sent += frame_send(s, frame_at(c, t->frame), now_ns);
		t->slot++;
		t->frame++;
		if (t->frame > t->slot)
			t->slot++; // half speed
	}
	return sent;
}

static unsigned audio_play(struct speaker *s, uint64_t now_ns)
{
	unsigned sent = 0;

	while (track_is_due(s, s->config.audio, &s->audio, now_ns)) {
		s->audio.frame = s->audio.slot;
		if (!s->muted)
			sent += sound_send(s, now_ns);
		s->audio.slot++;
	}
	return sent;
}

// Sends SR and SDES. The clock is the caller's, without a date, since only differences are used
// (RFC 3550 6.4.1).
static void report_send(
        struct speaker *s, const struct clip *c, const struct speaker_stream *stream,
        uint64_t now_ns
)
{
	uint8_t packet[128 + SPEAKER_CNAME_MAX];
	uint64_t played_ns = now_ns - s->zero_ns;
	struct wire_sr sr = {
	        .ssrc = stream->ssrc,
	        .ntp = now_ns / NS_PER_S << 32 | (now_ns % NS_PER_S << 32) / NS_PER_S,
	        .rtp_timestamp = timestamp_at(
	                stream, played_ns / NS_PER_S * c->clock_rate +
	                                played_ns % NS_PER_S * c->clock_rate / NS_PER_S
	        ),
	        .packets = stream->packets,
	        .bytes = stream->bytes,
	};
	size_t len = wire_sr_build(&sr, packet);

	len += wire_sdes_build(stream->ssrc, s->config.cname, packet + len);
	if (cipher_protect_rtcp(s->cipher, s->key, ++s->rtcp_index, packet, &len, sizeof(packet)) ==
	    0)
		s->config.send(s->config.context, packet, len);
}

static void reports_send(struct speaker *s, uint64_t now_ns)
{
	if (now_ns < s->report_due_ns)
		return;
	s->report_due_ns = now_ns + REPORT_NS;
	if (s->video.stream.packets > 0)
		report_send(s, s->config.video, &s->video.stream, now_ns);
	if (s->audio.stream.packets > 0)
		report_send(s, s->config.audio, &s->audio.stream, now_ns);
}

static void start(struct speaker *s, uint64_t now_ns)
{
	uint64_t offset_ns = s->config.start_offset_us * 1000;

	s->started = true;
	s->zero_ns = now_ns - offset_ns;
	s->report_due_ns = now_ns;
	if (s->config.video)
		s->video.slot = slot_after(s->config.video, offset_ns);
	if (s->config.audio)
		s->audio.slot = slot_after(s->config.audio, offset_ns);
}

unsigned speaker_tick(struct speaker *s, uint64_t now_ns)
{
	if (!s->started)
		start(s, now_ns);
	unsigned sent = audio_play(s, now_ns) + video_play(s, now_ns);
	reports_send(s, now_ns);
	return sent;
}

uint64_t speaker_deadline(const struct speaker *s)
{
	if (!s->started)
		return 0;
	uint64_t video = due_ns(s, s->config.video, &s->video);
	uint64_t audio = due_ns(s, s->config.audio, &s->audio);
	uint64_t media = video < audio ? video : audio;
	return media < s->report_due_ns ? media : s->report_due_ns;
}

// --- receiving ---

struct nack {
	struct speaker *speaker;
	uint64_t now_ns;
};

static void resend(void *context, uint32_t ssrc, uint16_t seq)
{
	const struct nack *n = context;
	struct speaker *s = n->speaker;
	const struct speaker_kept *k = &s->history[seq % SPEAKER_HISTORY];

	if (ssrc != s->video.stream.ssrc)
		return;
	s->counts.nacked++;
	if (s->rtx.ssrc == 0 || !k->frame || k->seq != seq)
		return;
	s->counts.resent++;
	video_send(s, k, true, n->now_ns);
}

static void key_frame_want(struct speaker *s, uint32_t ssrc)
{
	if (!s->config.video || ssrc != s->video.stream.ssrc)
		return;
	s->counts.key_requests++;
	s->key_wanted = true;
}

static void payload_feedback_take(struct speaker *s, const struct wire_rtcp *p)
{
	struct am_reader body = am_reader_init(p->body, p->len);

	am_read_u32(&body); // sender SSRC
	uint32_t media = am_read_u32(&body);
	if (p->count == WIRE_FMT_PLI && !body.failed)
		key_frame_want(s, media);
	while (p->count == WIRE_FMT_FIR && am_reader_left(&body) >= FIR_ENTRY) {
		key_frame_want(s, am_read_u32(&body));
		am_read_u32(&body); // command sequence number
	}
}

static void rtcp_take(struct speaker *s, const struct wire_rtcp *p, uint64_t now_ns)
{
	struct nack nack = {s, now_ns};

	switch (p->type) {
	case WIRE_SR:
	case WIRE_RR: s->counts.reports++; break;
	case WIRE_RTPFB:
		if (p->count == WIRE_FMT_NACK)
			wire_nack_each(p, resend, &nack);
		else if (p->count == WIRE_FMT_TWCC)
			s->counts.transport_feedback++;
		break;
	case WIRE_PSFB: payload_feedback_take(s, p); break;
	default: break;
	}
}

void speaker_receive(struct speaker *s, uint8_t *packet, size_t len, uint64_t now_ns)
{
	struct wire_rtcp p;
	int more = srtp_receive_rtcp(s->receiver, packet, &len);

	if (more == 0) {
		struct am_reader r = am_reader_init(packet, len);
		while ((more = wire_rtcp_next(&r, &p)) == 1)
			rtcp_take(s, &p, now_ns);
	}
	if (more < 0)
		s->counts.refused++;
}

// --- making ---

// Numbers that begin in the lower half cannot lose the rollover counter by an early loss
// (RFC 3711 3.3.1).
static void stream_init(struct speaker_stream *s, uint32_t ssrc)
{
	uint32_t random[2];

	getentropy(random, sizeof(random));
	s->ssrc = ssrc;
	s->timestamp_base = random[0];
	s->seq = random[1] & 0x7fff;
}

int speaker_init(struct speaker *s, const struct speaker_config *config)
{
	// cipher_key_create sends with the server's keys, the receiver takes the client's.
	struct srtp_keys keys = {
	        .profile = config->keys->profile,
	        .client = config->keys->server,
	        .server = config->keys->client,
	};

	*s = (struct speaker){.config = *config};
	s->config.keys = NULL;
	stream_init(&s->video.stream, config->video_ssrc);
	stream_init(&s->audio.stream, config->audio_ssrc);
	stream_init(&s->rtx, config->video_rtx_ssrc);
	s->picture_id = s->rtx.timestamp_base & PICTURE_ID_MASK;
	s->tl0picidx = (uint8_t)s->video.stream.timestamp_base;
	s->cipher = cipher_create();
	if (s->cipher)
		s->key = cipher_key_create(&keys);
	if (s->key)
		s->receiver = srtp_receiver_create(&keys);
	int ret = s->receiver ? 0 : -errno;
	srtp_keys_wipe(&keys);
	if (ret < 0)
		speaker_fini(s);
	return ret;
}

void speaker_fini(struct speaker *s)
{
	srtp_receiver_destroy(s->receiver);
	cipher_key_destroy(s->key);
	cipher_destroy(s->cipher);
	s->receiver = NULL;
	s->key = NULL;
	s->cipher = NULL;
}

#include "viewer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NACK_INTERVAL_NS     (40 * NS_PER_MS)
#define REPORT_INTERVAL_NS   NS_PER_S
#define NACK_MAX             64
#define NACK_WINDOW          1000 // how many packets back are requested
#define OWN_SSRC             1
#define FRAME_TICKS          3000 // per frame, at 90 kHz
#define SOUND_TICKS          960 // per packet, at 48 kHz
#define SOUND_SEAM_TICKS_MAX (48 * 100) // 100 ms
#define TEMPORAL_STEP        4 // frames between two of the base layer
// Largest deviation at a layer switch: layers are aligned by the publisher's clock, so within one
// frame's duration. Before the first report, they are aligned by arrival, which a busy machine
// delays.
#define SWITCH_TICKS_MAX  3000
#define ARRIVAL_TICKS_MAX (90 * 150) // 150 ms
#define REPORT_FRAMES     45 // of an encoding, until the publisher's report about it has come

enum {
	ROOM_EXT_MID = 1,
	ROOM_EXT_MAX = 11,
};

void viewer_init(struct viewer *v, struct client *client)
{
	*v = (struct viewer){.client = client};
}

struct viewer_subscription *
viewer_subscribe(struct viewer *v, bool video, uint32_t ssrc, uint32_t rtx_ssrc, const char *mid)
{
	if (v->count == VIEWER_SUBSCRIPTIONS)
		return NULL;
	struct viewer_subscription *s = &v->subscriptions[v->count++];
	*s = (struct viewer_subscription){
	        .ssrc = ssrc,
	        .rtx_ssrc = rtx_ssrc,
	        .payload_type = video ? ROOM_PT_VP8 : ROOM_PT_OPUS,
	        .rtx_payload_type = rtx_ssrc ? ROOM_PT_RTX : 0,
	        .video = video,
	        .nack = rtx_ssrc != 0,
	};
	snprintf(s->mid, sizeof(s->mid), "%s", mid);
	return s;
}

static struct viewer_subscription *find(struct viewer *v, uint32_t ssrc)
{
	for (size_t i = 0; ssrc != 0 && i < v->count; i++) {
		if (v->subscriptions[i].ssrc == ssrc || v->subscriptions[i].rtx_ssrc == ssrc)
			return &v->subscriptions[i];
	}
	return NULL;
}

static void extensions_check(struct viewer_subscription *s, const struct wire_rtp *p)
{
	const struct wire_ext *mid = &p->ext[ROOM_EXT_MID];

	if (!mid->bytes || mid->len != strlen(s->mid) || memcmp(mid->bytes, s->mid, mid->len) != 0)
		s->wrong_mid++;
	for (int id = 1; id < WIRE_EXT_MAX; id++) {
		// Only the publisher uses RIDs; nobody uses ids above the room's.
		if (p->ext[id].bytes && (id == 2 || id == 3 || id > ROOM_EXT_MAX))
			s->unrewritten++;
	}
}

// A packet's place, counted from the first packet.
static int32_t place_of(const struct viewer_subscription *s, uint16_t sequence)
{
	uint16_t highest = (uint16_t)(s->first + s->highest);

	return (int32_t)s->highest + (int16_t)(sequence - highest);
}

// RTX of an empty packet: browsers continue as if they had received padding with this number.
static void fill(struct viewer_subscription *s, uint16_t sequence)
{
	int32_t at = place_of(s, sequence);

	if (!s->started || at < 0 || at >= (int32_t)s->highest)
		return;
	s->duplicates += s->kept[at].here;
	if (s->kept[at].here)
		return;
	s->kept[at] = (struct viewer_packet){.here = true, .filler = true};
	s->fillers++;
}

static void
keep(struct viewer_subscription *s, const struct wire_rtp *p, uint16_t sequence, bool resent)
{
	struct viewer_packet packet = {
	        .here = true, .marker = p->marker, .resent = resent, .timestamp = p->timestamp};
	const uint8_t *payload = p->payload + (resent ? 2 : 0);
	size_t len = p->payload_len - (resent ? 2 : 0);
	int ret = s->video ? media_vp8_check(&packet.vp8, payload, len)
	                   : media_opus_check(&packet.vp8.part, payload, len);

	if (ret < 0)
		s->wrong_bytes++;
	if (!s->started && resent)
		return; // from before our first packet
	if (!s->started) {
		s->started = true;
		s->first = sequence;
	}
	int32_t at = place_of(s, sequence);
	if (at < 0 || at >= VIEWER_PACKETS)
		return;
	if (s->kept[at].here) {
		s->duplicates++;
		return;
	}
	s->kept[at] = packet;
	s->packets++;
	s->resent += resent;
	if ((uint32_t)at > s->highest)
		s->highest = (uint32_t)at;
}

// RFC 2198 3, with two blocks: removes what precedes the packet's own audio, which must be the
// audio of the previous packet.
static void red_open(struct viewer_subscription *s, struct wire_rtp *p)
{
	struct am_reader r = am_reader_init(p->payload, p->payload_len);
	struct media_part before, now;
	uint8_t type = am_read_u8(&r);
	uint32_t where = am_read_u24(&r);
	uint8_t last = am_read_u8(&r);
	size_t len = where & 0x3FF;
	const uint8_t *sound = am_reader_take(&r, len);

	p->payload = r.next;
	p->payload_len = am_reader_left(&r);
	s->redundant++;
	if (r.failed || type != (0x80 | s->payload_type) || last != s->payload_type ||
	    where >> 10 != SOUND_TICKS || media_opus_check(&before, sound, len) < 0 ||
	    media_opus_check(&now, p->payload, p->payload_len) < 0 || before.source != now.source ||
	    before.frame + 1 != now.frame)
		s->wrong_bytes++;
}

static void rtp_take(void *context, const struct wire_rtp *taken, uint64_t now_ns)
{
	struct wire_rtp opened = *taken, *p = &opened;
	struct viewer *v = context;
	struct viewer_subscription *s = find(v, p->ssrc);

	if (!s) {
		v->strangers++;
		return;
	}
	s->last_ns = now_ns;
	bool resent = p->ssrc == s->rtx_ssrc;
	if (s->red_payload_type && p->payload_type == s->red_payload_type) {
		red_open(s, p);
		p->payload_type = s->payload_type;
	}
	if (p->payload_type != (resent ? s->rtx_payload_type : s->payload_type))
		s->wrong_type++;
	extensions_check(s, p);
	if (p->payload_len == 0 || (resent && p->payload_len < 2))
		return; // padding
	uint16_t sequence = p->sequence;
	if (resent)
		sequence = (uint16_t)(p->payload[0] << 8 | p->payload[1]);
	if (resent && p->payload_len == 2)
		fill(s, sequence);
	else
		keep(s, p, sequence, resent);
}

static void sr_take(struct viewer *v, const struct wire_rtcp *r)
{
	struct am_reader body = am_reader_init(r->body, r->len);
	struct wire_sr sr = {.ssrc = am_read_u32(&body)};
	struct viewer_subscription *s = find(v, sr.ssrc);

	sr.ntp = am_read_u64(&body);
	sr.rtp_timestamp = am_read_u32(&body);
	sr.packets = am_read_u32(&body);
	sr.bytes = am_read_u32(&body);
	if (!s || body.failed || sr.ssrc != s->ssrc)
		return;
	s->report = sr;
	s->reports++;
}

static void sdes_take(struct viewer *v, const struct wire_rtcp *r)
{
	struct am_reader body = am_reader_init(r->body, r->len);
	struct viewer_subscription *s = find(v, am_read_u32(&body));
	uint8_t type = am_read_u8(&body), len = am_read_u8(&body);
	const uint8_t *cname = am_reader_take(&body, len);

	if (s && cname && type == 1 && len < sizeof(s->cname)) {
		memcpy(s->cname, cname, len);
		s->cname[len] = '\0';
	}
}

static void rtcp_take(void *context, const uint8_t *bytes, size_t len, uint64_t)
{
	struct am_reader all = am_reader_init(bytes, len);
	struct wire_rtcp r;

	while (wire_rtcp_next(&all, &r) == 1) {
		if (r.type == WIRE_SR)
			sr_take(context, &r);
		else if (r.type == WIRE_SDES && r.count > 0)
			sdes_take(context, &r);
	}
}

static void nack_send(struct viewer *v, struct viewer_subscription *s, uint64_t now_ns)
{
	uint16_t missing[NACK_MAX];
	uint8_t out[512];
	size_t n = 0;
	uint32_t from = s->highest > NACK_WINDOW ? s->highest - NACK_WINDOW : 0;

	if (!s->nack || !s->started || now_ns < s->nacked_ns + NACK_INTERVAL_NS)
		return;
	for (uint32_t i = from; i < s->highest && n < NACK_MAX; i++) {
		if (!s->kept[i].here)
			missing[n++] = (uint16_t)(s->first + i);
	}
	if (n == 0)
		return;
	s->nacked_ns = now_ns;
	s->asked += (uint32_t)n;
	client_rtcp_send(v->client, out, wire_nack_build(OWN_SSRC, s->ssrc, missing, n, out));
}

static void tick(void *context, uint64_t now_ns)
{
	struct viewer *v = context;

	for (size_t i = 0; i < v->count; i++) {
		struct viewer_subscription *s = &v->subscriptions[i];
		nack_send(v, s, now_ns);
		if (s->started && now_ns >= s->reported_ns + REPORT_INTERVAL_NS) {
			uint8_t out[64];
			s->reported_ns = now_ns;
			size_t n = wire_rr_build(OWN_SSRC, s->ssrc, s->first + s->highest, 0, out);
			client_rtcp_send(v->client, out, n);
		}
	}
}

const struct client_events viewer_events = {.rtp = rtp_take, .rtcp = rtcp_take, .tick = tick};

void viewer_pli_send(struct viewer *v, const struct viewer_subscription *s)
{
	uint8_t out[16];
	client_rtcp_send(v->client, out, wire_pli_build(OWN_SSRC, s->ssrc, out));
}

// The state of judging, which walks the packets in order.
struct judge {
	const struct viewer_subscription *s;
	struct viewer_verdict *verdict;
	const struct viewer_packet *before; // the packet before, or NULL
	const struct viewer_packet *frame; // first packet of the frame before this one's
	uint8_t tl0;
	uint16_t fillers; // since the last frame began
	bool past; // the frames since a key frame may be those of a past
	bool base; // those frames were only of the base layer
};

static bool complain(struct judge *j, uint32_t at, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

static bool complain(struct judge *j, uint32_t at, const char *format, ...)
{
	char *out = j->verdict->error;
	size_t size = sizeof(j->verdict->error);
	int n = snprintf(out, size, "packet %u (sequence %u): ", at, (uint16_t)(j->s->first + at));
	va_list args;

	va_start(args, format);
	vsnprintf(out + n, size - (size_t)n, format, args);
	va_end(args);
	return false;
}

static bool continues(struct judge *j, uint32_t at, const struct viewer_packet *p)
{
	const struct media_vp8 *now = &p->vp8, *was = &j->before->vp8;

	if (now->part.frame != was->part.frame || now->part.encoding != was->part.encoding ||
	    now->part.part != was->part.part + 1)
		return complain(
		        j, at, "frame %u part %u after frame %u part %u", now->part.frame,
		        now->part.part, was->part.frame, was->part.part
		);
	if (p->timestamp != j->before->timestamp)
		return complain(j, at, "timestamp changes within a frame");
	if (now->picture_id != was->picture_id || now->tl0 != was->tl0)
		return complain(j, at, "picture id changes within a frame");
	return true;
}

// A new frame after another one: on the same layer, or on another that begins with a key frame.
// A viewer that starts with a past key frame gets the base layer since then, with timestamps
// compressed to a sixteenth.
static bool is_past(const struct judge *j, const struct media_vp8 *now, int32_t ticks, int32_t want)
{
	if (now->part.key)
		return ticks > 0 && ticks < want;
	return j->past && now->temporal_layer == 0 && ticks == want / 16;
}

static bool follows(struct judge *j, uint32_t at, const struct viewer_packet *p)
{
	const struct media_vp8 *now = &p->vp8, *was = &j->frame->vp8;
	int32_t ticks = (int32_t)(p->timestamp - j->frame->timestamp);
	int32_t want = (int32_t)(now->part.frame - was->part.frame) * FRAME_TICKS;
	bool switched = now->part.encoding != was->part.encoding;

	// Another layer may show the same moment once more, from its key frame on.
	if (switched ? now->part.frame < was->part.frame : now->part.frame <= was->part.frame)
		return complain(j, at, "frame %u after %u", now->part.frame, was->part.frame);
	if (switched && !now->part.key)
		return complain(
		        j, at, "layer %u to %u without a key frame", was->part.encoding,
		        now->part.encoding
		);
	if (now->part.frame - was->part.frame > TEMPORAL_STEP) {
		j->verdict->gaps++;
		if (!now->part.key)
			return complain(
			        j, at, "frame %u after %u without a key frame", now->part.frame,
			        was->part.frame
			);
	}
	bool seam = switched || (j->s->restarts && now->part.key);
	if (!seam && ticks != want && !is_past(j, now, ticks, want))
		return complain(j, at, "timestamp advances by %d, not %d", ticks, want);
	j->past = now->part.key || (j->past && ticks != want);
	bool reported = !j->s->restarts && j->verdict->frames > REPORT_FRAMES;
	int32_t error_max = reported ? SWITCH_TICKS_MAX : ARRIVAL_TICKS_MAX;
	if (seam && (ticks <= 0 || ticks < want - error_max || ticks > want + error_max))
		return complain(
		        j, at, "timestamp advances by %d, not about %d, at a switch", ticks, want
		);
	// A frame that never arrived has a number reserved at every layer limit.
	if (((now->picture_id - was->picture_id - 1) & 0x7fff) > j->fillers)
		return complain(j, at, "picture id %u after %u", now->picture_id, was->picture_id);
	if (now->temporal_layer == 0 ? now->tl0 != (uint8_t)(j->tl0 + 1) : now->tl0 != j->tl0)
		return complain(
		        j, at, "TL0PICIDX %u after %u on temporal layer %u", now->tl0, j->tl0,
		        now->temporal_layer
		);
	if (j->base && now->part.frame > was->part.frame)
		j->verdict->skipped += now->part.frame - was->part.frame - 1;
	j->base = now->part.key || (j->base && now->temporal_layer == 0);
	j->verdict->switches += switched;
	j->verdict->repeats += now->part.frame == was->part.frame;
	return true;
}

static bool judge_video(struct judge *j, uint32_t at, const struct viewer_packet *p)
{
	const struct media_vp8 *v = &p->vp8;

	if (p->marker != (v->part.part + 1 == v->part.parts))
		return complain(j, at, "marker on part %u of %u", v->part.part, v->part.parts);
	if (v->part.part > 0) {
		if (!j->before)
			return complain(j, at, "begins in the middle of a frame");
		return continues(j, at, p);
	}
	if (j->before && !j->before->marker)
		return complain(j, at, "the frame before it has no end");
	if (!j->frame && !v->part.key)
		return complain(j, at, "begins without a key frame");
	if (j->frame && !follows(j, at, p))
		return false;
	if (!j->frame)
		j->past = j->base = true;
	j->verdict->frames++;
	j->verdict->key_frames += v->part.key;
	j->verdict->layer_frames[v->part.encoding & 3][v->temporal_layer]++;
	j->frame = p;
	j->fillers = 0;
	j->tl0 = v->tl0;
	return true;
}

static bool judge_sound(struct judge *j, uint32_t at, const struct viewer_packet *p)
{
	if (j->before) {
		uint32_t frames = p->vp8.part.frame - j->before->vp8.part.frame;
		uint32_t ticks = p->timestamp - j->before->timestamp;
		if (frames == 0 || frames > INT32_MAX)
			return complain(
			        j, at, "sound %u after %u", p->vp8.part.frame,
			        j->before->vp8.part.frame
			);
		uint32_t error_max = j->s->restarts ? SOUND_SEAM_TICKS_MAX : 0;
		if (ticks == 0 || ticks + error_max - frames * SOUND_TICKS > 2 * error_max)
			return complain(
			        j, at, "timestamp advances by %u, not %u", ticks,
			        frames * SOUND_TICKS
			);
		j->verdict->gaps += frames > 1;
	}
	j->verdict->frames++;
	return true;
}

struct viewer_verdict viewer_judge(const struct viewer_subscription *s)
{
	struct viewer_verdict verdict = {.packets = s->packets};
	struct judge j = {.s = s, .verdict = &verdict};

	for (uint32_t i = 0; s->started && i <= s->highest; i++) {
		const struct viewer_packet *p = &s->kept[i];
		if (!p->here) {
			verdict.missing++;
			complain(&j, i, "missing");
			continue;
		}
		if (verdict.missing)
			continue; // counted only
		if (p->filler) {
			j.fillers++;
			continue;
		}
		if (!(s->video ? judge_video(&j, i, p) : judge_sound(&j, i, p)))
			return verdict;
		if (!j.before)
			verdict.first_frame = p->vp8.part.frame;
		verdict.last_frame = p->vp8.part.frame;
		j.before = p;
	}
	return verdict;
}

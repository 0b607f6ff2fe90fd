#include "sample.h"

#include "audience.h"
#include "load.h"
#include "members.h"
#include "net.h"
#include "nic.h"
#include "source.h"
#include "wire/rtp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define STRIDE 7919 // prime: every viewer has its turn before any has its second
#define WINDOW 1024
static_assert(SERVER_STREAM_MAX <= 64);

int sample_init(struct sample *s, struct members *m, struct audience *a, struct source *sources)
{
	*s = (struct sample){.members = m, .audience = a, .sources = sources};
	return srtp_init() == srtp_err_status_ok ? 0 : -EIO;
}

static void seat_leave(struct sample *s, struct sample_viewer *v)
{
	if (!v->session)
		return;
	srtp_dealloc(v->session);
	struct stream *streams = audience_streams(s->audience, v->viewer);
	for (uint16_t i = 0; i < s->audience->options.stream_count; i++)
		streams[i].sampled = false;
	*v = (struct sample_viewer){0};
}

void sample_fini(struct sample *s)
{
	for (int i = 0; i < SAMPLE_VIEWERS; i++)
		seat_leave(s, &s->seats[i]);
}

static void complain(struct sample *, uint32_t viewer, const struct stream *, const char *, ...)
        __attribute__((format(printf, 4, 5)));

static void
complain(struct sample *s, uint32_t viewer, const struct stream *stream, const char *format, ...)
{
	va_list args;

	if (s->errors++ >= SAMPLE_SAY_MAX)
		return;
	fprintf(stderr, "bench-load: viewer %u, track %u: ", viewer, stream ? stream->track : 0u);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
}

struct policy {
	srtp_policy_t srtp;
	uint8_t key[SRTP_KEY_LEN + SRTP_SALT_LEN_MAX];
};

// The policy with which the server sends. ssrc 0: any.
static void policy_fill(struct policy *p, const struct srtp_keys *keys, uint32_t ssrc)
{
	const bool gcm = keys->profile == SRTP_PROFILE_AEAD_AES_128_GCM;
	srtp_profile_t profile =
	        gcm ? srtp_profile_aead_aes_128_gcm : srtp_profile_aes128_cm_sha1_80;

	*p = (struct policy){.srtp = {.key = p->key, .window_size = WINDOW}};
	srtp_crypto_policy_set_from_profile_for_rtp(&p->srtp.rtp, profile);
	srtp_crypto_policy_set_from_profile_for_rtcp(&p->srtp.rtcp, profile);
	p->srtp.ssrc.type = ssrc ? ssrc_specific : ssrc_any_inbound;
	p->srtp.ssrc.value = ssrc;
	memcpy(p->key, keys->server.key, SRTP_KEY_LEN);
	memcpy(p->key + SRTP_KEY_LEN, keys->server.salt, SRTP_SALT_LEN_MAX);
}

static void seat_take(struct sample *s, struct sample_viewer *v, uint32_t viewer)
{
	const struct member *m = &s->members->all[s->audience->options.first + viewer];
	struct stream *streams = audience_streams(s->audience, viewer);
	struct policy policy;

	if (m->state != MEMBER_HERE || streams[0].sampled)
		return;
	policy_fill(&policy, &m->keys, 0);
	if (srtp_create(&v->session, &policy.srtp) != srtp_err_status_ok) {
		v->session = NULL;
		complain(s, viewer, NULL, "libsrtp2 cannot create a session");
		return;
	}
	v->viewer = viewer;
	s->viewers++;
	for (uint16_t i = 0; i < s->audience->options.stream_count; i++)
		streams[i].sampled = true;
}

void sample_tick(struct sample *s, uint32_t viewers, uint64_t now_ns)
{
	if (viewers == 0 || now_ns < s->next_ns)
		return;
	s->next_ns = now_ns + SAMPLE_EVERY_NS;
	struct sample_viewer *v = &s->seats[s->chosen % SAMPLE_VIEWERS];
	seat_leave(s, v);
	seat_take(s, v, (uint32_t)((uint64_t)s->chosen++ * STRIDE % viewers));
}

static struct sample_viewer *seat_find(struct sample *s, uint32_t viewer)
{
	for (int i = 0; i < SAMPLE_VIEWERS; i++) {
		if (s->seats[i].session && s->seats[i].viewer == viewer)
			return &s->seats[i];
	}
	return NULL;
}

void sample_forget(struct sample *s, uint32_t viewer)
{
	struct sample_viewer *v = seat_find(s, viewer);
	if (v)
		seat_leave(s, v);
}

// Sets the rollover counter of a stream that the session has not seen.
static bool stream_add(struct sample *s, struct sample_viewer *v, uint32_t ssrc, uint32_t roc)
{
	const struct member *m = &s->members->all[s->audience->options.first + v->viewer];
	struct policy policy;

	policy_fill(&policy, &m->keys, ssrc);
	return srtp_add_stream(v->session, &policy.srtp) == srtp_err_status_ok &&
	       srtp_set_stream_roc(v->session, ssrc, roc) == srtp_err_status_ok;
}

// A session starts in the middle of its streams, so a rollover counter other than 0 must be set.
static bool
stream_begin(struct sample *s, struct sample_viewer *v, const struct stream *stream, uint32_t roc)
{
	if (v->added >> stream->track & 1)
		return true;
	v->added |= UINT64_C(1) << stream->track;
	return roc == 0 || stream_add(s, v, stream->ssrc, roc);
}

// Like srtp_unprotect. The first packet of a stream may also verify with the next rollover counter,
// if the server counts it too early.
static bool unprotect(
        struct sample *s, struct sample_viewer *v, const struct stream *stream, uint8_t *packet,
        int *len, uint32_t roc
)
{
	uint64_t bit = UINT64_C(1) << stream->track;
	bool again = s->members->options.calls->early_rollovers && !(v->verified & bit) &&
	             *len <= NIC_FRAME_MAX;
	uint8_t copy[NIC_FRAME_MAX];
	int copy_len = *len;

	if (again)
		memcpy(copy, packet, (size_t)copy_len);
	if (srtp_unprotect(v->session, packet, len) == srtp_err_status_ok) {
		v->verified |= bit;
		return true;
	}
	if (!again)
		return false;
	memcpy(packet, copy, (size_t)copy_len);
	*len = copy_len;
	srtp_remove_stream(v->session, htonl(stream->ssrc)); // the stream that the session added
	if (!stream_add(s, v, stream->ssrc, roc + 1) ||
	    srtp_unprotect(v->session, packet, len) != srtp_err_status_ok)
		return false;
	v->verified |= bit;
	return true;
}

static bool mid_good(const uint8_t *packet, const struct rtp_view *v, const struct server_stream *l)
{
	struct rtp_ext ext;

	return l->mid_id == 0 ||
	       (rtp_ext_find(packet, v, l->mid_id, &ext) && ext.len == strlen(l->mid) &&
	        memcmp(packet + ext.offset, l->mid, ext.len) == 0);
}

static void check_numbers(
        struct sample *s, struct sample_viewer *v, const struct stream *stream,
        const struct rtp_view *view, const struct source_packet *sent
)
{
	uint32_t offset = view->timestamp - sent->timestamp;
	uint32_t *known = &v->timestamp_offset[stream->track];
	uint32_t *last = &v->timestamp[stream->track];
	uint64_t bit = UINT64_C(1) << stream->track;
	// A viewer that has just joined may get past frames, whose timestamps are compressed
	// towards the present: each later one is less ahead of its original place.
	bool settles = !(v->settled & bit) && (int32_t)(offset - *known) < 0;

	if (v->timed & bit && offset == *known && view->timestamp != *last)
		v->settled |= bit;
	*last = view->timestamp;
	if (!(v->timed & bit) || settles) {
		v->timed |= bit;
		*known = offset;
	} else if (*known != offset) {
		complain(
		        s, v->viewer, stream,
		        "packet %u: its timestamp is %d ticks from where it should be", view->seq,
		        (int)(offset - *known)
		);
	}
}

static bool check_payload(
        struct sample *s, struct sample_viewer *v, const struct stream *stream,
        const struct rtp_view *view, const uint8_t *payload, bool may_move
)
{
	const struct server_stream *l = &s->audience->layout[stream->track];
	struct source *source = &s->sources[l->speaker * LOAD_TRACKS + l->track];

	const struct source_packet *sent =
	        source_at(source, (uint16_t)(view->seq - stream->seq_offset));
	if (!sent) {
		s->old++;
		return true;
	}
	bool same = source_same(source, sent, payload, view->payload_len);
	if (!same && may_move)
		return false;
	if (!same)
		complain(
		        s, v->viewer, stream,
		        "packet %u: its %u bytes are not the %u that were sent as packet %u",
		        view->seq, view->payload_len, sent->len, sent->seq
		);
	else
		check_numbers(s, v, stream, view, sent);
	s->packets++;
	return same;
}

// Verifies, decrypts and parses a packet. NULL, or what is wrong.
static const char *packet_open(
        struct sample *s, struct sample_viewer *v, const struct stream *stream, uint8_t *frame,
        size_t payload_len, struct rtp_view *view
)
{
	uint8_t *packet = frame + NET_HEADER_LEN;
	uint32_t roc = stream_extend(stream->top, net_rtp_seq(packet)) >> 16;
	int len = (int)payload_len;

	if (!s->members->options.calls->card_checksums && !net_checksum_good(frame, payload_len))
		return "wrong UDP checksum";
	if (!stream_begin(s, v, stream, roc))
		return "libsrtp2 does not accept the stream";
	if (!unprotect(s, v, stream, packet, &len, roc))
		return "it does not verify";
	if (rtp_parse(packet, (size_t)len, view) < 0)
		return "malformed";
	return NULL;
}

bool sample_rtp(
        struct sample *s, uint32_t viewer, const struct stream *stream, uint8_t *frame,
        size_t payload_len, bool may_move
)
{
	const struct server_stream *layout = &s->audience->layout[stream->track];
	struct sample_viewer *v = seat_find(s, viewer);
	const uint8_t *packet = frame + NET_HEADER_LEN;
	uint16_t seq = net_rtp_seq(packet);
	struct rtp_view view;

	const char *error = packet_open(s, v, stream, frame, payload_len, &view);
	if (error) {
		complain(s, viewer, stream, "packet %u: %s", seq, error);
		return true;
	}
	if (view.pt != layout->payload_type)
		complain(s, viewer, stream, "packet %u: payload type %u", seq, view.pt);
	if (!mid_good(packet, &view, layout))
		complain(s, viewer, stream, "packet %u: wrong MID", seq);
	return check_payload(s, v, stream, &view, packet + view.payload_offset, may_move);
}

void sample_moved(struct sample *s, uint32_t viewer, const struct stream *stream)
{
	struct sample_viewer *v = stream->sampled ? seat_find(s, viewer) : NULL;
	uint64_t bit = UINT64_C(1) << stream->track;

	if (!v)
		return;
	v->timed &= ~bit;
	v->settled &= ~bit;
}

void sample_rtcp(struct sample *s, uint32_t viewer, uint8_t *packet, size_t payload_len)
{
	struct sample_viewer *v = seat_find(s, viewer);
	int len = (int)payload_len;

	if (!v)
		return;
	if (srtp_unprotect_rtcp(v->session, packet, &len) != srtp_err_status_ok)
		complain(s, viewer, NULL, "RTCP does not verify");
	s->reports++;
}

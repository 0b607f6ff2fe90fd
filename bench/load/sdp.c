#include "sdp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_LEN 1024
#define CNAME        "bench"

// A line's value if the line begins with the name, otherwise NULL.
static const char *after(const char *line, const char *name)
{
	size_t n = strlen(name);
	return strncmp(line, name, n) == 0 ? line + n : NULL;
}

static int copy(char *out, size_t size, const char *value)
{
	size_t n = strlen(value);

	if (n >= size)
		return -E2BIG;
	memcpy(out, value, n + 1);
	return 0;
}

static int fingerprint_parse(uint8_t out[32], const char *text)
{
	for (int i = 0; i < 32; i++) {
		char *end;
		unsigned long byte = strtoul(text, &end, 16);
		if (end != text + 2 || *end != (i < 31 ? ':' : '\0'))
			return -EBADMSG;
		out[i] = (uint8_t)byte;
		text = end + 1;
	}
	return 0;
}

// RFC 8839 5.1: foundation component transport priority address port …
static void candidate_parse(struct sdp *s, const char *text)
{
	char transport[8], address[64];
	struct in_addr ip;
	uint16_t port;

	if (s->port != 0 || !strstr(text, " typ host") ||
	    sscanf(text, "%*31s 1 %7s %*u %63s %" SCNu16, transport, address, &port) != 3 ||
	    strcasecmp(transport, "udp") != 0 || inet_pton(AF_INET, address, &ip) != 1)
		return;
	s->ip = ntohl(ip.s_addr);
	s->port = port;
}

static void rtpmap_parse(struct sdp_media *m, const char *text)
{
	char codec[32];
	uint8_t pt;

	if (sscanf(text, "%" SCNu8 " %31[^/]", &pt, codec) != 2)
		return;
	if (m->payload_type == 0 && strcasecmp(codec, m->video ? "VP8" : "opus") == 0)
		m->payload_type = pt;
}

static void fmtp_parse(struct sdp_media *m, const char *text)
{
	uint8_t pt, of;

	if (sscanf(text, "%" SCNu8 " apt=%" SCNu8, &pt, &of) == 2 && of == m->payload_type)
		m->rtx_payload_type = pt;
}

static void extmap_parse(struct sdp_media *m, const char *text)
{
	char uri[128];
	uint8_t id;

	if (sscanf(text, "%" SCNu8 "%*[a-z/] %127s", &id, uri) != 2 &&
	    sscanf(text, "%" SCNu8 " %127s", &id, uri) != 2)
		return;
	if (strcmp(uri, SDP_MID_URI) == 0)
		m->mid_id = id;
}

static void ssrc_parse(struct sdp_media *m, const char *text)
{
	uint32_t ssrc;

	if (m->ssrc == 0 && sscanf(text, "%" SCNu32, &ssrc) == 1)
		m->ssrc = ssrc;
}

// The group comes before the single SSRCs.
static void group_parse(struct sdp_media *m, const char *text)
{
	uint32_t ssrc, rtx;

	if (sscanf(text, "FID %" SCNu32 " %" SCNu32, &ssrc, &rtx) == 2) {
		m->ssrc = ssrc;
		m->rtx_ssrc = rtx;
	}
}

static int media_line_parse(struct sdp_media *m, const char *line)
{
	const char *value;

	if ((value = after(line, "a=mid:")))
		return copy(m->mid, sizeof(m->mid), value);
	else if ((value = after(line, "a=rtpmap:")))
		rtpmap_parse(m, value);
	else if ((value = after(line, "a=fmtp:")))
		fmtp_parse(m, value);
	else if ((value = after(line, "a=extmap:")))
		extmap_parse(m, value);
	else if ((value = after(line, "a=ssrc-group:")))
		group_parse(m, value);
	else if ((value = after(line, "a=ssrc:")))
		ssrc_parse(m, value);
	return 0;
}

static int transport_line_parse(struct sdp *s, const char *line)
{
	const char *value;

	if ((value = after(line, "a=ice-ufrag:")))
		return copy(s->ufrag, sizeof(s->ufrag), value);
	else if ((value = after(line, "a=ice-pwd:")))
		return copy(s->pwd, sizeof(s->pwd), value);
	else if ((value = after(line, "a=fingerprint:sha-256 ")))
		return fingerprint_parse(s->fingerprint, value);
	else if ((value = after(line, "a=candidate:")))
		candidate_parse(s, value);
	else if (strcmp(line, "a=ice-lite") == 0)
		s->lite = true;
	return 0;
}

static int line_parse(struct sdp *s, const char *line)
{
	const char *media = after(line, "m=");

	if (media && s->media_count == SDP_MEDIA_MAX)
		return -E2BIG;
	if (media) {
		s->media[s->media_count++].video = after(media, "video ") != NULL;
		return 0;
	}
	int ret = s->media_count > 0 ? media_line_parse(&s->media[s->media_count - 1], line) : 0;
	return ret < 0 ? ret : transport_line_parse(s, line);
}

int sdp_parse(struct sdp *s, const char *text)
{
	static const uint8_t none[32];

	*s = (struct sdp){0};
	if (!after(text, "v=0"))
		return -EBADMSG;
	while (*text) {
		char line[LINE_MAX_LEN];
		size_t n = strcspn(text, "\r\n");
		if (n >= sizeof(line))
			return -E2BIG;
		memcpy(line, text, n);
		line[n] = '\0';
		int ret = line_parse(s, line);
		if (ret < 0)
			return ret;
		text += n;
		text += strspn(text, "\r\n");
	}
	bool whole = s->media_count > 0 && s->ufrag[0] && s->pwd[0] && s->port != 0 &&
	             memcmp(s->fingerprint, none, sizeof(none)) != 0;
	return whole ? 0 : -EBADMSG;
}

// A text under construction; an overflow is detected at the end.
struct text {
	char *out;
	size_t size, len;
};

static void put(struct text *, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int n = vsnprintf(
	        t->len < t->size ? t->out + t->len : NULL, t->len < t->size ? t->size - t->len : 0,
	        format, args
	);
	va_end(args);
	t->len += (size_t)n;
}

static size_t text_end(const struct text *t)
{
	return t->len < t->size ? t->len : 0;
}

static void session_put(struct text *t)
{
	put(t, "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE");
}

// Writes the m= line and the transport's attributes, which each section repeats. A member is always
// the DTLS client.
static void media_put(
        struct text *t, const struct server_client *c, const struct sdp_media *m, const char *role
)
{
	put(t, "m=%s 9 UDP/TLS/RTP/SAVPF %u", m->video ? "video" : "audio", m->payload_type);
	if (m->rtx_payload_type)
		put(t, " %u", m->rtx_payload_type);
	put(t, "\r\nc=IN IP4 0.0.0.0\r\na=mid:%s\r\na=%s\r\na=rtcp-mux\r\na=setup:active\r\n",
	    m->mid, role);
	put(t, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:sha-256 ", c->ufrag, c->pwd);
	for (int i = 0; i < 32; i++)
		put(t, "%s%02X", i > 0 ? ":" : "", c->fingerprint[i]);
	put(t,
	    "\r\na=candidate:1 1 udp 2130706431 %u.%u.%u.%u %u typ host\r\n"
	    "a=end-of-candidates\r\n",
	    c->ip >> 24, c->ip >> 16 & 255, c->ip >> 8 & 255, c->ip & 255, c->port);
}

static void codec_put(struct text *t, const struct sdp_media *m)
{
	unsigned pt = m->payload_type, rtx = m->rtx_payload_type;

	if (!m->video) {
		put(t, "a=rtpmap:%u opus/48000/2\r\na=fmtp:%u useinbandfec=1\r\n", pt, pt);
		return;
	}
	put(t, "a=rtpmap:%u VP8/90000\r\n", pt);
	put(t, "a=rtcp-fb:%u nack\r\na=rtcp-fb:%u nack pli\r\na=rtcp-fb:%u ccm fir\r\n", pt, pt,
	    pt);
	if (rtx)
		put(t, "a=rtpmap:%u rtx/90000\r\na=fmtp:%u apt=%u\r\n", rtx, rtx, pt);
}

static struct sdp_media media_of(const struct server_track *track)
{
	struct sdp_media m = {
	        .video = track->video,
	        .payload_type = track->payload_type,
	        .rtx_payload_type = track->rtx_payload_type,
	        .ssrc = track->ssrc,
	        .rtx_ssrc = track->rtx_ssrc,
	};

	memcpy(m.mid, track->mid, sizeof(m.mid));
	return m;
}

// Writes the header extensions that speakers send.
static void extensions_put(struct text *t, const struct sdp_media *m)
{
	static const struct {
		uint8_t ext; // AM_EXT_…
		const char *uri;
	} known[] = {
	        {AM_EXT_MID, SDP_MID_URI},
	        {AM_EXT_ABS_SEND_TIME,
	         "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"},
	        {AM_EXT_TRANSPORT_CC,
	         "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"},
	        {AM_EXT_AUDIO_LEVEL, "urn:ietf:params:rtp-hdrext:ssrc-audio-level"},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].ext != AM_EXT_AUDIO_LEVEL || !m->video)
			put(t, "a=extmap:%u %s\r\n", server_extension_ids[known[i].ext],
			    known[i].uri);
	}
	put(t, "a=rtcp-fb:%u transport-cc\r\n", m->payload_type);
}

static void ssrcs_put(struct text *t, const struct sdp_media *m)
{
	if (m->rtx_ssrc)
		put(t, "a=ssrc-group:FID %" PRIu32 " %" PRIu32 "\r\n", m->ssrc, m->rtx_ssrc);
	put(t, "a=ssrc:%" PRIu32 " cname:" CNAME "\r\n", m->ssrc);
	if (m->rtx_ssrc)
		put(t, "a=ssrc:%" PRIu32 " cname:" CNAME "\r\n", m->rtx_ssrc);
}

size_t sdp_write_offer(const struct server_client *c, char *out, size_t size)
{
	struct text t = {out, size, 0};

	session_put(&t);
	for (uint16_t i = 0; i < c->track_count; i++)
		put(&t, " %s", c->tracks[i].mid);
	put(&t, "\r\n");
	for (uint16_t i = 0; i < c->track_count; i++) {
		const struct sdp_media m = media_of(&c->tracks[i]);
		media_put(&t, c, &m, "sendonly");
		codec_put(&t, &m);
		extensions_put(&t, &m);
		ssrcs_put(&t, &m);
	}
	return text_end(&t);
}

size_t
sdp_write_answer(const struct server_client *c, const struct sdp *offer, char *out, size_t size)
{
	struct text t = {out, size, 0};

	session_put(&t);
	for (uint16_t i = 0; i < offer->media_count; i++)
		put(&t, " %s", offer->media[i].mid);
	put(&t, "\r\n");
	for (uint16_t i = 0; i < offer->media_count; i++) {
		const struct sdp_media *m = &offer->media[i];
		media_put(&t, c, m, "recvonly");
		codec_put(&t, m);
		if (m->mid_id)
			put(&t, "a=extmap:%u " SDP_MID_URI "\r\n", m->mid_id);
	}
	return text_end(&t);
}
